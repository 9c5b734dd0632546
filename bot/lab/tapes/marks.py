"""Mark prices between the few that were recorded.

Exchanges' mark prices are kept hourly, too coarse to liquidate on. The finer traded path is therefore
clipped into each hour's mark range, and where it misses an end of that range one point is moved there:
the mark did reach it within the hour, and a defence that was not tested against it was not tested.
("Hour" stands for whatever the mark's bars are.)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.lab.tapes.ticks import Ticks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkBars:
    """Recorded mark bars: openings in ms and ranges in the exponent of the path."""

    times: Ticks
    low: Ticks
    high: Ticks
    interval_ms: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkPoints:
    """Four marks for each traded bar, and how they came about."""

    points: Ticks
    unmarked: int
    hours: int
    forced_low: int
    forced_high: int


def mark_points(bar_times: Ticks, last: Ticks, mark: MarkBars) -> MarkPoints:
    """Clip the traded points `last` (n, 4) into the mark range of the hour in which their bar opens.

    In every hour whose low (high) the clipped points miss, the lowest (highest) of them, the earliest of
    equals, is moved to it; the two are never the same point. Bars in an hour without a mark bar keep
    their traded prices.
    """
    at = np.searchsorted(mark.times, bar_times, side="right") - 1
    marked = (at >= 0) & (bar_times < mark.times[at] + mark.interval_ms)
    points = last.copy()
    rows = np.flatnonzero(marked)
    if not rows.size:
        return MarkPoints(points=points, unmarked=len(bar_times), hours=0, forced_low=0, forced_high=0)
    hour = at[rows]
    clipped = np.clip(last[rows], mark.low[hour, None], mark.high[hour, None]).ravel()
    first_rows = np.flatnonzero(np.concatenate((np.ones(1, dtype=np.bool_), np.diff(hour) != 0)))
    first = first_rows * last.shape[1]
    hours = hour[first_rows]
    forced_low, forced_high = _force(clipped, first, mark.low[hours], mark.high[hours])
    points[rows] = clipped.reshape(-1, last.shape[1])
    return MarkPoints(
        points=points,
        unmarked=len(bar_times) - len(rows),
        hours=len(hours),
        forced_low=forced_low,
        forced_high=forced_high,
    )


def _force(clipped: Ticks, first: npt.NDArray[np.intp], low: Ticks, high: Ticks) -> tuple[int, int]:
    """Move one point of each hour to each end that is missed, in place; how many went down and up."""
    lowest = np.minimum.reduceat(clipped, first)
    highest = np.maximum.reduceat(clipped, first)
    at_lowest = _first_equal(clipped, first, lowest)
    at_highest = _first_equal(clipped, first, highest)
    misses_low = lowest > low
    misses_high = highest < high
    # A flat hour has its lowest and its highest point in one place; every hour has at least four points.
    at_highest = np.where((at_highest == at_lowest) & misses_low, at_highest + 1, at_highest)
    clipped[at_lowest[misses_low]] = low[misses_low]
    clipped[at_highest[misses_high]] = high[misses_high]
    return int(misses_low.sum()), int(misses_high.sum())


def _first_equal(values: Ticks, first: npt.NDArray[np.intp], wanted: Ticks) -> npt.NDArray[np.intp]:
    """For each group that begins at `first` the position of its first value that equals the wanted one."""
    sizes = np.diff(np.append(first, len(values)))
    hits = np.flatnonzero(values == np.repeat(wanted, sizes))
    return hits[np.searchsorted(hits, first)]
