"""A stage and engines that are watched while they play: what must hold whichever way a plan is played.

- Events come in their order: at one instant closing bars, shortest first, then ends and beginnings of
  outages, funding, deliveries, marks, openings, what else befalls the market, ticks, executions.
- After each event the exchange owes nothing: no resting order is met, no pool is beyond its requirement.
- Whoever is asked sees what the exchange has, unless it is out: marks, positions, orders and balance.
- What is let through for its balance the exchange does not refuse for want of it.
"""

from collections.abc import Sequence
from decimal import Decimal

from bot.core.accounts.book import Holder
from bot.core.danger.conditions import Events
from bot.core.decisions import Action, Decision
from bot.core.engine import Engine
from bot.core.facts import BarClosed, Outcome, OutcomeKind
from bot.core.intents import AddMargin
from bot.core.margin.assess import assess
from bot.core.types import MarginMode, PositionId, Symbol
from bot.lab.replay.agenda import Delivery, Event, Funding, ScheduledEvent, ScheduledOpening
from bot.lab.replay.oracle import AlwaysAsking
from bot.lab.replay.stage import Stage
from bot.venues.paper.books import CrossKey, PoolKey, marks_of
from bot.venues.paper.events import Connection
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.matching import level_of
from bot.venues.port import Batch

_MARK, _EXECUTION = (3, 0), (7, 0)


class _Watched(Engine):
    """An engine that compares what it knows with the exchange whenever it asks."""

    venue: PaperExchange | None = None
    several: bool = False
    """Whether the exchange is ahead by an event of the same move that has not been told yet."""

    def _ask(self, holder: Holder, events: Events, at_ms: int) -> Sequence[Decision]:
        if self.venue is not None and not self.several and self.venue._books.outages._present is None:
            self._compare(holder, self.venue)
        return super()._ask(holder, events, at_ms)

    def _compare(self, holder: Holder, venue: PaperExchange) -> None:
        books, id_ = venue._books, holder.id
        quote = books.quotes[id_.symbol]
        assert self._marks.get(id_.symbol, quote.mark) == quote.mark, f"{id_}: another mark than the exchange"
        assert holder.position == books.position(id_), f"{id_}: another position than the exchange"
        assert holder.orders == books.orders(id_), f"{id_}: other orders than the exchange"
        for currency in books.accounts[id_.account].wallets:
            known = self._books.accounts[id_.account].wallet(currency).amount
            backing = books.backing(CrossKey(id_.account, currency))
            assert known == backing, f"{id_}: another balance than the exchange"


class WatchedEngine(_Watched):
    """The engine under test."""


class WatchedOracle(_Watched, AlwaysAsking):
    """The oracle."""


class WatchedStage(Stage):
    """A stage that checks order and books after every event."""

    marks = 0
    _last: tuple[int, tuple[int, int]] = (-1, (0, 0))

    def begin(self, at_ms: int) -> None:
        if isinstance(self.engine, _Watched):
            self.engine.venue = self.exchange
        super().begin(at_ms)

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> bool:
        self._in_order(at_ms, _MARK)
        self.marks += 1
        spoke = super().mark(at_ms, symbol, mark, last, gap=gap)
        self._nothing_owed(symbol)
        return spoke

    def play(self, at_ms: int, events: Sequence[Event]) -> None:
        match events[0]:
            case BarClosed(timeframe_ms=timeframe_ms):
                rank = (0, timeframe_ms)
            case ScheduledEvent(event=Connection()):
                rank = (1, 0)
            case Funding():
                rank = (2, 0)
            case Delivery():
                rank = (2, 1)
            case ScheduledOpening():
                rank = (4, 0)
            case ScheduledEvent():
                rank = (5, 0)
            case _:
                rank = (6, 0)
        self._in_order(at_ms, rank)
        super().play(at_ms, events)

    def execute_due(self) -> None:
        super().execute_due()
        self._in_order(self.now_ms, _EXECUTION)

    def _fold(self, batches: Sequence[Batch]) -> None:
        if isinstance(self.engine, _Watched):
            self.engine.several = len(batches) > 1
        super()._fold(batches)

    def _executed(self, action: Action) -> Sequence[Batch]:
        batches = super()._executed(action)
        if isinstance(action.intent, AddMargin) and not self._has_cross(action.id):
            for fact in batches[0]:
                if isinstance(fact, Outcome) and fact.kind is OutcomeKind.REJECTED:
                    assert "free" not in fact.proof, f"{action.id}: let through unpaid: {fact.proof}"
        return batches

    def _has_cross(self, id_: PositionId) -> bool:
        positions = self.exchange._books.accounts[id_.account].positions.values()
        return any(p.mode is MarginMode.CROSS for p in positions)

    def _in_order(self, at_ms: int, rank: tuple[int, int]) -> None:
        # A mark that a jump skipped and makes up for before the next event carries its own, earlier time.
        here = (at_ms, rank)
        assert here >= self._last, f"{here} after {self._last}"
        self._last = here

    def _nothing_owed(self, symbol: Symbol) -> None:
        books = self.exchange._books
        quote = books.quotes[symbol]
        for account in books.accounts.values():
            for order in account.orders.values():
                if order.id.symbol == symbol:
                    met = level_of(order).met(quote.mark, quote.last)
                    assert not met, f"{order.client_id} was met at {quote.mark} and still rests"
            crosses = [CrossKey(account.name, currency) for currency in account.wallets]
            keys: tuple[PoolKey, ...] = (*crosses, *account.positions)
            for key in keys:
                pool = books.pool(key)
                if pool is not None and any(h.position.id.symbol == symbol for h in pool.holdings):
                    stands = assess(pool, marks_of(books, pool))
                    assert not stands.liquidatable, f"{key} should be liquidated at {quote.mark}"
