"""From an event of the tapes to the facts it leads to: the one way the paper exchange's effects reach us.

The exchange sees a mark before we do. What we hear depends on the outage that may be on: the exchange trades
through it, the market stream does not. The stage of a replay and the player of a demonstration both go
through here, so that the same events are the same facts in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from bot.core.facts import BarClosed, FundingRate, MarkPrice, OpenInterest, Tick
from bot.core.types import PositionId, Symbol
from bot.lab.replay.agenda import Delivery, Event, Funding, ScheduledEvent, ScheduledOpening, Silence
from bot.lab.replay.ears import Ears
from bot.venues.paper.events import befall
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.model import PaperError
from bot.venues.port import Batch


class OpeningError(Exception):
    """A scheduled position that cannot be: ``id`` says which, the text why."""

    def __init__(self, id_: PositionId, why: str) -> None:
        """Name the position."""
        super().__init__(why)
        self.id = id_


def _announcing(at_ms: int, batches: Sequence[Batch], settled: Sequence[Funding]) -> Sequence[Batch]:
    """What came of a settlement, and when the next one is where that is told."""
    told = tuple(
        FundingRate(at_ms=at_ms, symbol=each.symbol, rate=each.rate, next_ms=each.next_ms)
        for each in settled
        if each.next_ms is not None
    )
    if not told:
        return batches
    return [(*told, *batches[0]), *batches[1:]] if batches else (told,)


class Effects:
    """Plays events on a paper exchange and says what is heard of them, one batch for each event there."""

    __slots__ = ("ears", "exchange")

    def __init__(self, exchange: PaperExchange) -> None:
        """Hear everything ``exchange`` does, until an outage."""
        self.exchange = exchange
        self.ears = Ears()

    @property
    def deaf(self) -> bool:
        """Whether marks are not heard now."""
        return self.ears.deaf

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> Sequence[Batch]:
        """New prices; empty where the exchange did nothing, and the mark is all there is to hear."""
        return self.marked(at_ms, symbol, mark, self.exchange.move(at_ms, symbol, mark, last, gap=gap))

    def marked(self, at_ms: int, symbol: Symbol, mark: Decimal, batches: Sequence[Batch]) -> Sequence[Batch]:
        """What is heard of new prices and of what they did at the exchange."""
        if not batches or self.ears.deaf:
            return batches
        # The engine must judge the event at the price it happened at.
        first: Batch = (MarkPrice(at_ms=at_ms, symbol=symbol, price=mark), *batches[0])
        return [first, *batches[1:]]

    def of(self, at_ms: int, events: Sequence[Event]) -> Sequence[Batch]:
        """One event that is not a price, in as many parts as symbols take part in it.

        OpeningError for a position that cannot be.
        """
        match events[0]:
            case BarClosed():
                heard = self.ears.bars(cast("Sequence[BarClosed]", events))
                return (heard,) if heard else ()
            case OpenInterest() as told:
                return () if self.ears.deaf else ((told,),)
            case Funding(symbol, rate):
                settled = cast("Sequence[Funding]", events)
                others = [(each.symbol, each.rate) for each in settled[1:]]
                return _announcing(at_ms, self.exchange.settle_funding(at_ms, symbol, rate, *others), settled)
            case Delivery(symbol=symbol, price=price):
                return self.exchange.deliver(at_ms, symbol, price)
            case ScheduledOpening() as scheduled:
                return self._opened(at_ms, scheduled)
            case ScheduledEvent(event=event):
                return [self.ears.hear(batch) for batch in befall(self.exchange, at_ms, event)]
            case Silence():
                return ((Tick(at_ms=at_ms),),)

    def _opened(self, at_ms: int, scheduled: ScheduledOpening) -> Sequence[Batch]:
        id_ = scheduled.opening.id
        if scheduled.when_flat and self.exchange.holds(id_):
            return ()
        try:
            return self.exchange.open(at_ms, scheduled.opening)
        except PaperError as error:
            raise OpeningError(id_, str(error)) from error
