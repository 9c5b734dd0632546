"""Bars of coarser timeframes: the one aggregator over traded prices behind every `BarClosed` fact."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.tape import Tape
from bot.lab.tapes.ticks import Ticks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Closed bars of one timeframe, oldest first: ticks of `exponent`, and when each is known.

    `complete` is False for a bar with missing constituents; it is delivered all the same, from what there
    is.
    """

    timeframe_ms: int
    exponent: int
    close_time_ms: Ticks
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: npt.NDArray[np.float64] | None
    """``None`` where the tape holds none, or nobody asked for it."""
    complete: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self.close_time_ms)


def aggregate(traded: Tape, timeframe_ms: int, *, volumes: bool = False) -> Bars:
    """Bars of `timeframe_ms` aligned to the UTC epoch; TapeError if the tape's interval does not divide it.

    A constituent belongs to the bar in which its last millisecond lies, so that no bar tells what is not
    yet past. A bar without constituents is absent; the last one is absent until the tape has reached its
    end.
    """
    interval_ms = traded.interval_ms
    if timeframe_ms < interval_ms or timeframe_ms % interval_ms:
        wanted, given = format_timeframe(timeframe_ms), format_timeframe(interval_ms)
        found = f"bars of {wanted} cannot be made of bars of {given}"
        raise TapeError(
            traded.path, None, found, f"use a timeframe that is a multiple of {given}, or a finer tape"
        )
    buckets = (traded.times + (interval_ms - 1)) // timeframe_ms
    first = np.flatnonzero(np.concatenate((np.ones(1, dtype=np.bool_), np.diff(buckets) != 0)))
    close_time_ms = (buckets[first] + 1) * timeframe_ms
    counts = np.diff(np.append(first, len(buckets)))
    unfinished = int(traded.times[-1]) + interval_ms < int(close_time_ms[-1])
    part = slice(0, len(first) - 1 if unfinished else len(first))
    last = first + counts - 1
    return Bars(
        timeframe_ms=timeframe_ms,
        exponent=traded.exponent,
        close_time_ms=close_time_ms[part],
        open=traded.open[first][part],
        high=np.maximum.reduceat(traded.high, first)[part],
        low=np.minimum.reduceat(traded.low, first)[part],
        close=traded.close[last][part],
        volume=np.add.reduceat(traded.volume, first)[part] if volumes and traded.volume is not None else None,
        complete=(counts == timeframe_ms // interval_ms)[part],
    )
