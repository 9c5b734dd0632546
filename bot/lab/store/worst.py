"""The worst windows of a tape: how far the price fell within 5, 15 or 60 minutes.

A drop is counted from the open of the first bar of a window to the lowest low in it, as a fraction of the
open. Windows of one length do not overlap. Floats: these are statistics that choose a window, no decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.lab.tapes import Tape
from bot.lab.tapes.ticks import Ticks

MINUTE_MS = 60_000
WINDOWS_MS = (5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A fall: ``drop`` is a fraction of the price it began at, ``low_ms`` opens the bar of the low."""

    symbol: str
    length_ms: int
    start_ms: int
    low_ms: int
    drop: float
    start_price: float
    low_price: float

    @property
    def end_ms(self) -> int:
        """When it is over."""
        return self.start_ms + self.length_ms


def can_tell(tape: Tape, length_ms: int) -> bool:
    """Whether the bars of a tape are short enough for windows of that length."""
    return tape.interval_ms <= length_ms and length_ms % tape.interval_ms == 0


def worst_windows(tape: Tape, length_ms: int, most: int) -> list[Window]:
    """The ``most`` deepest falls, deepest first; fewer where nothing else fell at all.

    A gap is silence: nothing is known of it, and a window that spans one counts what was recorded.
    """
    assert can_tell(tape, length_ms), f"{tape.path.name}: bars of {tape.interval_ms} ms"
    if not len(tape):
        return []
    lows = _lowest(tape, length_ms)
    drops = 1.0 - lows / tape.open
    chosen: list[int] = []
    taken = np.zeros(len(tape), dtype=np.bool_)
    for start in _deepest_first(drops):
        if len(chosen) == most or drops[start] <= 0:
            break
        if taken[start]:
            continue
        chosen.append(start)
        began_ms = tape.times[start]
        near = slice(
            np.searchsorted(tape.times, began_ms - length_ms, side="right"),
            np.searchsorted(tape.times, began_ms + length_ms, side="left"),
        )
        taken[near] = True
    return [_window(tape, length_ms, start, float(drops[start])) for start in chosen]


def _lowest(tape: Tape, length_ms: int) -> Ticks:
    """The lowest low within ``length_ms`` of the open of each bar."""
    lowest = tape.low.copy()
    for ahead in range(1, min(length_ms // tape.interval_ms, len(tape))):
        within = tape.times[ahead:] < tape.times[:-ahead] + length_ms
        lowest[:-ahead] = np.where(within, np.minimum(lowest[:-ahead], tape.low[ahead:]), lowest[:-ahead])
    return lowest


def _deepest_first(drops: npt.NDArray[np.float64]) -> Iterator[int]:
    """The earlier of equals first."""
    yield from np.argsort(-drops, kind="stable").tolist()


def _window(tape: Tape, length_ms: int, start: int, drop: float) -> Window:
    end = int(np.searchsorted(tape.times, tape.times[start] + length_ms, side="left"))
    low = start + int(np.argmin(tape.low[start:end]))
    scale = 10.0**-tape.exponent
    return Window(
        symbol=tape.symbol,
        length_ms=length_ms,
        start_ms=int(tape.times[start]),
        low_ms=int(tape.times[low]),
        drop=drop,
        start_price=float(tape.open[start]) * scale,
        low_price=float(tape.low[low]) * scale,
    )
