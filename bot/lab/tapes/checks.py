"""What every tape must satisfy before anything is computed from it; the first line that fails is named."""

from decimal import Decimal
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.ticks import Ticks

INTERVAL_MS_MIN = 4
"""A bar stands for four marks at four different milliseconds."""

_LATEST_MS = 10**14
_RATE_MAX = Decimal(1)


class Table(Protocol):
    """What a check needs of a table: where it is and in which line a row stands."""

    @property
    def path(self) -> Path:
        """The file."""

    def line(self, row: int) -> int:
        """The line of a row."""


def check_times(table: Table, times: Ticks, interval_ms: int | None, *, bars: bool = False) -> int:
    """Times rise, are plausible, bars do not overlap; gives the interval, the most common if not named."""
    for row in np.flatnonzero((times < 0) | (times > _LATEST_MS))[:1].tolist():
        found = f"the time {times[row]} is no millisecond of this age"
        raise TapeError(table.path, table.line(row), found, "give ts_ms in milliseconds UTC")
    steps = np.diff(times)
    for at in np.flatnonzero(steps <= 0)[:1].tolist():
        what = "is there twice" if steps[at] == 0 else f"comes after {times[at]}"
        found = f"the time {times[at + 1]} {what}"
        raise TapeError(
            table.path, table.line(at + 1), found, "sort the lines by ts_ms and keep one per time"
        )
    if interval_ms is None:
        interval_ms = _most_common(table, steps, bars=bars)
    if bars and interval_ms < INTERVAL_MS_MIN:
        found = f"the bars are {interval_ms} ms long"
        raise TapeError(table.path, None, found, "give ts_ms in milliseconds and bars of a second or more")
    if bars:
        _check_overlap(table, steps, interval_ms)
    return interval_ms


def _most_common(table: Table, steps: Ticks, *, bars: bool) -> int:
    if not steps.size:
        if not bars:
            return 0
        found = "one bar, and a name without an interval: its length is unknown"
        raise TapeError(table.path, None, found, "name the file like BTC_binance_perp_5m.csv")
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[counts.argmax()])


def _check_overlap(table: Table, steps: Ticks, interval_ms: int) -> None:
    for at in np.flatnonzero(steps < interval_ms)[:1].tolist():
        interval = format_timeframe(interval_ms)
        found = f"the bar opens {steps[at]} ms after the one before, inside it: bars are {interval} long"
        remedy = (
            "correct the interval in the file name; ts_ms is in milliseconds and is the opening of the bar"
        )
        raise TapeError(table.path, table.line(at + 1), found, remedy)


def check_bars(
    table: Table, prices: tuple[Ticks, Ticks, Ticks, Ticks], *, clip_open: bool
) -> tuple[Ticks, int]:
    """Prices are positive and every bar's open and close lie within its range.

    BitMEX reports the close before as the open, which may lie outside; with `clip_open` such opens are
    moved to the nearer end. Gives the opens and how many were moved.
    """
    opens, high, low, close = prices
    for name, column in zip(("open", "high", "low", "close"), prices, strict=True):
        _refuse(table, column <= 0, f"the {name} is zero or negative")
    _refuse(table, high < low, "the high is below the low")
    _refuse(table, (close < low) | (close > high), "the close is outside low and high")
    outside = (opens < low) | (opens > high)
    if not clip_open:
        _refuse(table, outside, "the open is outside low and high")
    count = int(outside.sum())
    return (np.clip(opens, low, high) if count else opens), count


def check_volume(table: Table, volume: npt.NDArray[np.float64]) -> None:
    """Volumes are not negative (unreadable ones have already been refused)."""
    _refuse(table, ~(volume >= 0), "the volume is negative")


def check_rates(table: Table, rates: tuple[Decimal, ...]) -> None:
    """Funding rates are fractions, so anything of 100 % or more is a rate in per cent or a broken line."""
    for row, rate in enumerate(rates):
        if abs(rate) >= _RATE_MAX:
            found = f"the funding rate {rate} is 100 % or more"
            raise TapeError(table.path, table.line(row), found, "give rates as fractions: 0.0001 is 0.01 %")


def check_interest(table: Table, interest: tuple[Decimal, ...]) -> None:
    """Somebody holds something of a contract that is traded."""
    for row, quantity in enumerate(interest):
        if quantity <= 0:
            found = f"the open interest {quantity} is not above 0"
            raise TapeError(table.path, table.line(row), found, "correct or remove the line")


def _refuse(table: Table, bad: npt.NDArray[np.bool_], found: str) -> None:
    if bad.any():
        raise TapeError(table.path, table.line(int(bad.argmax())), found, "correct or remove the line")
