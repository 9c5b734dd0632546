"""Figures in few digits, as people read them: the same in a terminal and in a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

NOTHING = "-"


def percent(ratio: Decimal | str | None, digits: int = 2) -> str:
    """A fraction as percent; a dash where there is none."""
    return NOTHING if ratio is None else f"{Decimal(ratio) * 100:.{digits}f}%"


_SMALL = 10
_MOST_DECIMALS = 8


def amount(number: Decimal | str | None, digits: int = 2) -> str:
    """Money or a quantity, rounded for reading; a dash where there is none.

    Small numbers keep more decimals: a hundredth of a coin is money.
    """
    if number is None:
        return NOTHING
    value = Decimal(number)
    if value and abs(value) < _SMALL:
        digits = max(digits, min(_MOST_DECIMALS, 3 - value.adjusted()))
    return f"{value:,.{digits}f}"


def moment(at_ms: int) -> str:
    """A time in UTC to the second."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def clock(at_ms: int) -> str:
    """A time of day in UTC."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M:%S}"
