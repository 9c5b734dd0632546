"""A heat map: a table whose cells are shaded, with the figure in each: shades alone are hard to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bot.look.templating import rendered
from bot.look.tone import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field. ``shade`` in [0, 1] darkens it; ``tone`` colours it and sets its shape before the text.

    ``detail`` is a second, smaller line; ``href`` a place in this page; ``chosen`` draws a frame around it.
    """

    text: str
    detail: str = ""
    tone: Tone = Tone.PLAIN
    shade: float | None = None
    href: str = ""
    chosen: bool = False


def heat_map(
    rows: Sequence[tuple[str | Markup, Sequence[Cell]]],
    columns: Sequence[str],
    *,
    corner: str,
    caption: str = "",
) -> Markup:
    """A ``<table>`` with a name before each row. ``corner`` says what the rows are.

    ValueError for a row that has not a cell for every column.
    """
    if any(len(cells) != len(columns) for _, cells in rows):
        raise ValueError(f"every row needs {len(columns)} cells")
    return rendered("heat.html", rows=rows, columns=columns, corner=corner, caption=caption)
