"""Builders for sweeps: outcomes and figures with defaults."""

from collections.abc import Sequence
from decimal import Decimal

from bot.lab.sweep.axes import Axis, Between, Listed, Value
from bot.lab.sweep.cell import Crash, Outcome, Sample
from bot.lab.sweep.days import Paths
from bot.lab.sweep.grid import Cell
from bot.lab.sweep.judging import Figures


def an_axis(*values: Value, name: str = "top_up.below", index: int = 0) -> Axis:
    return Axis(name=name, key=("rules", index, "params", name.rpartition(".")[2]), span=Listed(values))


def a_range(low: str, high: str, *, name: str = "top_up.below", log: bool = False) -> Axis:
    span = Between(low=Decimal(low), high=Decimal(high), log=log)
    return Axis(name=name, key=("rules", 0, "params", name.rpartition(".")[2]), span=span)


def a_crash(scenario: str = "gap", *, survived: bool = True, cost: str = "10") -> Crash:
    return Crash(
        scenario=scenario,
        survived=survived,
        nearest=Decimal("0.02") if survived else Decimal(0),
        cost=Decimal(cost),
        margin_added=Decimal(5),
        equity=Decimal(1000),
        digest="d" * 64,
    )


def some_paths(*, survived: int = 97, cost: str = "250") -> Paths:
    """A hundred."""
    return Paths(
        paths=100,
        survived=survived,
        cost=Decimal(cost),
        margin_added=Decimal("12.34"),
        equity=Decimal(90_000),
    )


def an_outcome(
    cell: int,
    *crashes: Crash,
    sample: Sample = Sample.IN,
    values: Sequence[str] = ("0.05",),
    paths: Paths | None = None,
) -> Outcome:
    return Outcome(
        cell=cell, sample=sample, values=tuple(values), crashes=crashes or (a_crash(),), paths=paths
    )


def figures_of(
    cell: int,
    *,
    survived: int = 10,
    crashes: int = 10,
    cost: str = "100",
    paths_survived: int = 0,
    paths: int = 0,
) -> Figures:
    return Figures(
        cell=cell,
        values=(str(cell),),
        survived=survived,
        crashes=crashes,
        cost=Decimal(cost),
        margin_added=Decimal(0),
        equity=Decimal(0),
        nearest=None,
        paths_survived=paths_survived,
        paths=paths,
    )


def cells_of(*values: tuple[Value, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(number=number, values=each) for number, each in enumerate(values, start=1))
