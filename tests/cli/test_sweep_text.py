"""The answer of a sweep as people read it, in a terminal and on a page."""

from decimal import Decimal
from typing import Any

import pytest
from click import unstyle

from bot.cli.sweep_text import report
from bot.lab.report.sweep import report as page
from bot.lab.sweep.answer import answer
from bot.lab.sweep.judging import Both, Figures, out_of_sample, pareto
from bot.lab.sweep.stability import stability
from bot.lab.sweep.sweep import Judged
from tests.lab.sweep.small import a_layout

# Three values of `below` down, three of `restore_to` across.
SURVIVED = [10, 10, 7, 10, 9, 7, 6, 6, 6]
COST = [90, 50, 10, 90, 40, 10, 10, 10, 5]


def figures(cell: int, survived: int, cost: int, *values: str, crashes: int = 10) -> Figures:
    return Figures(
        cell=cell,
        values=values,
        survived=survived,
        crashes=crashes,
        cost=Decimal(cost * crashes),
        margin_added=Decimal(100),
        equity=Decimal(5000),
        nearest=Decimal("0.021"),
    )


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    layout = a_layout()
    known = {
        cell.number: figures(cell.number, survived, cost, *map(str, cell.values))
        for cell, survived, cost in zip(layout.cells, SURVIVED, COST, strict=True)
    }
    configured = figures(0, 9, 60)
    best = pareto(known.values())
    held_back = {0: figures(0, 3, 60, crashes=4), 2: figures(2, 2, 101, *best[0].values, crashes=4)}
    judged = Judged(
        layout=layout,
        cells=known,
        configured=configured,
        pareto=best,
        stability=stability(best[0], layout.axes, layout.cells, known),
        held_back=held_back,
        warnings=tuple(out_of_sample(Both(best[0], held_back[2]), Both(configured, held_back[0]))),
    )
    return {**answer(judged), "file": "sweep.jsonl", "seconds": 1.25}


def test_a_program_gets_the_same_figures(told: dict[str, Any]) -> None:
    assert told["chosen"]["cell"] == 2
    assert told["chosen"]["cost_each"] == "50"
    assert told["configured"]["values"] == {"top_up.below": "0.06", "top_up.restore_to": "0.09"}
    assert [each["cell"] for each in told["pareto"]] == [2, 5, 3, 6, 9]
    assert [each["cell"] for each in told["stability"]["neighbours"]] == [5, 1, 3]
    assert told["stability"]["stable"] is False
    assert told["map"]["rows"][1][0] == {"part_survived": "1.0000", "cost_each": "90", "cells": [4]}


def test_people_read_it_from_the_top(told: dict[str, Any]) -> None:
    text = unstyle(report(told))
    assert text.startswith(
        "CHOSEN: top_up.below 0.03, top_up.restore_to 0.08: 10 of 10 crashes are survived at 50.00 each;"
        " as configured 9 at 60.00. 9 cells in 1.2 s\n"
    )
    said = [line for line in text.splitlines() if line[:1].isupper()]
    assert said[1] == "Configured now: top_up.below 0.06, top_up.restore_to 0.09"
    assert [line.partition(":")[0] for line in said[2:]] == [
        "MUCH WORSE on crashes held back",
        "MUCH DEARER on crashes held back",
        "WORSE THAN WHAT YOU HAVE on crashes held back",
        "Pareto list",
        "UNSTABLE",
    ]
    assert "\ntop_up.below is at the end of its range: try beyond it\n" in text
    assert text.endswith("results: sweep.jsonl")


def test_the_map_has_the_choice_in_brackets(told: dict[str, Any]) -> None:
    text = unstyle(report(told))
    begin = text.index("crashes survived: top_up.below down, top_up.restore_to across")
    rows = [line.split() for line in text[begin:].splitlines()[1:5]]
    assert rows == [
        ["0.07", "0.08", "0.09"],
        ["0.03", "100%", "[100%]", "70%"],
        ["0.04", "100%", "90%", "70%"],
        ["0.05", "60%", "60%", "60%"],
    ]


def test_equal_cells_of_the_pareto_list_share_a_line(told: dict[str, Any]) -> None:
    text = unstyle(report(told))
    rows = text[text.index("Pareto list") : text.index("UNSTABLE")].splitlines()[2:]
    assert [" ".join(row.split()[:5]) for row in rows if row] == [
        "0.03 0.08 10 of 10",
        "0.04 0.08 9 of 10",
        "0.03 0.09 7 of 10",
        "0.05 0.09 6 of 10",
    ]
    assert rows[2].endswith("(and 1 more like it)")


def test_the_page_says_the_same(told: dict[str, Any]) -> None:
    html = page(told, [("Holdfast", "0.1.0")])
    assert "10 of 10 crashes are survived at 50.00 each" in html
    assert "MUCH WORSE on crashes held back" in html
    assert "UNSTABLE" in html
    assert "Configured now: top_up.below 0.06, top_up.restore_to 0.09" in html
    assert f"sha256 {told['config']}" in html
    assert len(html.encode()) < 400_000


def test_nothing_held_back_is_said(told: dict[str, Any]) -> None:
    unjudged = {**told, "judged": {"chosen": None, "configured": None, "warnings": []}}
    assert "no crash was held back" in report(unjudged)
    assert "no crash was held back" in page(unjudged, [])
