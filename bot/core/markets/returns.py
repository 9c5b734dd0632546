"""How coins move together: what they gained and lost from bar to bar, side by side.

Two figures are taken from it. The *beta* of a coin against a reference says how many times as far as the
reference it goes; the *correlation* how much of that they do at the same time, from -1 to 1. Both are of the
same bars of either, around a mean of 0, which over so few bars is nearer the truth than their own.

They are statistics and therefore float, and quantised to eight significant digits before anybody goes by
them. What holds in calm need not hold in a crash: then nearly everything falls together, and farther.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from math import fsum, log, sqrt
from typing import NamedTuple

from bot.core.facts import BarClosed

_ENOUGH = 2
"""One part in so many of the bars has to be known of both."""


@dataclass(frozen=True, slots=True)
class Returns:
    """Which returns: the logarithmic ones of the last ``length`` bars of ``timeframe_ms``, close to close."""

    timeframe_ms: int
    length: int


class Together(NamedTuple):
    """How one coin moves with another."""

    beta: Decimal
    """How many times as far as the other it goes; below 0 the other way."""
    correlation: Decimal
    """From -1 to 1; 0 is no relation."""


class ReturnsSeries:
    """The returns of one symbol as they develop."""

    __slots__ = ("_close", "_timeframe_ms", "at_ms", "last", "length")

    def __init__(self, spec: Returns) -> None:
        """Start without history; the length is at least 2."""
        assert spec.length > 1, f"returns of {spec.length} bars, expected at least 2"
        self._timeframe_ms = spec.timeframe_ms
        self._close: float | None = None
        self.length = spec.length
        self.at_ms = 0
        """When the last bar closed."""
        self.last: deque[tuple[int, float]] = deque(maxlen=spec.length)
        """When each ended, and how far it went. What follows a gap is none."""

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        close = float(bar.close)
        if self._close is not None and bar.at_ms - self.at_ms == self._timeframe_ms:
            self.last.append((bar.at_ms, log(close / self._close)))
        self._close, self.at_ms = close, bar.at_ms

    @property
    def value(self) -> Decimal | None:
        """The last return; ``None`` before the first."""
        return _quantised(self.last[-1][1]) if self.last else None


def together(one: ReturnsSeries, other: ReturnsSeries) -> Together | None:
    """How ``one`` moves with ``other``; ``None`` while too little is known, or if the other stands still."""
    beside = dict(other.last)
    pairs = [(went, beside[at_ms]) for at_ms, went in one.last if at_ms in beside]
    squares = fsum(other_went**2 for _, other_went in pairs)
    if len(pairs) * _ENOUGH < one.length or squares == 0:
        return None
    products = fsum(went * other_went for went, other_went in pairs)
    own = fsum(went**2 for went, _ in pairs)
    correlation = products / sqrt(own * squares) if own else own
    return Together(_quantised(products / squares), _quantised(correlation))


def _quantised(value: float) -> Decimal:
    return Decimal("%.8g" % value)  # noqa: UP031 - as in bot.core.markets.indicators
