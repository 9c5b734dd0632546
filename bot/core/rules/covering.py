"""Where a position may be hedged, and how much of it has nothing against it yet.

In the coin of the position itself a hedge is at most as large as the position. A perpetual of another coin
may stand against it as well, where both settle alike: then it is worth no more than the position is. How far
the one goes with the other is a question of who asks for it; the guard sees to it that it is never too much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.danger.situation import Situation
from bot.core.held.pairs import Leg, same_coin
from bot.core.types import ONE, ZERO, Symbol

LEAST_LIFE_MS = 2 * 60 * 60_000
"""A contract that is delivered sooner is no hedge any more."""


class HedgeMarket(NamedTuple):
    """A contract the position may be hedged in now."""

    contract: Contract
    mark: Decimal
    depth: Decimal
    """Money that rests on the side a hedge would take, as last told; 0 where nobody told."""
    room: Decimal
    """The most of it that the position is large enough for."""
    fair: Decimal
    """The price it is judged by: on the position's own coin the position's mark, else its own."""


def may_hedge(contract: Contract, guarded: Contract) -> bool:
    """Whether a position may be hedged in ``contract``: on its own coin, or a perpetual that settles alike.

    On another coin none that is delivered: what is rolled follows its own coin.
    """
    if contract.kind is not guarded.kind or contract.settlement != guarded.settlement:
        return False
    return contract.index == guarded.index or contract.expiry_ms is None


def hedgeable_in(situation: Situation, others: Collection[Symbol]) -> Iterator[Contract]:
    """The contracts that the position may be hedged in: on its own coin beside its own, and of ``others``."""
    for contract in situation.market.beside(situation.contract.index, others):
        if contract.symbol != situation.id.symbol and may_hedge(contract, situation.contract):
            yield contract


def hedge_market(contract: Contract, situation: Situation) -> HedgeMarket | None:
    """What a contract is as a hedge of the position; ``None`` before its first mark."""
    market = situation.market
    mark, book = market.marks.get(contract.symbol), market.books.get(contract.symbol)
    if mark is None:
        return None
    sells = situation.id.side.sign > 0
    depth = ZERO if book is None else book.bid_depth if sells else book.ask_depth
    fair = situation.mark if contract.index == situation.contract.index else mark
    return HedgeMarket(contract, mark, depth, uncovered(contract, mark, situation), fair)


def uncovered(contract: Contract, price: Decimal, situation: Situation) -> Decimal:
    """The most of ``contract`` that still has something to stand against, at its ``price``."""
    position, pair, marks = situation.position, situation.pair, situation.marks
    unit = situation.contract.notional(ONE, situation.mark)
    left = position.quantity - pair.hedged(position)
    for leg in pair.legs:
        if not leg.of_its_coin(position.id):
            left -= leg.contract.notional(leg.quantity, marks.get(leg.symbol, leg.position.entry)) / unit
    left += sum((leg.quantity for leg in giving_way(contract, situation)), ZERO)
    return left if contract.index == situation.contract.index else left * unit / contract.notional(ONE, price)


def giving_way(contract: Contract, situation: Situation) -> list[Leg]:
    """The hedges that one in ``contract`` takes over from: those delivered before it go as it comes."""
    ends_ms = contract.expiry_ms
    return [
        leg
        for leg in situation.pair.legs
        if leg.expiry_ms is not None and (ends_ms is None or leg.expiry_ms < ends_ms)
        if same_coin(leg.symbol, contract.symbol)
    ]
