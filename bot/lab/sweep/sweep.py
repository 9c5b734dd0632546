"""A sweep from beginning to end: laid out, run, and judged.

All cells meet the same crashes and paths first. Then one is chosen, and it and the configuration as it is
meet those that were held back.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot.config.rule_files import SHIPPED
from bot.config.settings import Settings
from bot.core.types import Symbol
from bot.lab.montecarlo.drawing import Drawing
from bot.lab.replay.result import text
from bot.lab.scenarios import Scenario
from bot.lab.sweep.axes import Axis, Between, value_text
from bot.lab.sweep.cell import Outcome, Question, Sample, Task, anchored, evaluate
from bot.lab.sweep.days import Days
from bot.lab.sweep.grid import AS_CONFIGURED, Cell, Possible, drawn, full_grid, possible
from bot.lab.sweep.judging import Both, Figures, figures, out_of_sample, pareto
from bot.lab.sweep.results import Results
from bot.lab.sweep.running import run
from bot.lab.sweep.samples import HoldBack, held_back_paths, split
from bot.lab.sweep.stability import Stability, stability
from bot.lab.sweep.workers import Workers

CONFIGURED = Cell(number=AS_CONFIGURED, values=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is to be done. ``draw`` is how many cells are drawn at random, ``None`` for the whole grid."""

    settings: Settings
    axes: tuple[Axis, ...]
    possible: Possible
    samples: Mapping[Sample, tuple[Scenario, ...]]
    prices: Mapping[Symbol, Decimal]
    faults: bool
    seed: int
    draw: int | None
    days: Days | None = None
    """The paths that every cell meets beside the crashes, where there are to be some."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Those that can be; what is as configured is none of them."""
        return self.possible.cells

    @property
    def runs(self) -> int:
        """How many times a cell is evaluated in a sample."""
        return len(self.cells) + 1 + (2 if self.samples[Sample.HELD_BACK] else 0)

    def head(self) -> dict[str, Any]:
        """Everything that the results depend on, as JSON values."""
        return {
            "program": version("holdfast"),
            "config": self.settings.digest(),
            "rules": dict(sorted(_own_rules(self.settings))),
            "parameters": {axis.name: _told(axis) for axis in self.axes},
            "random": self.draw,
            "seed": self.seed,
            **{
                sample.value: {each.name: each.sha256 for each in scenarios}
                for sample, scenarios in self.samples.items()
            },
            "prices": {symbol: text(price) for symbol, price in sorted(self.prices.items())},
            "faults": self.faults,
            **({} if self.days is None else {"paths": self.days.head()}),
        }

    def digest(self) -> str:
        """SHA-256 of the head: equal where the same is asked."""
        return hashlib.sha256(json.dumps(self.head(), sort_keys=True).encode()).hexdigest()

    def paths(self, sample: Sample) -> Drawing | None:
        """The paths of a sample; none where none are asked for, or nothing is held back."""
        if self.days is None or not self.samples[sample]:
            return None
        if sample is Sample.IN:
            return self.days.drawing
        sizes = len(self.samples[Sample.IN]), len(self.samples[Sample.HELD_BACK])
        return self.days.held_back(held_back_paths(self.days.drawing.paths, *sizes))

    def question(self, sample: Sample) -> Question:
        """What every cell is asked in a sample."""
        return Question(
            digest=f"{self.digest()} {sample.value}",
            program=version("holdfast"),
            document=anchored(self.settings.document),
            axes=self.axes,
            scenarios=self.samples[sample],
            prices=self.prices,
            faults=self.faults,
            paths=self.paths(sample),
        )


def lay_out(
    settings: Settings,
    axes: tuple[Axis, ...],
    scenarios: Sequence[Scenario],
    *,
    hold_back: HoldBack | None = None,
    draw: int | None = None,
    seed: int = 0,
    prices: Mapping[Symbol, Decimal] | None = None,
    faults: bool = False,
) -> Layout:
    """Which cells, and which crashes; ParameterError and ConfigError for what cannot be."""
    cells = full_grid(axes) if draw is None else drawn(axes, draw, seed)
    chosen_by, held_back = split(scenarios, hold_back, seed)
    return Layout(
        settings=settings,
        axes=axes,
        possible=possible(settings, axes, cells),
        samples={Sample.IN: chosen_by, Sample.HELD_BACK: held_back},
        prices=prices or {},
        faults=faults,
        seed=seed,
        draw=draw,
    )


def _nobody_is_told(_: int) -> None:
    """Nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of a sweep. ``held_back`` has the figures of what was judged there, by number of the cell."""

    layout: Layout
    cells: Mapping[int, Figures]
    configured: Figures
    pareto: tuple[Figures, ...]
    stability: Stability
    held_back: Mapping[int, Figures] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def chosen(self) -> Figures:
        """The first of the Pareto list."""
        return self.pareto[0]


def sweep(
    layout: Layout, workers: Workers, kept: Results, told: Callable[[int], None] = _nobody_is_told
) -> Judged:
    """Do what is not in ``kept`` yet, and judge all of it; ``told`` hears after each cell how many are done.

    SweepError where workers die faster than they finish; what was done until then is kept.
    """

    def keep(outcome: Outcome) -> None:
        kept.keep(outcome)
        told(len(kept.outcomes))

    def done(sample: Sample, cells: Sequence[Cell]) -> dict[int, Figures]:
        question = layout.question(sample)
        missing = [cell for cell in cells if (sample, cell.number) not in kept.outcomes]
        run([Task(question=question, sample=sample, cell=each) for each in missing], workers, evaluate, keep)
        return {cell.number: figures(kept.outcomes[sample, cell.number]) for cell in cells}

    known = done(Sample.IN, (CONFIGURED, *layout.cells))
    configured = known.pop(AS_CONFIGURED)
    best = pareto(known.values())
    held_back: dict[int, Figures] = {}
    warnings: tuple[str, ...] = ()
    if layout.samples[Sample.HELD_BACK]:
        chosen = next(cell for cell in layout.cells if cell.number == best[0].cell)
        held_back = done(Sample.HELD_BACK, (CONFIGURED, chosen))
        both = Both(best[0], held_back[chosen.number]), Both(configured, held_back[AS_CONFIGURED])
        warnings = tuple(out_of_sample(*both))
    kept.finish()
    return Judged(
        layout=layout,
        cells=known,
        configured=configured,
        pareto=best,
        stability=stability(best[0], layout.axes, layout.cells, known),
        held_back=held_back,
        warnings=warnings,
    )


def _told(axis: Axis) -> list[str]:
    """The values of an axis; those of a range are told by its ends."""
    if isinstance(axis.span, Between):
        ends = [value_text(axis.span.low), value_text(axis.span.high)]
        return ["between", *ends, *(["log"] if axis.span.log else [])]
    return [value_text(value) for value in axis.span.values]


def _own_rules(settings: Settings) -> list[tuple[str, str]]:
    """The rules that did not come along, by name, each with the SHA-256 of its file: it may be edited."""
    classes = {str(entry.name): type(entry.rule) for entry in settings.rules}
    return [
        (name, hashlib.sha256(Path(inspect.getfile(rule)).read_bytes()).hexdigest())
        for name, rule in classes.items()
        if not rule.__module__.startswith(f"{SHIPPED}.")
    ]
