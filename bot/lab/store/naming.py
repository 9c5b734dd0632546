"""Where a series lies in a store: a folder for each exchange, in it tapes named as ``holdfast replay`` reads.

Open interest is played only where a rule goes by it and lies in a folder of its own, and so do tiers, so that
a glob over an exchange's folder gives prices and funding and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.names import written
from bot.venues.live.history import Series

WORDS = {Series.BARS: "perp", Series.MARK: "mark", Series.FUNDING: "funding", Series.INTEREST: "interest"}
"""The word of each series in the name of its file."""
COLUMNS = {
    Series.BARS: ("ts_ms", "open", "high", "low", "close", "volume"),
    Series.MARK: ("ts_ms", "open", "high", "low", "close"),
    Series.FUNDING: ("ts_ms", "rate"),
    Series.INTEREST: ("ts_ms", "quantity", "value"),
}
INTEREST, TIERS = "interest", "tiers"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Kept:
    """A series of a symbol at an exchange; ``timeframe_ms`` is 0 for funding."""

    venue: str
    symbol: str
    series: Series
    timeframe_ms: int

    @property
    def path(self) -> str:
        """Its file below the store."""
        length = f"_{format_timeframe(self.timeframe_ms)}" if self.timeframe_ms else ""
        name = f"{written(self.symbol)}_{self.venue}_{WORDS[self.series]}{length}.csv.gz"
        folder = PurePosixPath(self.venue)
        return str((folder / INTEREST if self.series is Series.INTEREST else folder) / name)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of its file, the last one where it is told."""
        return COLUMNS[self.series]

    @property
    def what(self) -> str:
        """In words: ``BTC/USDT:USDT bars 1m``."""
        length = f" {format_timeframe(self.timeframe_ms)}" if self.timeframe_ms else ""
        return f"{self.symbol} {self.series}{length}"


def tiers_path(venue: str, symbol: str) -> str:
    """The file of a contract's tiers below the store."""
    return str(PurePosixPath(venue) / TIERS / f"{written(symbol)}_{venue}_tiers.json")
