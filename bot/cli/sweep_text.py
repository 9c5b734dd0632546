"""The answer of a sweep as text for people: what is chosen, how crashes held back judge it, map and lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import click

from bot.cli.text import NOTHING, amount, columns, percent

Row = Mapping[str, Any]
Colour = tuple[int, int, int]

_BAD: Colour = (214, 96, 77)
_GOOD: Colour = (127, 191, 123)
_LISTED_MAX = 12


def report(answer: Row) -> str:
    """The whole answer of ``holdfast sweep``."""
    parts = [
        verdict(answer),
        _left_out(answer),
        _held_back(answer),
        *_maps(answer),
        _pareto(answer),
        _stability(answer),
        f"results: {answer['file']}",
    ]
    return "\n\n".join(part for part in parts if part)


def verdict(answer: Row) -> str:
    """What is chosen, beside what is configured."""
    chosen, configured = answer["chosen"], answer["configured"]
    return (
        f"CHOSEN: {values_of(chosen)}: {_survived(chosen)} crashes are survived at"
        f" {amount(chosen['cost_each'])} each; as configured {configured['survived']} at"
        f" {amount(configured['cost_each'])}."
        f" {answer['cells']} cells in {answer['seconds']:.1f} s"
    )


def values_of(cell: Row) -> str:
    """The values of a cell, by the names of their parameters."""
    return ", ".join(f"{name} {value}" for name, value in cell["values"].items())


def _survived(cell: Row) -> str:
    return f"{cell['survived']} of {cell['crashes']}"


def _left_out(answer: Row) -> str:
    left_out = answer["left_out"]
    count = left_out["cells"]
    if not count:
        return ""
    many = "1 cell is left out" if count == 1 else f"{count} cells are left out, the first of them"
    return f"{many}: {left_out['because']}"


def _held_back(answer: Row) -> str:
    """How it does on crashes that the choice has not seen."""
    judged = answer["judged"]
    if judged["chosen"] is None:
        return "no crash was held back: nothing says whether these values fit others than those"
    title = f"held back and judged once: {', '.join(answer['held_back'])}"
    rows = [("", "chosen by", "cost each", "held back", "cost each")]
    for name in ("chosen", "configured"):
        seen, unseen = answer[name], judged[name]
        figures = (_survived(seen), amount(seen["cost_each"]), _survived(unseen), amount(unseen["cost_each"]))
        rows.append((name, *figures))
    return "\n".join((title, columns(rows), *judged["warnings"]))


def _maps(answer: Row) -> Iterator[str]:
    drawn = answer["map"]
    fixed = "".join(f", {name} {value}" for name, value in drawn["slice_at"].items())
    axes = f"{drawn['down']} down" + (f", {drawn['across']} across" if drawn["across"] else "")
    fields = [field for row in drawn["rows"] for field in row if field is not None]
    costs = [Decimal(field["cost_each"]) for field in fields]
    least, most = min(costs), max(costs)

    def survived(field: Row) -> tuple[str, Decimal]:
        part = Decimal(field["part_survived"])
        return percent(part, 0), part

    def cost(field: Row) -> tuple[str, Decimal]:
        each = Decimal(field["cost_each"])
        return amount(each, 0), (most - each) / (most - least) if most > least else Decimal(1)

    yield f"crashes survived: {axes}{fixed}\n{_map(answer, survived)}"
    yield f"cost of a crash: {axes}{fixed}\n{_map(answer, cost)}"


def _map(answer: Row, shown: Any) -> str:  # noqa: ANN401 - either of two functions
    """Rows of fields, coloured from bad to good where colours are shown; the chosen one in brackets."""
    drawn, chosen = answer["map"], answer["chosen"]["cell"]
    table: list[list[tuple[str, Decimal | None]]] = []
    for row in drawn["rows"]:
        texts: list[tuple[str, Decimal | None]] = []
        for field in row:
            text, good = (NOTHING, None) if field is None else shown(field)
            texts.append((f"[{text}]" if field is not None and chosen in field["cells"] else text, good))
        table.append(texts)
    names = drawn["column_names"]
    width = max(len(text) for text in (*names, *(text for row in table for text, _ in row)))
    margin = max(map(len, drawn["row_names"]))
    lines = [f"  {'':{margin}} " + " ".join(f"{name:>{width}} " for name in names)] if any(names) else []
    for name, texts in zip(drawn["row_names"], table, strict=True):
        cells = (_coloured(f"{text:>{width}} ", good) for text, good in texts)
        lines.append(f"  {name:>{margin}} " + " ".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def _coloured(text: str, good: Decimal | None) -> str:
    if good is None:
        return text
    part = float(good)
    mixed = [round(bad + (best - bad) * part) for bad, best in zip(_BAD, _GOOD, strict=True)]
    return click.style(text, fg=(0, 0, 0), bg=(mixed[0], mixed[1], mixed[2]))


def _pareto(answer: Row) -> str:
    """The Pareto list; cells that are equal in it share a line."""
    rows: list[Sequence[str]] = [_header(answer)]
    groups = groupby(answer["pareto"], lambda cell: (cell["survived"], cell["cost"]))
    listed = [list(group) for _, group in groups]
    for group in listed[:_LISTED_MAX]:
        same = f"  (and {len(group) - 1} more like it)" if len(group) > 1 else ""
        rows.append((*_row(group[0]), same))
    more = len(listed) - _LISTED_MAX
    rest = f"\n  and {more} more" if more > 0 else ""
    return f"Pareto list: nothing survives more at that cost, or as many at less\n{columns(rows)}{rest}"


def _stability(answer: Row) -> str:
    stable, chosen = answer["stability"], answer["chosen"]
    word = "STABLE" if stable["stable"] else "UNSTABLE"
    said = {
        "STABLE": "cells beside the chosen one survive about as many",
        "UNSTABLE": "cells beside the chosen one survive fewer; what looks good here may be luck",
    }
    rows: list[Sequence[str]] = [_header(answer)]
    for each in stable["neighbours"]:
        more = each["survived"] - chosen["survived"]
        rows.append((*_row(each), f"  {more:+d}" if more else ""))
    lines = [f"{word}: {said[word]}", columns(rows)]
    if not stable["neighbours"]:
        lines = ["no cell lies beside the chosen one: nothing says how stable it is"]
    lines += [f"{name} is at the end of its range: try beyond it" for name in stable["at_the_end"]]
    return "\n".join(lines)


def _header(answer: Row) -> tuple[str, ...]:
    return (*answer["parameters"], "survived", "cost each", "margin added", "smallest distance", "")


def _row(cell: Row) -> tuple[str, ...]:
    figures = (_survived(cell), amount(cell["cost_each"]), amount(cell["margin_added"]))
    return (*cell["values"].values(), *figures, percent(cell["smallest_distance"], 1))
