"""What one cell comes to: its rules through every crash of a sample, and through its paths.

`evaluate` is a pure function of what it is given, and everything it takes and gives can be pickled: it may
run here, in another process or on another machine, and answers the same. It plays what ``holdfast stress``
and ``holdfast montecarlo`` play.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from bot.config.errors import Origin
from bot.config.read import Document
from bot.config.settings import resolve
from bot.core.types import Symbol
from bot.lab.montecarlo.drawing import Drawing
from bot.lab.scenarios import Scenario, Taken
from bot.lab.stress.matrix import YOURS, first_prices, symbols_of
from bot.lab.stress.trial import RuleSet, Stage, Stretch, Trial, stretch
from bot.lab.sweep.axes import Axis, value_text
from bot.lab.sweep.days import Paths, met
from bot.lab.sweep.errors import SweepError
from bot.lab.sweep.grid import Cell
from bot.lab.sweep.parameters import document_with

NEAREST_DIGITS = 6
"""A distance is kept in so many decimals."""


class Sample(StrEnum):
    """Which crashes: those that the choice is made by, or those that it has not seen."""

    IN = "in_sample"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What every cell is asked. Two are equal when their ``digest`` is, which is that of all the rest."""

    digest: str
    program: str = field(compare=False)
    """The version of Holdfast that asks: another would answer something else."""
    document: Document = field(compare=False)
    axes: tuple[Axis, ...] = field(compare=False)
    scenarios: tuple[Scenario, ...] = field(compare=False)
    prices: Mapping[Symbol, Decimal] = field(compare=False)
    faults: bool = field(compare=False)
    paths: Drawing | None = field(default=None, compare=False)
    """Days to be drawn, where there are to be some beside the crashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One cell to be evaluated in one sample."""

    question: Question
    sample: Sample
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """How one crash ended; money in the settlement currency, ``nearest`` a fraction of the mark.

    ``nearest`` is the smallest distance to liquidation of any position, ``None`` where none ever had one.
    """

    scenario: str
    survived: bool
    nearest: Decimal | None
    cost: Decimal
    margin_added: Decimal
    equity: Decimal
    digest: str
    """That of the trial, as ``holdfast stress --json`` prints it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one cell came to in one sample, crash by crash."""

    cell: int
    sample: Sample
    values: tuple[str, ...]
    """Those of the axes, as text; none in the cell that is as configured."""
    crashes: tuple[Crash, ...]
    paths: Paths | None = None


def evaluate(task: Task) -> Outcome:
    """Play what a task asks for; ConfigError for positions that cannot be at the prices of some of it."""
    question = task.question
    here = version("holdfast")
    if here != question.program:
        raise SweepError(f"a worker has Holdfast {here}, and this is {question.program}; install one version")
    document, values = question.document, task.cell.values
    if values:
        document = document_with(document, question.axes, values)
    rules = RuleSet(name=YOURS, settings=resolve(document))
    stages = (Stage(each, rules, faults=question.faults) for each in _stretches(question))
    return Outcome(
        cell=task.cell.number,
        sample=task.sample,
        values=tuple(map(value_text, values)),
        crashes=tuple(_crash(stage.judged(stage.played())) for stage in stages),
        paths=None if question.paths is None else met(question.paths, rules),
    )


def anchored(document: Document) -> Document:
    """The document with absolute paths of its files, for those who read it in another folder."""
    origins = {
        key: Origin(str(Path(origin.source).absolute()), origin.line) if origin.line else origin
        for key, origin in document.origins.items()
    }
    return Document(values=document.values, origins=origins)


# A worker is asked the same question, in one sample after the other, for hours.
@lru_cache(maxsize=2)
def _stretches(question: Question) -> tuple[Stretch, ...]:
    settings = resolve(question.document)
    held = symbols_of(settings)
    taken = Taken(first=first_prices(settings, question.prices))
    return tuple(stretch(each, held, taken) for each in question.scenarios)


def _crash(trial: Trial) -> Crash:
    known = [fate.nearest for fate in trial.fates if fate.nearest is not None]
    return Crash(
        scenario=trial.scenario,
        survived=trial.survived,
        nearest=round(min(known), NEAREST_DIGITS) if known else None,
        cost=trial.cost,
        margin_added=trial.margin_added,
        equity=trial.equity,
        digest=trial.digest,
    )
