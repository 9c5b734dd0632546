"""The answer of a sweep as text for people: what is chosen, how crashes held back judge it, map and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from bot.cli.text import NOTHING, amount, columns, percent
from bot.lab.sweep.words import (
    FIGURES,
    JUDGED,
    PARETO,
    UNJUDGED,
    cost_of,
    dearness,
    figures_of,
    firmness,
    judged,
    left_out,
    map_axes,
    met,
    now,
    pareto,
    paths_told,
    verdict,
)

Row = Mapping[str, Any]
Colour = tuple[int, int, int]
Shown = Callable[[Row], tuple[str, float]]
"""What stands in a field, and how good it is, from 0 to 1."""

_BAD: Colour = (214, 96, 77)
_GOOD: Colour = (127, 191, 123)
_BLACK: Colour = (0, 0, 0)
_LISTED_MAX = 12


def report(answer: Row) -> str:
    """The whole answer of ``holdfast sweep``."""
    parts = [
        f"CHOSEN: {verdict(answer)}. {answer['cells']} cells in {answer['seconds']:.1f} s",
        now(answer),
        left_out(answer),
        paths_told(answer),
        _held_back(answer),
        *_maps(answer),
        _pareto(answer),
        _stability(answer),
        f"results: {answer['file']}",
    ]
    return "\n\n".join(part for part in parts if part)


def _held_back(answer: Row) -> str:
    """How it does on crashes that the choice has not seen."""
    if answer["judged"]["chosen"] is None:
        return UNJUDGED
    title = f"held back and judged once: {', '.join(answer['held_back'])}"
    return "\n".join((title, columns([JUDGED, *judged(answer)]), *answer["judged"]["warnings"]))


def _maps(answer: Row) -> Iterator[str]:
    dear = dearness(answer)

    def survival(field: Row) -> tuple[str, float]:
        return percent(field["part_survived"], 0), float(field["part_survived"])

    def cost(field: Row) -> tuple[str, float]:
        return amount(field["cost_each"], 0), 1 - dear(field)

    yield f"{met(answer)} survived: {map_axes(answer)}\n{_map(answer, survival)}"
    yield f"{cost_of(answer)}: {map_axes(answer)}\n{_map(answer, cost)}"


def _map(answer: Row, shown: Shown) -> str:
    """Rows of fields, coloured from bad to good where colours are shown; the chosen one in brackets."""
    drawn, chosen = answer["map"], answer["chosen"]["cell"]
    table = [[_field(field, chosen, shown) for field in row] for row in drawn["rows"]]
    names = drawn["column_names"]
    width = max(len(text) for text in (*names, *(text for row in table for text, _ in row)))
    margin = max(map(len, drawn["row_names"]))
    lines = [f"  {'':{margin}} " + " ".join(f"{name:>{width}} " for name in names)] if any(names) else []
    for name, fields in zip(drawn["row_names"], table, strict=True):
        cells = (_coloured(f"{text:>{width}} ", good) for text, good in fields)
        lines.append(f"  {name:>{margin}} " + " ".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def _field(field: Row | None, chosen: int, shown: Shown) -> tuple[str, float | None]:
    if field is None:
        return NOTHING, None
    text, good = shown(field)
    return f"[{text}]" if chosen in field["cells"] else text, good


def _coloured(text: str, good: float | None) -> str:
    if good is None:
        return text
    red, green, blue = (round(bad + (best - bad) * good) for bad, best in zip(_BAD, _GOOD, strict=True))
    return click.style(text, fg=_BLACK, bg=(red, green, blue))


def _pareto(answer: Row) -> str:
    groups = pareto(answer)
    rows = [(*_header(answer), "")]
    for same in groups[:_LISTED_MAX]:
        more = f"(and {len(same) - 1} more like it)" if len(same) > 1 else ""
        rows.append((*_row(same[0]), more))
    rest = len(groups) - _LISTED_MAX
    return f"Pareto list: {PARETO}\n{columns(rows)}" + (f"\n  and {rest} more" if rest > 0 else "")


def _stability(answer: Row) -> str:
    said, *ends = firmness(answer)
    beside = answer["stability"]["neighbours"]
    table = [columns([_header(answer), *map(_row, beside)])] if beside else []
    return "\n".join((said, *table, *ends))


def _header(answer: Row) -> Sequence[str]:
    return (*answer["parameters"], *FIGURES)


def _row(cell: Row) -> Sequence[str]:
    return (*cell["values"].values(), *figures_of(cell))
