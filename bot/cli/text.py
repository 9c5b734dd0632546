"""Text for people: aligned columns, and figures in few digits. Plain, so that it reads the same in a log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from bot.look.figures import NOTHING, amount, clock, moment, percent

__all__ = [
    "NOTHING",
    "amount",
    "clock",
    "columns",
    "exact",
    "flagged",
    "mentions_flagged",
    "moment",
    "percent",
]


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
