"""Text for people: aligned columns, and figures in few digits. Plain, so that it reads the same in a log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

NOTHING = "-"


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ", right: frozenset[int] = frozenset()) -> str:
    """Rows as aligned lines; the columns in ``right`` are right-aligned, the last one is not padded."""
    table = [tuple(row) for row in rows]
    if not table:
        return ""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


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


def exact(number: Decimal | str | None) -> str:
    """A price as it is, without trailing zeros; a dash where there is none."""
    from bot.config.fields import format_exact

    return NOTHING if number is None else format_exact(Decimal(number))


def flagged(text: str, synthetic: bool) -> str:  # noqa: FBT001 - it reads like the words it makes
    """A symbol, position or price; where prices are modelled, every line says so."""
    return f"{text} (synthetic)" if synthetic else text


def mentions_flagged(text: str, synthetic: Iterable[str]) -> str:
    """A text in which each mention of a contract says that its prices are modelled, where they are."""
    for symbol in synthetic:
        text = re.sub(
            rf"{re.escape(symbol)}(?![-\w])(?! \(synthetic\))", flagged(symbol, synthetic=True), text
        )
    return text


def moment(at_ms: int) -> str:
    """A time in UTC to the second."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def clock(at_ms: int) -> str:
    """A time of day in UTC."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M:%S}"
