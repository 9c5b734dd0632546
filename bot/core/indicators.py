"""Indicators over closed bars of traded prices, updated bar by bar.

They are statistics and therefore float. What they feed into a decision is quantised to eight significant
digits first, so that a decision does not depend on the last bit of a machine's mathematics library.
The same incremental code runs live, stepping and jumping.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bot.core.facts import BarClosed


class Atr(NamedTuple):
    """Which average true range: Wilder's smoothing over ``length`` bars of ``timeframe_ms``."""

    timeframe_ms: int
    length: int


class AtrSeries:
    """The average true range of one symbol as it develops.

    Wilder, New Concepts in Technical Trading Systems (1978): the first value is the mean of the first
    ``length`` true ranges, each later one (previous * (length - 1) + true range) / length. The first bar
    has no previous close, so its true range is high - low.
    """

    __slots__ = ("_average", "_close", "_count", "_length")

    def __init__(self, length: int) -> None:
        """Start without history; ``length`` is at least 1."""
        assert length >= 1, f"ATR length {length}, expected at least 1"
        self._length = length
        self._count = 0
        self._average: float = 0
        self._close: Decimal | None = None

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        high, low, before = bar.high, bar.low, self._close
        if before is not None:
            if before > high:
                high = before
            elif before < low:
                low = before
        self._close = bar.close
        if self._count < self._length:
            self._count += 1
        # Exact up to here: only the range becomes a float, which costs more than subtracting decimals.
        self._average += (float(high - low) - self._average) / self._count

    @property
    def value(self) -> Decimal | None:
        """The range in price units, or ``None`` before ``length`` bars have closed."""
        if self._count < self._length:
            return None
        # Printing rounds the exact value of the float correctly, in half the time a context takes.
        return Decimal("%.8g" % self._average)  # noqa: UP031 - an f-string takes longer than the context
