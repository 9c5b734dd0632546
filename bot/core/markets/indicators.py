"""Indicators over closed bars of traded prices, updated bar by bar.

They are statistics and therefore float. What they feed into a decision is quantised to eight significant
digits first, so that a decision does not depend on the last bit of a machine's mathematics library.
The same incremental code runs live, stepping and jumping.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from math import fsum, log, sqrt
from typing import NamedTuple, Protocol

from bot.core.facts import BarClosed
from bot.core.markets.passage import Passage, PassageSeries
from bot.core.markets.returns import Returns, ReturnsSeries

_LEAST = 2
_DAY_MS = 86_400_000
_PLACES = Decimal("1E-8")


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


@dataclass(frozen=True, slots=True)
class BandWidth:
    """Which Bollinger band width: four standard deviations of the last ``length`` closes over their mean.

    Bollinger on Bollinger Bands (2001): the bands are two (population) deviations above and below.
    """

    timeframe_ms: int
    length: int


class BandWidthSeries:
    """The band width of one symbol as it develops."""

    __slots__ = ("_closes",)

    def __init__(self, length: int) -> None:
        """Start without history; ``length`` is at least 2."""
        assert length >= _LEAST, f"band width over {length} bars, expected at least {_LEAST}"
        self._closes: deque[Decimal] = deque(maxlen=length)

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        self._closes.append(bar.close)

    @property
    def value(self) -> Decimal | None:
        """The width as a fraction of the mean, or ``None`` before ``length`` bars have closed."""
        closes = self._closes
        if len(closes) != closes.maxlen:
            return None
        mean = fsum(closes) / len(closes)
        deviation = sqrt(fsum((float(close) - mean) ** 2 for close in closes) / len(closes))
        return _quantised(4 * deviation / mean)


@dataclass(frozen=True, slots=True)
class Volatility:
    """Which realised volatility: of the last ``length`` logarithmic returns, close to close, for one day.

    Around a mean of 0, which over so few bars is nearer the truth than their own mean.
    """

    timeframe_ms: int
    length: int


class VolatilitySeries:
    """The realised volatility of one symbol as it develops."""

    __slots__ = ("_close", "_per_day", "_squares")

    def __init__(self, timeframe_ms: int, length: int) -> None:
        """Start without history; ``length`` is at least 2."""
        assert length >= _LEAST, f"volatility over {length} bars, expected at least {_LEAST}"
        self._per_day = _DAY_MS / timeframe_ms
        self._close: float | None = None
        self._squares: deque[float] = deque(maxlen=length)

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        close = float(bar.close)
        if self._close is not None:
            self._squares.append(log(close / self._close) ** 2)
        self._close = close

    @property
    def value(self) -> Decimal | None:
        """One standard deviation of a day's return, or ``None`` before ``length`` returns are known."""
        squares = self._squares
        if len(squares) != squares.maxlen:
            return None
        return _quantised(sqrt(fsum(squares) / len(squares) * self._per_day))


@dataclass(frozen=True, slots=True)
class Move:
    """Which price move: that of the last close against the one ``length`` bars of ``timeframe_ms`` before."""

    timeframe_ms: int
    length: int


class MoveSeries:
    """How far one symbol has moved, as it develops. Exact: nothing in it is a statistic."""

    __slots__ = ("_closes",)

    def __init__(self, length: int) -> None:
        """Start without history; ``length`` is at least 1."""
        assert length >= 1, f"a move over {length} bars, expected at least 1"
        self._closes: deque[Decimal] = deque(maxlen=length + 1)

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        self._closes.append(bar.close)

    @property
    def value(self) -> Decimal | None:
        """The move as a fraction, below 0 for a fall, or ``None`` before there is a close so long ago."""
        closes = self._closes
        if len(closes) != closes.maxlen:
            return None
        return (closes[-1] / closes[0] - 1).quantize(_PLACES)


Indicator = Atr | BandWidth | Volatility | Move | Passage | Returns
"""What a rule may declare that it needs over closed bars."""


class Series(Protocol):
    """An indicator of one symbol as it develops."""

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        ...

    @property
    def value(self) -> Decimal | None:
        """Its present value, ``None`` while there is too little history."""
        ...


def series_of(spec: Indicator) -> Series:
    """The series of an indicator, without history."""
    match spec:
        case Atr(length=length):
            return AtrSeries(length)
        case BandWidth(length=length):
            return BandWidthSeries(length)
        case Volatility(timeframe_ms=timeframe_ms, length=length):
            return VolatilitySeries(timeframe_ms, length)
        case Move(length=length):
            return MoveSeries(length)
        case Passage():
            return PassageSeries(spec)
        case Returns():
            return ReturnsSeries(spec)


def _quantised(value: float) -> Decimal:
    return Decimal("%.8g" % value)  # noqa: UP031 - as above
