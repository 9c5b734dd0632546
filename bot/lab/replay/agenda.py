"""What happens in a replay beside prices: closing bars, funding, deliveries, openings, events, gaps.

Order at one instant: bar closes (shortest timeframe first), ends and beginnings of outages, funding (at the
last mark), delivery, the mark, scheduled openings, what else befalls the market, ticks. One integer key, time
and rank together, says it all, so that playing is comparing integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum
from itertools import pairwise, repeat
from operator import itemgetter

from bot.config.befalling import NOTHING, Befalling
from bot.core.facts import BarClosed, Link
from bot.core.types import Symbol
from bot.lab.tapes import Tape, aggregate, gaps, tick_prices
from bot.venues.paper.events import Connection, ScheduledEvent, ScheduledFunding
from bot.venues.paper.model import Opening
from bot.venues.paper.outage import Outage


class Rank(IntEnum):
    """Place among the events of one millisecond."""

    BAR = 0
    LINK = 1
    FUNDING = 2
    DELIVERY = 3
    MARK = 4
    OPENING = 5
    VENUE = 6
    TICK = 7
    EXECUTION = 8


RANKS = 16


def key_of(at_ms: int, rank: Rank) -> int:
    """Time and rank as one comparable integer."""
    return at_ms * RANKS + rank


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledOpening:
    """A position that appears after the first mark at or after ``at_ms``.

    ``when_flat`` lets it be skipped while a position in that symbol and account is open.
    """

    at_ms: int
    opening: Opening
    when_flat: bool = False


@dataclass(frozen=True, slots=True)
class Funding:
    """A settlement of ``rate`` in one symbol; ``next_ms`` is when the one after it is, where that is told."""

    symbol: Symbol
    rate: Decimal
    next_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A dated future expires at ``expiry_ms`` and is settled at ``price``, the mean of its index."""

    symbol: Symbol
    expiry_ms: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Silence:
    """A bar that should have been there and is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What happens at given times: openings, deliveries, and what befalls the market."""

    openings: Sequence[ScheduledOpening] = ()
    deliveries: Sequence[Delivery] = ()
    befalling: Befalling = NOTHING


Event = BarClosed | Funding | Delivery | ScheduledOpening | ScheduledEvent | Silence


def one_event(first: Event, other: Event) -> bool:
    """Whether two things that happen at one instant are one event."""
    if isinstance(first, BarClosed):
        return isinstance(other, BarClosed) and first.timeframe_ms == other.timeframe_ms
    return isinstance(first, Funding) and isinstance(other, Funding)


@dataclass(frozen=True, slots=True)
class Agenda:
    """All events beside prices, in order: ``keys`` and ``events`` run side by side."""

    keys: Sequence[int]
    events: Sequence[Event]


def agenda(
    tapes: Iterable[tuple[Tape, Tape | None]],
    timeframes_ms: Iterable[int],
    schedule: Schedule,
    *,
    announced: bool = False,
) -> Agenda:
    """Write down what happens beside the prices of ``tapes`` (traded, funding), until the last of them ends.

    TapeError where a timeframe cannot be made of a tape. ``announced``: with every settlement it is told when
    the next one is, as venues do, and its rate for the next, because a better forecast is not on the tape.
    """
    dated: list[tuple[int, int, str, Event]] = []
    frames = sorted(timeframes_ms)
    played = tuple(tapes)
    for traded, funding in played:
        symbol = Symbol(traded.symbol)
        for timeframe_ms in frames:
            dated.extend(_closing_bars(traded, symbol, timeframe_ms))
        if funding is not None:
            recorded = _funding(traded, funding, symbol, schedule.befalling.funding)
            dated.extend(_announced(recorded) if announced else recorded)
        for gap in gaps(traded):
            missing = range(gap.start_ms, gap.end_ms, traded.interval_ms)
            dated += [(key_of(at_ms, Rank.TICK), 0, symbol, Silence()) for at_ms in missing]
    for scheduled in schedule.openings:
        symbol = scheduled.opening.id.symbol
        dated.append((key_of(scheduled.at_ms, Rank.OPENING), 0, symbol, scheduled))
    for delivery in schedule.deliveries:
        dated.append((key_of(delivery.expiry_ms, Rank.DELIVERY), 0, delivery.symbol, delivery))
    dated += [(key_of(each.at_ms, Rank.VENUE), 0, "", each) for each in schedule.befalling.events]
    for each in schedule.befalling.funding:
        settled = Funding(each.symbol, each.rate)
        staged: list[tuple[int, int, str, Event]] = [
            (key_of(at_ms, Rank.FUNDING), 0, each.symbol, settled) for at_ms in each.times()
        ]
        dated.extend(_announced(staged) if announced else staged)
    interval_ms = min((traded.interval_ms for traded, _ in played), default=0)
    for outage in schedule.befalling.outages:
        dated.extend(_outage(outage, interval_ms))
    dated.sort(key=itemgetter(0, 1, 2))
    return Agenda([item[0] for item in dated], [item[3] for item in dated])


def _closing_bars(traded: Tape, symbol: Symbol, timeframe_ms: int) -> Iterable[tuple[int, int, str, Event]]:
    made = aggregate(traded, timeframe_ms)
    times = made.close_time_ms.tolist()
    columns = (tick_prices(each, made.exponent) for each in (made.open, made.high, made.low, made.close))
    bars = map(BarClosed, times, repeat(symbol), repeat(timeframe_ms), *columns)
    keys = (made.close_time_ms * RANKS + int(Rank.BAR)).tolist()
    return zip(keys, repeat(timeframe_ms), repeat(symbol), bars, strict=False)  # Both repeat for ever.


def _outage(outage: Outage, interval_ms: int) -> Iterable[tuple[int, int, str, Event]]:
    """Its beginning and its end, and the passing of time while no mark comes in."""
    for at_ms in (outage.start_ms, outage.end_ms):
        yield key_of(at_ms, Rank.LINK), 0, "", ScheduledEvent(at_ms=at_ms, event=Connection())
    if Link.MARKET in outage.links:
        for at_ms in range(outage.start_ms, outage.end_ms, interval_ms):
            yield key_of(at_ms, Rank.TICK), 0, "", Silence()


def _announced(settled: Iterable[tuple[int, int, str, Event]]) -> Iterable[tuple[int, int, str, Event]]:
    """The settlements, each with the time of the one after it."""
    for this, after in pairwise((*settled, None)):
        assert this is not None, "the end comes last"
        key, rank, symbol, event = this
        if after is not None and isinstance(event, Funding):
            event = replace(event, next_ms=after[0] // RANKS)
        yield key, rank, symbol, event


def _funding(
    traded: Tape, funding: Tape, symbol: Symbol, instead: Sequence[ScheduledFunding]
) -> Iterable[tuple[int, int, str, Event]]:
    first_ms = int(traded.times[0])
    last_ms = int(traded.times[-1]) + traded.interval_ms
    assert funding.rates is not None, f"{funding.path}: a funding tape without rates"
    for at_ms, rate in zip(funding.times.tolist(), funding.rates, strict=True):
        if first_ms < at_ms < last_ms and not any(each.covers(symbol, at_ms) for each in instead):
            yield key_of(at_ms, Rank.FUNDING), 0, symbol, Funding(symbol, rate)


__all__ = [
    "Agenda",
    "Delivery",
    "Event",
    "Funding",
    "Rank",
    "Schedule",
    "ScheduledEvent",
    "ScheduledFunding",
    "ScheduledOpening",
    "Silence",
    "agenda",
    "key_of",
    "one_event",
]
