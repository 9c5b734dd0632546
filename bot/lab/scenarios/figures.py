"""How bad a stretch of prices is, in the figures by which crashes are compared.

The worst move of N minutes is that from the open of a bar to the low (or high) of any of the bars within N
minutes of its opening; the depth is that from the best price to the worst after it. Statistics, hence floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from bot.lab.tapes import Tape

SPANS_MIN = (5, 15, 60)
"""Minutes over which the worst moves are taken."""
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a tape did at worst; moves are fractions, positive whichever way they go.

    ``worst`` has no entry for a span shorter than a bar.
    """

    depth: float
    start_ms: int
    """When the bar with the best price before the worst opens."""
    end_ms: int
    """When the bar with the worst price opens."""
    worst: Mapping[int, float]

    @property
    def minutes(self) -> float:
        """From the best to the worst price."""
        return (self.end_ms - self.start_ms) / _MINUTE_MS


def figures(tape: Tape, *, falling: bool = True) -> Figures:
    """The figures of a tape of prices; ``falling`` false measures how it rose."""
    scale = 10.0**tape.exponent
    opens, high, low = (column / scale for column in (tape.open, tape.high, tape.low))
    if falling:
        best: npt.NDArray[np.float64] = np.maximum.accumulate(high)
        moves = 1 - low / best
    else:
        best = np.minimum.accumulate(low)
        moves = high / best - 1
    end = int(moves.argmax())
    start = int(high[: end + 1].argmax()) if falling else int(low[: end + 1].argmin())
    worst = {}
    for minutes in SPANS_MIN:
        bars = minutes * _MINUTE_MS // tape.interval_ms
        if 0 < bars <= len(tape):
            first = opens[: len(tape) - bars + 1]
            if falling:
                reached = 1 - sliding_window_view(low, bars).min(axis=1) / first
            else:
                reached = sliding_window_view(high, bars).max(axis=1) / first - 1
            worst[minutes] = float(reached.max())
    return Figures(
        depth=float(moves[end]),
        start_ms=int(tape.times[start]),
        end_ms=int(tape.times[end]),
        worst=worst,
    )
