"""A tape: one recorded series of one symbol, checked, with prices as exact integers."""

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
    `rates` (fractions, positive: longs pay) and empty price arrays; any other tape has prices and no
    rates. `volume` is a float for statistics only, in whatever unit the source used. `sha256` is that of
    the uncompressed file.
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
    sha256: str
    assumptions: tuple[str, ...]

    def __len__(self) -> int:
        """How many bars or rates there are."""
        return len(self.times)
