"""The table of guarded positions: alive in a terminal, plain lines everywhere else.

Only this file imports rich, and only when there is a terminal to draw on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

import click

from bot.cli.text import NOTHING, clock, columns, exact, flagged, mentions_flagged, moment, percent
from bot.core.asking.explain import PositionStatus
from bot.runtime.alerts.wording import named

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

HEADINGS = (
    "position",
    "mark",
    "liquidation",
    "distance",
    "ratio",
    "protected by",
    "next rule",
    "last action",
)
_FIGURES = frozenset({"mark", "liquidation", "distance", "ratio"})
_LEFT_OUT = ("last action", "next rule", "ratio", "mark", "protected by", "liquidation")
"""Columns that go beneath the table when it is too wide, the first one first."""
_NEAR = Decimal("0.05")
_WARNING = Decimal("0.1")
_COLOURS = {"info": "", "action": "green", "warning": "yellow", "critical": "bold red"}

_UNBOUNDED = 10_000
"""Columns no terminal has: how wide a table would like to be."""

Row = tuple[str, dict[str, str]]
"""The style of a position, and its cells by their headings."""


class Board(Protocol):
    """Where the positions are shown."""

    def show(
        self, at_ms: int, rows: Sequence[PositionStatus], stops: Mapping[str, str], state: str = ""
    ) -> None:
        """How things stand; ``stops`` says what each protecting order is, by its client id.

        ``state`` is that of the accounts, where it is not always the same.
        """
        ...

    def say(self, text: str, level: str = "info") -> None:
        """Something happened: info, action, warning or critical."""
        ...


@contextmanager
def board(title: str, out: TextIO) -> Iterator[Board]:
    """The board that suits ``out``; with a terminal it stays where it is and is drawn over."""
    if not out.isatty():
        yield PlainBoard(title)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=out)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield LiveBoard(title, console, live)


def rows_of(positions: Sequence[PositionStatus], stops: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The positions in the order of the headings; whatever speaks of modelled prices says so."""
    modelled = {status.id.symbol for status in positions if status.synthetic}
    return [tuple(mentions_flagged(cell, modelled) for cell in cells(each, stops)) for each in positions]


def cells(status: PositionStatus, stops: Mapping[str, str]) -> tuple[str, ...]:
    """One position in the order of the headings."""
    id_ = status.id
    return (
        f"{named(id_)} {exact(status.quantity)}",
        flagged(exact(status.mark), status.synthetic),
        exact(status.liquidation),
        percent(status.distance),
        percent(status.margin_ratio, 1),
        _protection(status, stops),
        f"{status.next_rule} in {percent(status.next_away)}" if status.next_rule else NOTHING,
        _last(status),
    )


def _protection(status: PositionStatus, stops: Mapping[str, str]) -> str:
    if status.protected_by is not None:
        return stops.get(status.protected_by, status.protected_by)
    return "NAKED" if status.naked_since_ms is None else f"NAKED since {clock(status.naked_since_ms)}"


def _last(status: PositionStatus) -> str:
    action = status.last_action
    if action is None:
        return NOTHING
    return f"{clock(action.at_ms)} {action.rule}: {type(action.intent).__name__}"


class PlainBoard:
    """Lines for logs and pipes."""

    def __init__(self, title: str) -> None:
        _line(title)

    def show(
        self, at_ms: int, rows: Sequence[PositionStatus], stops: Mapping[str, str], state: str = ""
    ) -> None:
        """One line for each position, under headings."""
        lines: list[tuple[str, ...]] = [("time (UTC)", *HEADINGS)]
        lines += [(moment(at_ms), *row) for row in rows_of(rows, stops)]
        if state:
            _line(f"{moment(at_ms)}  {state}")
        _line(columns(lines, indent="") if rows else f"{moment(at_ms)}  no open position")

    def say(self, text: str, level: str = "info") -> None:
        """One line."""
        _line(f"  {text}")


def _line(text: str) -> None:
    """Print a line. A reader that went away must not end the guard of positions: nobody is told then."""
    try:
        click.echo(text)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class LiveBoard:
    """A table that is drawn over, with what happened above it."""

    def __init__(self, title: str, console: Console, live: Live) -> None:
        self._title = title
        self._console = console
        self._live = live

    def show(
        self, at_ms: int, rows: Sequence[PositionStatus], stops: Mapping[str, str], state: str = ""
    ) -> None:
        """Draw the table, and beneath it what it has no room for."""
        from rich.console import Group
        from rich.text import Text

        told = [dict(zip(HEADINGS, row, strict=True)) for row in rows_of(rows, stops)]
        drawn = list(zip(map(_style, rows), told, strict=True))
        table, left_out = self._fitting(drawn)
        beneath = [
            Text(f" {row['position']}, {heading}: {row[heading]}", style=style)
            for style, row in drawn
            for heading in left_out
            if row[heading] != NOTHING
        ]
        title = Text("   ".join(filter(None, (self._title, f"{moment(at_ms)} UTC", state))), style="italic")
        self._live.update(Group(title, table, *beneath), refresh=True)

    def _fitting(self, drawn: Sequence[Row]) -> tuple[Table, list[str]]:
        """The table with as many columns as have room, and the others: no figure is ever cut in two."""
        from rich.measure import Measurement

        options = self._console.options.update(max_width=_UNBOUNDED)
        left_out: list[str] = []
        for heading in (*_LEFT_OUT, None):
            table = _table([each for each in HEADINGS if each not in left_out], drawn)
            fits = Measurement.get(self._console, options, table).maximum <= self._console.width
            if fits or heading is None:
                break
            left_out.append(heading)
        return table, [each for each in HEADINGS if each in left_out]

    def say(self, text: str, level: str = "info") -> None:
        """Print a line above the table."""
        from rich.text import Text

        # Styled by itself: the style of a print would colour the table beneath it as well.
        self._console.print(Text(text, style=_COLOURS.get(level, "")))


def _table(headings: Sequence[str], drawn: Sequence[Row]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, expand=False, padding=(0, 1, 0, 0))
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading in _FIGURES else "left"
        table.add_column(heading, justify=justify, no_wrap=True)
    for style, row in drawn:
        table.add_row(*(Text(row[heading]) for heading in headings), style=style)
    if not drawn:
        table.add_row("no open position")
    return table


def _style(status: PositionStatus) -> str:
    if status.protected_by is None:
        return "bold red"
    if status.distance is None:
        return ""
    if status.distance < _NEAR:
        return "red"
    return "yellow" if status.distance < _WARNING else ""
