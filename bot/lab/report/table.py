"""A table that scrolls by itself where the screen is narrower than it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bot.look.templating import rendered


@dataclass(frozen=True, slots=True)
class Column:
    """The title of a column; ``number`` aligns its cells by their last digit."""

    title: str
    number: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str | Markup]], *, caption: str = "") -> Markup:
    """A ``<table>``. Texts are escaped, a ``Markup`` is not. ValueError for a row of another length."""
    paired = [list(zip(columns, row, strict=True)) for row in rows]
    return rendered("table.html", columns=columns, rows=paired, caption=caption)
