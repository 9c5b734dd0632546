"""The sentences of a sweep's answer: the same in a terminal and on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.look.figures import amount, percent

Row = Mapping[str, Any]
"""A part of what `answer` gives."""

STABLE = "cells beside the chosen one survive about as many"
UNSTABLE = "cells beside the chosen one survive fewer; what looks good here may be luck"
ALONE = "no cell lies beside the chosen one: nothing says how stable it is"
UNJUDGED = "no crash was held back: nothing says whether these values fit others than those"
PARETO = "nothing survives more at that cost, or as many at less"
FIGURES = ("survived", "cost each", "margin added", "smallest distance")
"""What `figures_of` gives."""


def values_of(cell: Row) -> str:
    """The values of a cell, by the names of their parameters."""
    return ", ".join(f"{name} {value}" for name, value in cell["values"].items())


def survived(cell: Row) -> str:
    """How many of the crashes it survives, and of the paths where there are any."""
    told = f"{cell['survived']} of {cell['crashes']}"
    return f"{told} + {cell['paths_survived']} of {cell['paths']}" if cell["paths"] else told


def met(answer: Row) -> str:
    """What is survived or not."""
    return "crashes and paths" if answer["paths"] else "crashes"


def figures_of(cell: Row) -> tuple[str, ...]:
    """Its figures in few digits."""
    return (
        survived(cell),
        amount(cell["cost_each"]),
        amount(cell["margin_added"]),
        percent(cell["smallest_distance"], 1),
    )


def verdict(answer: Row) -> str:
    """What is chosen, beside what is configured."""
    chosen, configured = answer["chosen"], answer["configured"]
    lived, before = f"{chosen['survived']} of {chosen['crashes']} crashes", str(configured["survived"])
    if answer["paths"]:
        lived += f" and {chosen['paths_survived']} of {chosen['paths']} paths"
        before += f" and {configured['paths_survived']}"
    return (
        f"{values_of(chosen)}: {lived} are survived at {amount(chosen['cost_each'])} each;"
        f" as configured {before} at {amount(configured['cost_each'])}"
    )


def now(answer: Row) -> str:
    """What is configured: the values that the chosen ones would replace."""
    return f"Configured now: {values_of(answer['configured'])}"


def left_out(answer: Row) -> str:
    """How many cells could not be, and why; nothing where all could."""
    count = answer["left_out"]["cells"]
    if not count:
        return ""
    many = "1 cell is left out" if count == 1 else f"{count} cells are left out, the first of them"
    return f"{many}: {answer['left_out']['because']}"


def firmness(answer: Row) -> tuple[str, ...]:
    """How firmly the choice stands, and the parameters that may lie beyond their range."""
    stability = answer["stability"]
    if not stability["neighbours"]:
        said = ALONE
    else:
        said = f"STABLE: {STABLE}" if stability["stable"] else f"UNSTABLE: {UNSTABLE}"
    return (said, *(f"{name} is at the end of its range: try beyond it" for name in stability["at_the_end"]))


def judged(answer: Row) -> tuple[tuple[str, ...], ...]:
    """The chosen cell and what is configured: name and figures by which it was chosen, and held back."""
    return tuple(
        (
            name,
            survived(answer[name]),
            amount(answer[name]["cost_each"]),
            survived(answer["judged"][name]),
            amount(answer["judged"][name]["cost_each"]),
        )
        for name in ("chosen", "configured")
    )


JUDGED = ("", "chosen by", "cost each", "held back", "cost each")
"""The header of `judged`."""


def pareto(answer: Row) -> tuple[Sequence[Row], ...]:
    """The Pareto list; cells that are equal in it together."""
    groups = groupby(answer["pareto"], lambda cell: (survived(cell), cell["cost"]))
    return tuple(list(group) for _, group in groups)


def paths_told(answer: Row) -> str:
    """How many paths there are and where they come from; nothing where there are none."""
    told = answer["paths"]
    if told is None:
        return ""
    many = f"{told['in_sample']} paths of {told['minutes'] // 60} hours, and {told['held_back']} held back"
    return f"{many}; {told['assumptions'][0]}"


def cost_of(answer: Row) -> str:
    """What the cost of a field of the map is the cost of."""
    return "cost of a crash or path" if answer["paths"] else "cost of a crash"


def dearness(answer: Row) -> Callable[[Row], float]:
    """How dear a field of the map is among all, from 0 for the cheapest to 1; a shade, hence a float."""
    fields = [field for row in answer["map"]["rows"] for field in row if field is not None]
    costs = [float(field["cost_each"]) for field in fields]
    least, span = min(costs), (max(costs) - min(costs)) or 1.0
    return lambda field: (float(field["cost_each"]) - least) / span


def map_axes(answer: Row) -> str:
    """What is down and what across on the maps, and at which values of the other parameters."""
    drawn = answer["map"]
    across = f", {drawn['across']} across" if drawn["across"] else ""
    fixed = "".join(f", {name} {value}" for name, value in drawn["slice_at"].items())
    return f"{drawn['down']} down{across}{fixed}"
