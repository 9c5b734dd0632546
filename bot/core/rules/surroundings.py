"""What is around a position, as a rule sees it: its market beside the mark, and what was done before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.danger.chance import distance_where, p_liquidation
from bot.core.danger.situation import Situation
from bot.core.facts import BarClosed, Book
from bot.core.margin.arithmetic import break_even
from bot.core.margin.project import margin_at_leverage
from bot.core.markets.funding import Funding
from bot.core.markets.indicators import Atr, Indicator
from bot.core.markets.returns import Returns, Together
from bot.core.rules.covering import hedgeable_in
from bot.core.structure import Structure, Zones
from bot.core.types import MarginMode, PositionId, Symbol

if TYPE_CHECKING:
    from bot.core.accounts.memory import Memory
    from bot.core.contracts import Contract
    from bot.core.held.exposure import JointLoss
    from bot.core.rules.delta import Delta


class Surroundings:
    """The part of a view that is not about the position itself."""

    __slots__ = ("_memory", "_situation")

    _situation: Situation
    _memory: Memory | None

    def atr(self, range_: Atr) -> Decimal | None:
        """Average true range in price; ``None`` while history is too short.

        Of a need that was declared: a rule that asks for another raises, and is parked.
        """
        situation = self._situation
        return situation.market.value(situation.id.symbol, range_)

    def indicator(self, spec: Indicator) -> Decimal | None:
        """An indicator the rule declared it needs; ``None`` while history is too short."""
        return self._situation.market.value(self._situation.id.symbol, spec)

    def zones(self, spec: Structure) -> Zones | None:
        """Where the market has been and turned before, of a need the rule declared; ``None`` as above."""
        return self._situation.market.zones(self._situation.id.symbol, spec)

    @property
    def break_even(self) -> Decimal | None:
        """The price at which the position gets back its fees, both ways, and the funding it has paid.

        Per unit of what is still held. ``None`` where it has received more than it can lose.
        """
        s = self._situation
        each = self.memory.lot.funding_each
        return break_even(s.position, s.contract, taker_fee=s.taker_fee, funding=each)

    @property
    def risked(self) -> Decimal | None:
        """From the entry to the stop the lot began with, in price: one R. ``None`` if there was none.

        A stop that the asking rule has placed itself says nothing of what somebody wanted to risk.
        """
        memory, position = self.memory, self._situation.position
        lot = memory.lot
        if lot.first_stop is None or memory.placed_first_stop:
            return None
        risked = position.id.side.sign * (position.entry - lot.first_stop)
        return risked if risked > 0 else None

    @property
    def memory(self) -> Memory:
        """What was done and seen before."""
        assert self._memory is not None, f"{self._situation.id}: nobody remembers anything here"
        return self._memory

    @property
    def book(self) -> Book | None:
        """The top of the order book as last told; ``None`` until then, or if no rule declared it."""
        return self._situation.market.books.get(self._situation.id.symbol)

    @property
    def funding(self) -> Funding | None:
        """The next settlement as last told; ``None`` until then, or if no rule declared it."""
        return self._situation.market.funding.get(self._situation.id.symbol)

    def p_liquidation(self, horizon_ms: int) -> Decimal | None:
        """The probability of liquidation within ``horizon_ms``, from 0 to 1 (``bot.core.danger.chance``).

        Of a need the rule declared, ``Passage(horizon_ms)``; with ``Needs.funding`` what has to be paid
        brings liquidation nearer. ``None`` while history is too short.
        """
        return p_liquidation(self._situation, horizon_ms)

    def distance_where(self, probability: Decimal, horizon_ms: int) -> Decimal | None:
        """The distance nearer than which liquidation is likelier than ``probability``, for a wake.

        Wait for the bars of ``Passage(horizon_ms)`` too, which move it. ``None`` while history is too short.
        """
        return distance_where(self._situation, probability, horizon_ms)

    @property
    def own_margin(self) -> Decimal:
        """Margin of the position: its own where it is isolated, in cross what its leverage asks at entry."""
        position = self._situation.position
        if position.mode is MarginMode.ISOLATED:
            return position.margin
        return margin_at_leverage(position, self._situation.contract, position.leverage)

    @property
    def open_interest(self) -> Decimal | None:
        """Open interest in base currency as last told; ``None`` until then, or if no rule declared it."""
        return self._situation.market.interest.get(self._situation.id.symbol)

    def open_interest_change(self, window_ms: int) -> Decimal | None:
        """How much more open interest there is than so long ago, as a fraction; ``None`` if nobody knows."""
        return self._situation.market.interests.change(self._situation.id.symbol, window_ms)

    def exits(self, *, pool: bool, everywhere: bool = False) -> tuple[PositionId, ...]:
        """The positions that nothing closes yet, most risk relieved per cost first (``bot.core.held.exits``).

        Of this pool, or of all in the account that settle in this currency: then with ``Needs.equity``; or of
        those in all accounts, with ``Needs.everywhere``.
        """
        s = self._situation
        return self.memory.exits(s.now_ms, pool=pool, everywhere=everywhere, taker_fee=s.taker_fee)

    def joint_losses(
        self, move: Callable[[Contract], Decimal | None], *, everywhere: bool = False
    ) -> tuple[JointLoss, ...]:
        """What each position in this currency loses when its mark moves by the fraction ``move`` gives.

        ``None`` leaves a contract out. For the other positions' marks, with ``Needs.equity``; for those of
        all accounts, with ``Needs.everywhere``.
        """
        return self.memory.joint_losses(move, everywhere=everywhere)

    def deltas(self, *, spot: bool = False) -> tuple[Delta, ...] | None:
        """What each position in this currency is worth, signed (``rules.delta``); with ``Needs.equity``.

        ``None`` while a mark is missing or a trade of ours is on its way. With ``spot`` coins that are held
        outright count too, with ``Needs.spot_balances``; ``None`` until they were told.
        """
        return self.memory.deltas(spot=spot)

    @property
    def spot(self) -> Mapping[str, Decimal] | None:
        """The coins held outright, by asset, with ``Needs.spot_balances``; ``None`` until they were told."""
        return self.memory.spot

    def hedgeable(self, *others: Symbol) -> tuple[Contract, ...]:
        """All that the position could ever be hedged in, whatever holds now; as ``View.hedge_markets``."""
        return tuple(hedgeable_in(self._situation, others))

    def together(self, symbol: Symbol, other: Symbol, spec: Returns) -> Together | None:
        """How one coin moves with another, of a need that was declared; ``None`` while history is too short.

        Bars come of what is held (``memory.held``) and of ``Needs.beside``.
        """
        return self._situation.market.together(symbol, other, spec)

    def bar(self, timeframe_ms: int) -> BarClosed | None:
        """The last closed bar; ``None`` before the first.

        Of a timeframe that was declared: a rule that asks for another raises, and is parked.
        """
        situation = self._situation
        return situation.market.last_bar(situation.id.symbol, timeframe_ms)
