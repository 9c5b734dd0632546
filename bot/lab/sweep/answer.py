"""The object ``holdfast sweep --json`` prints, and of which everything else it prints is made."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.lab.montecarlo.run import ASSUMED
from bot.lab.replay.result import text
from bot.lab.sweep.axes import value_text
from bot.lab.sweep.cell import Sample
from bot.lab.sweep.days import MINUTES
from bot.lab.sweep.grid import AS_CONFIGURED
from bot.lab.sweep.heat import Field, heat_map
from bot.lab.sweep.judging import Figures
from bot.lab.sweep.parameters import configured
from bot.lab.sweep.sweep import Judged, Layout

SCHEMA_VERSION = 1
_CENTS = Decimal("0.01")


def answer(judged: Judged) -> dict[str, Any]:
    """Everything that came of a sweep; money and fractions as decimal strings."""
    layout = judged.layout
    names = [axis.name for axis in layout.axes]
    as_it_is = {axis.name: value_text(configured(layout.settings, axis)) for axis in layout.axes}

    def told(each: Figures) -> dict[str, Any]:
        values = dict(zip(names, each.values, strict=True)) if each.values else as_it_is
        return {"cell": each.cell, "values": values, **_figures(each)}

    chosen = judged.chosen
    held_back = judged.held_back
    return {
        "schema_version": SCHEMA_VERSION,
        "parameters": names,
        "cells": len(judged.cells),
        "left_out": {"cells": layout.possible.left_out, "because": layout.possible.because},
        **{sample.value: [each.name for each in layout.samples[sample]] for sample in Sample},
        "paths": _paths(layout),
        "configured": told(judged.configured),
        "chosen": told(chosen),
        "judged": {
            "configured": told(held_back[AS_CONFIGURED]) if held_back else None,
            "chosen": told(held_back[chosen.cell]) if held_back else None,
            "warnings": list(judged.warnings),
        },
        "pareto": [told(each) for each in judged.pareto],
        "stability": {
            "stable": judged.stability.stable,
            "neighbours": [told(each) for each in judged.stability.neighbours],
            "at_the_end": list(judged.stability.at_the_end),
        },
        "map": _map(judged),
        "results": [told(each) for each in judged.cells.values()],
        "random": layout.draw,
        "seed": layout.seed,
        "faults": layout.faults,
        "config": layout.settings.digest(),
    }


def _paths(layout: Layout) -> dict[str, Any] | None:
    """How many days were drawn for each sample, how long they are and what from."""
    if layout.days is None:
        return None
    drawn = {sample.value: layout.paths(sample) for sample in Sample}
    return {
        **{name: 0 if each is None else each.paths for name, each in drawn.items()},
        "minutes": MINUTES,
        "assumptions": [*layout.days.history.assumptions, *ASSUMED],
    }


def _figures(each: Figures) -> dict[str, Any]:
    return {
        "survived": each.survived,
        "crashes": each.crashes,
        "paths_survived": each.paths_survived,
        "paths": each.paths,
        "cost_each": text(each.cost_each.quantize(_CENTS)),
        "cost": text(each.cost),
        "margin_added": text(each.margin_added),
        "equity": text(each.equity),
        "smallest_distance": text(each.nearest),
    }


def _map(judged: Judged) -> dict[str, Any]:
    layout = judged.layout
    chosen = next(cell for cell in layout.cells if cell.number == judged.chosen.cell)
    drawn = heat_map(chosen, layout.axes, layout.cells, judged.cells, sliced=layout.draw is None)
    return {
        "down": drawn.down,
        "across": drawn.across,
        "row_names": list(drawn.row_names),
        "column_names": list(drawn.column_names),
        "slice_at": dict(drawn.slice_at),
        "rows": [[None if each is None else _field(each) for each in row] for row in drawn.rows],
    }


def _field(each: Field) -> dict[str, Any]:
    return {
        "part_survived": f"{each.part_survived:.4f}",
        "cost_each": text(each.cost_each.quantize(_CENTS)),
        "cells": list(each.cells),
    }
