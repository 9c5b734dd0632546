"""The path of prices that a replay plays: four points for each bar, a function of the tapes alone.

A bar does not tell in which order its prices came. The convention: the open, the extreme nearer the open
(the low of equals), the other extreme, the close, at the opening, one and two thirds of the interval and
its last millisecond. It must not depend on positions, rules or bounds, or jumping over bars would change
what happened.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.grouping import SymbolTapes
from bot.lab.tapes.marks import MarkBars, MarkPoints, mark_points
from bot.lab.tapes.names import TapeKind
from bot.lab.tapes.tape import Tape
from bot.lab.tapes.ticks import Ticks, rescaled

Point = tuple[int, int, int]
"""A moment in ms, the traded price and the mark price in ticks."""

_PLAUSIBLE = 2.0


class PathOrder(StrEnum):
    """Which extreme of a bar comes first: the one nearer the open, or (`worst`) the one farther from it."""

    NEAREST = "nearest"
    WORST = "worst"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """The points of some bars: three arrays of shape (bars, 4)."""

    times: Ticks
    last: Ticks
    mark: Ticks


@dataclass(frozen=True, kw_only=True, eq=False)
class PricePath:
    """Everything a replay needs of one symbol's prices, in ticks of one exponent.

    `times` are the openings in ms, `last_low` and `last_high` the ranges of the traded bars, `mark_low`
    and `mark_high` the ranges of the four marks of each bar: what the search for the next interesting bar
    looks through. Without a mark tape marks are traded prices, and the arrays are the same objects.
    """

    symbol: str
    interval_ms: int
    exponent: int
    order: PathOrder
    times: Ticks
    open: Ticks
    last_high: Ticks
    last_low: Ticks
    close: Ticks
    mark_high: Ticks
    mark_low: Ticks
    marks: Ticks | None
    assumptions: tuple[str, ...]

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self.times)

    def bar(self, at: int) -> tuple[Point, Point, Point, Point]:
        """The four points of one bar, in order, as plain integers."""
        start = self.times.item(at)
        opened, high, low, closed = (
            self.open.item(at),
            self.last_high.item(at),
            self.last_low.item(at),
            self.close.item(at),
        )
        low_first = (opened - low <= high - opened) is (self.order is PathOrder.NEAREST)
        second, third = (low, high) if low_first else (high, low)
        _, one, two, end = self._offsets
        marks = [opened, second, third, closed] if self.marks is None else self.marks[at].tolist()
        return (
            (start, opened, marks[0]),
            (start + one, second, marks[1]),
            (start + two, third, marks[2]),
            (start + end, closed, marks[3]),
        )

    def close_of(self, at: int) -> Point:
        """The last of the four points of one bar."""
        return self.times.item(at) + self.ends_ms, self.close.item(at), self.closing_marks.item(at)

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """The points of the bars [start, stop) as arrays, worked out when asked for."""
        part = slice(start, stop)
        last = _traded_points(
            self.open[part], self.last_high[part], self.last_low[part], self.close[part], self.order
        )
        times = self.times[part, None] + np.array(self._offsets, dtype=np.int64)
        return Points(times=times, last=last, mark=last if self.marks is None else self.marks[part])

    @cached_property
    def gapless(self) -> bool:
        """Whether each bar opens one interval after the last: then openings can be counted."""
        return bool((np.diff(self.times) == self.interval_ms).all())

    @property
    def ends_ms(self) -> int:
        """How long after its opening the close of a bar is."""
        return self.interval_ms - 1

    @cached_property
    def closing_marks(self) -> Ticks:
        """The mark at the close of each bar."""
        return self.close if self.marks is None else self.marks[:, 3]

    @cached_property
    def _offsets(self) -> tuple[int, int, int, int]:
        return 0, self.interval_ms // 3, self.interval_ms * 2 // 3, self.interval_ms - 1


def price_path(tapes: SymbolTapes, *, order: PathOrder = PathOrder.NEAREST) -> PricePath:
    """Lay out the path of one symbol; TapeError where the mark tape cannot belong to the traded one."""
    traded = tapes.traded
    exponent = max(traded.exponent, tapes.mark.exponent if tapes.mark else 0)
    opens, high, low, close = (
        _in_exponent(traded, column, exponent)
        for column in (traded.open, traded.high, traded.low, traded.close)
    )
    said = [*tapes.assumptions, _order_sentence(order)]
    marks, mark_low, mark_high = None, low, high
    if tapes.mark is not None:
        made = _marks(traded, tapes.mark, _traded_points(opens, high, low, close, order), exponent)
        marks, mark_low, mark_high = made.points, made.points.min(axis=1), made.points.max(axis=1)
        said += _mark_sentences(tapes.symbol, tapes.mark, made)
    elif traded.kind is TapeKind.TRADED:
        said.append(
            f"{tapes.symbol} has no mark tape: the traded price of {traded.path.name} is the mark price"
        )
    return PricePath(
        symbol=tapes.symbol,
        interval_ms=traded.interval_ms,
        exponent=exponent,
        order=order,
        times=traded.times,
        open=opens,
        last_high=high,
        last_low=low,
        close=close,
        mark_high=mark_high,
        mark_low=mark_low,
        marks=marks,
        assumptions=tuple(said),
    )


def _traded_points(opens: Ticks, high: Ticks, low: Ticks, close: Ticks, order: PathOrder) -> Ticks:
    low_first = (opens - low) <= (high - opens)
    if order is PathOrder.WORST:
        low_first = ~low_first
    points = np.empty((len(opens), 4), dtype=np.int64)
    points[:, 0] = opens
    points[:, 1] = np.where(low_first, low, high)
    points[:, 2] = np.where(low_first, high, low)
    points[:, 3] = close
    return points


def _marks(traded: Tape, mark: Tape, last: Ticks, exponent: int) -> MarkPoints:
    _check_scale(traded, mark)
    bars = MarkBars(
        times=mark.times,
        low=_in_exponent(mark, mark.low, exponent),
        high=_in_exponent(mark, mark.high, exponent),
        interval_ms=mark.interval_ms,
    )
    return mark_points(traded.times, last, bars)


def _in_exponent(tape: Tape, column: Ticks, exponent: int) -> Ticks:
    try:
        return rescaled(column, tape.exponent, exponent)
    except OverflowError as error:
        remedy = "round the tapes of this symbol to fewer decimals"
        raise TapeError(tape.path, None, str(error), remedy) from error


def _check_scale(traded: Tape, mark: Tape) -> None:
    """Clipping into the range of another contract would give a series that looks calm and means nothing."""
    ratio = (
        float(np.median(mark.close))
        / 10.0**mark.exponent
        / (float(np.median(traded.close)) / 10.0**traded.exponent)
    )
    overlaps = mark.times[0] <= traded.times[-1] and traded.times[0] <= mark.times[-1]
    if overlaps and not 1 / _PLAUSIBLE <= ratio <= _PLAUSIBLE:
        found = f"the mark prices are {ratio:.3g} times the traded prices of {traded.path}"
        raise TapeError(mark.path, None, found, "give the mark tape of the same contract, or leave it out")


def _order_sentence(order: PathOrder) -> str:
    first = "nearer to" if order is PathOrder.NEAREST else "farther from"
    return f"each bar is four prices: its open, the extreme {first} the open, the other extreme, its close"


def _mark_sentences(symbol: str, mark: Tape, made: MarkPoints) -> list[str]:
    interval = format_timeframe(mark.interval_ms)
    name = mark.path.name
    said = [
        (
            f"{symbol}: the mark price is the traded price clipped into the range of the {interval} mark "
            f"bars of {name}; in {made.forced_low} of {made.hours} of them one point was moved to the low, "
            f"in {made.forced_high} one to the high"
        )
    ]
    if made.unmarked:
        said.append(
            f"{symbol}: {made.unmarked} traded bars have no mark bar in {name}; there it is the traded price"
        )
    return said
