"""The page of a sweep: what is chosen, what judges it, the map, the Pareto list and what lies beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from bot.lab.report.heat import Cell, heat_map
from bot.lab.report.page import Page, Section, page
from bot.lab.report.table import Column, table
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
    survived,
    verdict,
)
from bot.look.figures import NOTHING, amount, percent
from bot.look.tone import Tone

Row = Mapping[str, Any]
Drawn = Callable[[Row], tuple[str, float]]
"""What stands in a field, and its shade from 0 to 1."""


def report(answer: Row, versions: Sequence[tuple[str, str]]) -> str:
    """The HTML of what `bot.lab.sweep.answer.answer` gave. ``versions`` are of whatever it was made with."""
    chosen = answer["chosen"]
    warned = bool(answer["judged"]["warnings"]) or not answer["stability"]["stable"]
    said = (
        now(answer),
        *answer["judged"]["warnings"],
        *firmness(answer),
        left_out(answer),
    )
    random = "the whole grid" if answer["random"] is None else f"{answer['random']} drawn"
    return page(
        Page(
            title="Which parameters survive?",
            kind="Holdfast sweep",
            verdict=f"Chosen: {verdict(answer)}.",
            tone=Tone.NEAR if warned else Tone.SAFE,
            lead=[sentence for sentence in said if sentence],
            figures=[
                ("Survived", survived(chosen)),
                (cost_of(answer).capitalize(), amount(chosen["cost_each"])),
                ("Smallest distance", percent(chosen["smallest_distance"], 1)),
                ("Cells", str(answer["cells"])),
            ],
            sections=_sections(answer),
            provenance=[
                ("Configuration", f"sha256 {answer['config']}"),
                ("Cells", f"{random}, seed {answer['seed']}"),
                *_paths(answer),
                ("Faults", "the exchange misbehaves" if answer["faults"] else "none"),
                *versions,
            ],
        )
    )


def _paths(answer: Row) -> list[tuple[str, str]]:
    """What the paths are, where there are any, and what is assumed of them."""
    if answer["paths"] is None:
        return []
    return [("Paths", paths_told(answer)), ("Assumed", "; ".join(answer["paths"]["assumptions"][1:]))]


def _sections(answer: Row) -> list[Section]:
    stable = answer["stability"]
    return [
        Section(
            id="held-back", title=f"{met(answer).capitalize()} that were held back", body=_judged(answer)
        ),
        Section(
            id="map",
            title=f"Where {met(answer)} are survived, and at what cost",
            note=f"{map_axes(answer)}. The chosen cell has a frame; a dash is a cell that cannot be.",
            body=_maps(answer),
        ),
        Section(
            id="pareto",
            title="Survival against cost",
            note=f"The Pareto list: {PARETO}. Equal cells share a line.",
            body=_cells(answer, [same[0] for same in pareto(answer)]),
        ),
        Section(
            id="stability",
            title="What lies beside the choice",
            note=firmness(answer)[0],
            body=_cells(answer, [answer["chosen"], *stable["neighbours"]]),
        ),
    ]


def _judged(answer: Row) -> Markup:
    if answer["judged"]["chosen"] is None:
        return Markup("<p>{}</p>").format(UNJUDGED)
    columns = [Column(title, number=bool(title)) for title in JUDGED]
    caption = f"chosen by {', '.join(answer['in_sample'])}; held back {', '.join(answer['held_back'])}"
    return table(columns, judged(answer), caption=caption)


def _maps(answer: Row) -> Markup:
    dear = dearness(answer)

    def survival(field: Row) -> tuple[str, float]:
        return percent(field["part_survived"], 0), float(field["part_survived"])

    def cost(field: Row) -> tuple[str, float]:
        return amount(field["cost_each"], 0), dear(field)

    return _map(answer, survival, f"{met(answer)} survived") + _map(answer, cost, cost_of(answer))


def _map(answer: Row, drawn: Drawn, caption: str) -> Markup:
    told, chosen = answer["map"], answer["chosen"]["cell"]
    rows = [
        (name, [_field(field, chosen, drawn) for field in row])
        for name, row in zip(told["row_names"], told["rows"], strict=True)
    ]
    corner = f"{told['down']} \\ {told['across']}" if told["across"] else told["down"]
    return heat_map(rows, told["column_names"], corner=corner, caption=caption)


def _field(field: Row | None, chosen: int, drawn: Drawn) -> Cell:
    if field is None:
        return Cell(text=NOTHING)
    text, shade = drawn(field)
    return Cell(text=text, shade=shade, chosen=chosen in field["cells"])


def _cells(answer: Row, cells: Sequence[Row]) -> Markup:
    columns = [Column(title, number=True) for title in (*answer["parameters"], *FIGURES)]
    return table(columns, [(*each["values"].values(), *figures_of(each)) for each in cells])
