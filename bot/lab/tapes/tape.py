"""A tape: one recorded series of one symbol, checked, with prices as exact integers."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.lab.tapes.names import TapeKind
from bot.lab.tapes.ticks import Ticks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tape:
    """Bars or funding rates as they were recorded; missing bars stay missing.

    `times` are the openings of the bars (for funding the moments of payment) in ms UTC, strictly rising,
    at least `interval_ms` apart. Prices are `ticks / 10**exponent` in quote per base. A funding tape has
    `rates` (fractions, positive: longs pay), one of open interest `interest` (base currency, face value of
    inverse contracts); both have empty price arrays, and any other tape has prices and nothing else. `volume`
    is a float for statistics only, in whatever unit the source used. `sha256` is that of the uncompressed
    file.
    """

    path: Path
    symbol: str
    kind: TapeKind
    word: str
    venue: str
    interval_ms: int
    times: Ticks
    exponent: int
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: npt.NDArray[np.float64] | None
    rates: tuple[Decimal, ...]
    interest: tuple[Decimal, ...] = ()
    sha256: str
    assumptions: tuple[str, ...]

    def __len__(self) -> int:
        """How many bars or rates there are."""
        return len(self.times)


def invented_tape(
    *,
    symbol: str,
    interval_ms: int,
    exponent: int,
    times: Ticks,
    prices: tuple[Ticks, Ticks, Ticks, Ticks],
    kind: TapeKind = TapeKind.TRADED,
    name: str = "invented",
) -> Tape:
    """A tape of open, high, low, close made in memory, for scenarios and benchmarks; nothing is checked."""
    opens, high, low, close = prices
    digest = hashlib.sha256(f"{symbol} {kind} {interval_ms} {exponent}".encode())
    for column in (times, *prices):
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    return Tape(
        path=Path(name),
        symbol=symbol,
        kind=kind,
        word="invented",
        venue="",
        interval_ms=interval_ms,
        times=times,
        exponent=exponent,
        open=opens,
        high=high,
        low=low,
        close=close,
        volume=None,
        rates=(),
        sha256=digest.hexdigest(),
        assumptions=(f"{name} holds invented prices of {symbol}",),
    )
