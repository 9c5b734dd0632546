"""What an account could lose at worst when all its marks move together: the yardstick of hedges.

A hedge is judged by the whole account, for the guarded position alone looks no safer: an isolated one is
liquidated where it was before, although the hedge earns, and in cross the hedge's own requirement counts
against the account. A pool that is liquidated under a shock is worth nothing after it.

What one position adds to a joint move that somebody names is ``loss_of``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.assess import assess
from bot.core.margin.booking import closing
from bot.core.margin.pool import Holding, Marks, Pool
from bot.core.types import ONE, ZERO, MarginMode, PositionId, Symbol

MOVES = tuple(map(Decimal, ("-0.5", "-0.3", "-0.2", "-0.1", "-0.05", "0.05", "0.1", "0.2", "0.3")))
"""Joint moves of all marks, as fractions. Half is what the worst day of a large coin took (2020-03-12)."""
BASES = tuple(map(Decimal, ("-0.05", "0", "0.05")))
"""What dated contracts do beside it, as a fraction of their price: a basis gives way by about this much in
one fall (2022-11-09), and in March 2020 by more."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """All that is held in one settlement currency: the wallet with its cross positions, and the isolated."""

    shared: Pool
    isolated: tuple[Pool, ...]

    def with_hedge(self, hedge: Holding, cost: Decimal) -> Exposure:
        """As it would be with ``hedge`` held as given, ``cost`` (fees) paid for it from the shared wallet."""
        position = hedge.position
        before = [h.position.margin for pool in self.isolated for h in pool.holdings if _is(h, position.id)]
        drawn = position.margin - sum(before, ZERO)
        shared = tuple(h for h in self.shared.holdings if not _is(h, position.id))
        isolated = tuple(pool for pool in self.isolated if not _is(pool.holdings[0], position.id))
        if position.mode is MarginMode.CROSS:
            shared = (*shared, hedge)
        else:
            isolated = (*isolated, Pool(MarginMode.ISOLATED, position.margin, (hedge,)))
        return Exposure(Pool(MarginMode.CROSS, self.shared.wallet - cost - drawn, shared), isolated)

    def without(self, id_: PositionId, marks: Marks) -> Exposure:
        """As it would be with a position closed at its mark for nothing."""
        price = marks[id_.symbol]
        for pool in self.isolated:
            if _is(pool.holdings[0], id_):
                back = closing(pool, id_, pool.holdings[0].position.quantity, price, taker_fee=ZERO).to_wallet
                shared = Pool(MarginMode.CROSS, self.shared.wallet + back, self.shared.holdings)
                return Exposure(shared, tuple(other for other in self.isolated if other is not pool))
        whole = self.shared.holding(id_).position.quantity
        return Exposure(closing(self.shared, id_, whole, price, taker_fee=ZERO).pool, self.isolated)

    @property
    def symbols(self) -> set[Symbol]:
        """What is held."""
        return {h.position.id.symbol for pool in (self.shared, *self.isolated) for h in pool.holdings}

    def equity(self, marks: Marks) -> Decimal:
        """What is left at ``marks``: nothing of a pool that is liquidated there."""
        return _left((self.shared, *self.isolated), marks)

    def worst_loss(self, now: Decimal, marks: Marks, contracts: Mapping[Symbol, Contract]) -> Decimal:
        """The most that a joint shock takes of ``now``, in settlement currency."""
        return now - min(self._after_shocks(marks, contracts))

    def _after_shocks(self, marks: Marks, contracts: Mapping[Symbol, Contract]) -> Iterator[Decimal]:
        """What is left after each of them. Pools without dated contracts do not see what their basis does."""
        dated = {s for s in marks if s in contracts and contracts[s].expiry_ms is not None}
        dry: list[Pool] = []
        based: list[Pool] = []
        for pool in (self.shared, *self.isolated):
            (dry if dated.isdisjoint(h.position.id.symbol for h in pool.holdings) else based).append(pool)
        for move in MOVES:
            moved = {symbol: mark * (ONE + move) for symbol, mark in marks.items()}
            beside = _left(dry, moved)
            for basis in BASES if based else (ZERO,):
                moved |= {symbol: marks[symbol] * (ONE + move) * (ONE + basis) for symbol in dated}
                yield beside + _left(based, moved)


class JointLoss(NamedTuple):
    """What one position of several loses when all their marks move together."""

    id: PositionId
    money: Decimal
    """In settlement currency; below 0 it gains."""
    watched: bool
    """Whether the rule that asks looks at the position too."""


def loss_of(holding: Holding, mark: Decimal, move: Decimal) -> Decimal:
    """What a position loses (negative: gains) when its mark goes ``move`` away, a fraction.

    An isolated one that is liquidated there loses all that is left of it, and nothing more. A cross position
    is counted as if it could always be held.
    """
    position, contract = holding.position, holding.contract
    shocked = mark * (ONE + move)
    now = unrealised(position, contract, mark)
    if position.mode is MarginMode.ISOLATED:
        pool = Pool(MarginMode.ISOLATED, position.margin, (holding,))
        if assess(pool, {position.id.symbol: shocked}).liquidatable:
            return max(ZERO, position.margin + now)
    return now - unrealised(position, contract, shocked)


def _left(pools: Iterable[Pool], marks: Marks) -> Decimal:
    """What is left of pools at ``marks``: nothing of one that is liquidated there."""
    left = ZERO
    for pool in pools:
        stands = assess(pool, marks)
        left += ZERO if stands.liquidatable else stands.equity
    return left


def _is(holding: Holding, id_: PositionId) -> bool:
    return holding.position.id == id_
