"""What happens in a replay beside prices: closing bars, funding, deliveries, openings, events, gaps.

Order at one instant: open interest, bar closes (shortest timeframe first), ends and beginnings of outages,
funding (at the last mark), delivery, the mark, scheduled openings, what else befalls the market, ticks. One
integer key, time and rank together, says it all, so that playing is comparing integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum
from itertools import chain, repeat, zip_longest
from operator import attrgetter, itemgetter

from bot.config.befalling import NOTHING, Befalling
from bot.core.facts import BarClosed, Link, OpenInterest
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


Event = BarClosed | OpenInterest | Funding | Delivery | ScheduledOpening | ScheduledEvent | Silence


Parts = tuple[Event, ...]
"""One event. The bars of a timeframe close together, funding is settled together: a part for each symbol."""

Dated = tuple[int, int, str, Parts]
"""When one happens (``key_of``), and what decides between those of one instant: a timeframe, a symbol."""

Settled = list[tuple[int, Funding]]
"""The settlements of one symbol, each with its time."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """All events beside prices, in order: ``keys`` and ``events`` run side by side."""

    keys: Sequence[int]
    events: Sequence[Parts]


def agenda(
    tapes: Iterable[tuple[Tape, Tape | None]],
    timeframes_ms: Iterable[int],
    schedule: Schedule,
    *,
    announced: bool = False,
    volumes: bool = False,
    interest: Iterable[Tape] = (),
) -> Agenda:
    """Write down what happens beside the prices of ``tapes`` (traded, funding), until the last of them ends.

    TapeError where a timeframe cannot be made of a tape. ``announced``: with every settlement it is told when
    the next one is, as venues do, and its rate for the next, because a better forecast is not on the tape.
    ``volumes``: bars tell what was traded, where the tape holds it. ``interest`` are tapes of open interest.
    """
    played = sorted(tapes, key=lambda each: each[0].symbol)
    dated: list[Dated] = []
    for timeframe_ms in sorted(timeframes_ms):
        dated.extend(_closing_bars(played, timeframe_ms, volumes=volumes))
    dated.extend(_funding(played, schedule.befalling.funding, announced=announced))
    dated.extend(_interest(played, interest))
    for traded, _ in played:
        for gap in gaps(traded):
            missing = range(gap.start_ms, gap.end_ms, traded.interval_ms)
            dated += [(key_of(at_ms, Rank.TICK), 0, traded.symbol, (Silence(),)) for at_ms in missing]
    for scheduled in schedule.openings:
        symbol = scheduled.opening.id.symbol
        dated.append((key_of(scheduled.at_ms, Rank.OPENING), 0, symbol, (scheduled,)))
    for delivery in schedule.deliveries:
        dated.append((key_of(delivery.expiry_ms, Rank.DELIVERY), 0, delivery.symbol, (delivery,)))
    dated += [(key_of(each.at_ms, Rank.VENUE), 0, "", (each,)) for each in schedule.befalling.events]
    interval_ms = min((traded.interval_ms for traded, _ in played), default=0)
    for outage in schedule.befalling.outages:
        dated.extend(_outage(outage, interval_ms))
    dated.sort(key=itemgetter(0, 1, 2))
    return Agenda([item[0] for item in dated], [item[3] for item in dated])


def _closing_bars(
    played: Sequence[tuple[Tape, Tape | None]], timeframe_ms: int, *, volumes: bool
) -> Iterator[Dated]:
    """The bars of one timeframe, those of all symbols that close at one time together."""
    closing = [_bars_of(traded, timeframe_ms, volumes=volumes) for traded, _ in played]
    if len(closing) == 1:
        for key, bar in closing[0]:
            yield key, timeframe_ms, "", (bar,)
        return
    together: dict[int, list[BarClosed]] = {}
    for key, bar in chain.from_iterable(closing):
        together.setdefault(key, []).append(bar)
    for key, bars in together.items():
        yield key, timeframe_ms, "", tuple(bars)


def _bars_of(traded: Tape, timeframe_ms: int, *, volumes: bool) -> Iterator[tuple[int, BarClosed]]:
    """The bars of one symbol, each with the key of its end."""
    made = aggregate(traded, timeframe_ms, volumes=volumes)
    prices = (made.open, made.high, made.low, made.close)
    columns: list[Iterable[Decimal]] = [tick_prices(each, made.exponent) for each in prices]
    if made.volume is not None:
        columns.append([Decimal(f"{each:.8g}") for each in made.volume.tolist()])
    times, symbol = made.close_time_ms.tolist(), Symbol(traded.symbol)
    keys = (made.close_time_ms * RANKS + int(Rank.BAR)).tolist()
    return zip(keys, map(BarClosed, times, repeat(symbol), repeat(timeframe_ms), *columns), strict=True)


def _interest(played: Sequence[tuple[Tape, Tape | None]], tapes: Iterable[Tape]) -> Iterator[Dated]:
    """What the tapes tell of open interest while prices are played."""
    first_ms = min((int(traded.times[0]) for traded, _ in played), default=0)
    last_ms = max((int(traded.times[-1]) + traded.interval_ms for traded, _ in played), default=0)
    for tape in tapes:
        symbol = Symbol(tape.symbol)
        for at_ms, quantity in zip(tape.times.tolist(), tape.interest, strict=True):
            if first_ms <= at_ms < last_ms:
                told = OpenInterest(at_ms=at_ms, symbol=symbol, quantity=quantity)
                yield key_of(at_ms, Rank.BAR), 0, symbol, (told,)


def _outage(outage: Outage, interval_ms: int) -> Iterator[Dated]:
    """Its beginning and its end, and the passing of time while no mark comes in."""
    for at_ms in (outage.start_ms, outage.end_ms):
        yield key_of(at_ms, Rank.LINK), 0, "", (ScheduledEvent(at_ms=at_ms, event=Connection()),)
    if Link.MARKET in outage.links:
        for at_ms in range(outage.start_ms, outage.end_ms, interval_ms):
            yield key_of(at_ms, Rank.TICK), 0, "", (Silence(),)


def _funding(
    played: Sequence[tuple[Tape, Tape | None]], instead: Sequence[ScheduledFunding], *, announced: bool
) -> Iterator[Dated]:
    """What the tapes settle while prices are played, and what is settled ``instead``."""
    series = [_recorded(traded, funding, instead) for traded, funding in played if funding is not None]
    series += [[(at_ms, Funding(each.symbol, each.rate)) for at_ms in each.times()] for each in instead]
    settling: dict[int, list[Funding]] = {}
    for settled in series:
        for at_ms, one in _announced(settled) if announced else settled:
            settling.setdefault(at_ms, []).append(one)
    for at_ms, together in settling.items():
        together.sort(key=attrgetter("symbol"))
        yield key_of(at_ms, Rank.FUNDING), 0, "", tuple(together)


def _recorded(traded: Tape, funding: Tape, instead: Sequence[ScheduledFunding]) -> Settled:
    """What a tape of funding settles while the prices beside it are played."""
    symbol = Symbol(traded.symbol)
    first_ms = int(traded.times[0])
    last_ms = int(traded.times[-1]) + traded.interval_ms
    assert funding.rates is not None, f"{funding.path}: a funding tape without rates"
    return [
        (at_ms, Funding(symbol, rate))
        for at_ms, rate in zip(funding.times.tolist(), funding.rates, strict=True)
        if first_ms < at_ms < last_ms and not any(each.covers(symbol, at_ms) for each in instead)
    ]


def _announced(settled: Settled) -> Settled:
    """The settlements, each with the time of the one after it, where there is one."""
    return [
        (at_ms, replace(one, next_ms=None if after is None else after[0]))
        for (at_ms, one), after in zip_longest(settled, settled[1:])
    ]


__all__ = [
    "Agenda",
    "Delivery",
    "Event",
    "Funding",
    "Parts",
    "Rank",
    "Schedule",
    "ScheduledEvent",
    "ScheduledFunding",
    "ScheduledOpening",
    "Silence",
    "agenda",
    "key_of",
]
