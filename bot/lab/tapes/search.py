"""The array search that lets a replay jump over the bars in which no rule can wake."""

import numpy as np

from bot.lab.tapes.ticks import Ticks

_FIRST_WINDOW = 1_024
_GROWTH = 8
_LAST_WINDOW = 1 << 17
# No price has these ticks, so a bound that is open or beyond 64 bits can stand at them.
_LEAST = int(np.iinfo(np.int64).min)
_GREATEST = int(np.iinfo(np.int64).max)


def first_outside(
    low: Ticks, high: Ticks, start: int, stop: int, low_bound: int | None, high_bound: int | None
) -> int:
    """Index of the first bar in [start, stop) with low <= low_bound or high >= high_bound, else `stop`.

    Bounds are inclusive ticks; None is open. The window grows, so that a hit nearby costs a few
    microseconds and a far one is found at the speed of a vectorised comparison. Ticks are prices: positive.
    """
    lowest = _LEAST if low_bound is None else min(max(low_bound, _LEAST), _GREATEST)
    highest = _GREATEST if high_bound is None else min(max(high_bound, _LEAST), _GREATEST)
    window = _FIRST_WINDOW
    while start < stop:
        end = min(start + window, stop)
        outside = low[start:end] <= lowest
        outside |= high[start:end] >= highest
        at = int(outside.argmax())
        if outside[at]:
            return start + at
        start = end
        window = min(window * _GROWTH, _LAST_WINDOW)
    return stop
