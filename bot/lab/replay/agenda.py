"""What happens in a replay beside prices: closing bars, funding, scheduled openings, silence in gaps.

Order at one instant: bar closes (shortest timeframe first), funding (at the last mark), the mark, scheduled
openings, ticks. One integer key, time and rank together, says it all, so that playing is comparing integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from operator import itemgetter

from bot.core.facts import BarClosed
from bot.core.types import Symbol
from bot.lab.tapes import Tape, aggregate, gaps, tick_prices
from bot.venues.paper.model import Opening


class Rank(IntEnum):
    """Place among the events of one millisecond."""

    BAR = 0
    FUNDING = 1
    MARK = 2
    OPENING = 3
    TICK = 4
    EXECUTION = 5


RANKS = 8


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
    """A settlement of ``rate`` in one symbol."""

    symbol: Symbol
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Silence:
    """A bar that should have been there and is not."""


Event = BarClosed | Funding | ScheduledOpening | Silence


@dataclass(frozen=True, slots=True)
class Agenda:
    """All events beside prices, in order: ``keys`` and ``events`` run side by side."""

    keys: Sequence[int]
    events: Sequence[Event]


def agenda(
    tapes: Iterable[tuple[Tape, Tape | None]],
    timeframes_ms: Iterable[int],
    openings: Iterable[ScheduledOpening],
) -> Agenda:
    """Write down what happens beside the prices of ``tapes`` (traded, funding), until the last of them ends.

    TapeError where a timeframe cannot be made of a tape.
    """
    dated: list[tuple[int, int, str, Event]] = []
    frames = sorted(timeframes_ms)
    for traded, funding in tapes:
        symbol = Symbol(traded.symbol)
        for timeframe_ms in frames:
            dated.extend(_closing_bars(traded, symbol, timeframe_ms))
        if funding is not None:
            dated.extend(_funding(traded, funding, symbol))
        for gap in gaps(traded):
            missing = range(gap.start_ms, gap.end_ms, traded.interval_ms)
            dated += [(key_of(at_ms, Rank.TICK), 0, symbol, Silence()) for at_ms in missing]
    for scheduled in openings:
        symbol = scheduled.opening.id.symbol
        dated.append((key_of(scheduled.at_ms, Rank.OPENING), 0, symbol, scheduled))
    dated.sort(key=itemgetter(0, 1, 2))
    return Agenda([item[0] for item in dated], [item[3] for item in dated])


def _closing_bars(traded: Tape, symbol: Symbol, timeframe_ms: int) -> Iterable[tuple[int, int, str, Event]]:
    bars = aggregate(traded, timeframe_ms)
    columns = (tick_prices(each, bars.exponent) for each in (bars.open, bars.high, bars.low, bars.close))
    for at_ms, opened, high, low, close in zip(bars.close_time_ms.tolist(), *columns, strict=True):
        bar = BarClosed(
            at_ms=at_ms,
            symbol=symbol,
            timeframe_ms=timeframe_ms,
            open=opened,
            high=high,
            low=low,
            close=close,
        )
        yield at_ms * RANKS, timeframe_ms, symbol, bar


def _funding(traded: Tape, funding: Tape, symbol: Symbol) -> Iterable[tuple[int, int, str, Event]]:
    first_ms = int(traded.times[0])
    last_ms = int(traded.times[-1]) + traded.interval_ms
    assert funding.rates is not None, f"{funding.path}: a funding tape without rates"
    for at_ms, rate in zip(funding.times.tolist(), funding.rates, strict=True):
        if first_ms < at_ms < last_ms:
            yield key_of(at_ms, Rank.FUNDING), 0, symbol, Funding(symbol, rate)


__all__ = [
    "Agenda",
    "Event",
    "Funding",
    "Rank",
    "ScheduledOpening",
    "Silence",
    "agenda",
    "key_of",
]
