"""Swing highs and lows: bars that reached farther than their neighbours on both sides.

A fractal in the sense of Williams, Trading Chaos (1995), with ``strength`` bars on either side. It is known
only once the bars after it have closed, and it never changes then.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import BarClosed
from bot.core.structure.zones import Zone, Zones


@dataclass(frozen=True, slots=True)
class Swings:
    """Which swings: highs (else lows), with ``strength`` bars on either side, within ``length`` bars."""

    timeframe_ms: int
    strength: int
    length: int
    high: bool


class SwingSeries:
    """The swings of one symbol as they develop.

    Of several bars that reached equally far the first is the swing.
    """

    __slots__ = ("_bars", "_count", "_high", "_highs", "_length", "_lows", "_strength")

    def __init__(self, strength: int, length: int, *, high: bool = True) -> None:
        """Start without history; ``strength`` at least 1, and ``length`` long enough for one swing."""
        assert strength >= 1, f"swings of strength {strength}, expected at least 1"
        assert length > 2 * strength, f"swings within {length} bars, expected above {2 * strength}"
        self._strength = strength
        self._length = length
        self._high = high
        self._bars: deque[BarClosed] = deque(maxlen=2 * strength + 1)
        self._count = 0
        self._highs: deque[tuple[int, Decimal]] = deque()
        self._lows: deque[tuple[int, Decimal]] = deque()

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        bars, middle = self._bars, self._strength
        bars.append(bar)
        self._count += 1
        if len(bars) == bars.maxlen:
            at = self._count - middle
            high, low = bars[middle].high, bars[middle].low
            before, after = list(bars)[:middle], list(bars)[middle + 1 :]
            if all(b.high < high for b in before) and all(b.high <= high for b in after):
                self._highs.append((at, high))
            if all(b.low > low for b in before) and all(b.low >= low for b in after):
                self._lows.append((at, low))
        for swings in (self._highs, self._lows):
            while swings and swings[0][0] <= self._count - self._length:
                swings.popleft()

    @property
    def highs(self) -> tuple[Decimal, ...]:
        """The swing highs, oldest first."""
        return tuple(price for _, price in self._highs)

    @property
    def lows(self) -> tuple[Decimal, ...]:
        """The swing lows, oldest first."""
        return tuple(price for _, price in self._lows)

    @property
    def value(self) -> Zones | None:
        """Each swing of the kind wanted; ``None`` before enough bars have closed to know one."""
        if len(self._bars) < 2 * self._strength + 1:
            return None
        return tuple(Zone(price, price) for price in (self.highs if self._high else self.lows))
