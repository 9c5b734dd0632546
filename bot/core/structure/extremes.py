"""The highest and the lowest price of the last bars (Donchian's channel)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import BarClosed
from bot.core.structure.zones import Zone, Zones


@dataclass(frozen=True, slots=True)
class Extremes:
    """Which channel: of the last ``length`` bars of ``timeframe_ms``."""

    timeframe_ms: int
    length: int


class ExtremeSeries:
    """The channel of one symbol as it develops.

    Only a bar that may yet be the highest is kept: one that reached no farther than a later one never will.
    """

    __slots__ = ("_count", "_highs", "_length", "_lows")

    def __init__(self, length: int) -> None:
        """Start without history; ``length`` is at least 1."""
        assert length >= 1, f"a channel over {length} bars, expected at least 1"
        self._length = length
        self._count = 0
        self._highs: deque[tuple[int, Decimal]] = deque()
        self._lows: deque[tuple[int, Decimal]] = deque()

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        self._count += 1
        while self._highs and self._highs[-1][1] <= bar.high:
            self._highs.pop()
        while self._lows and self._lows[-1][1] >= bar.low:
            self._lows.pop()
        for reached, price in ((self._highs, bar.high), (self._lows, bar.low)):
            reached.append((self._count, price))
            if reached[0][0] <= self._count - self._length:
                reached.popleft()

    @property
    def value(self) -> Zones | None:
        """One zone, from the lowest to the highest; ``None`` before ``length`` bars have closed."""
        if self._count < self._length:
            return None
        return (Zone(self._lows[0][1], self._highs[0][1]),)
