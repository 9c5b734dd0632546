"""Which cells a sweep has: every combination of the values, or some that are drawn from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from random import Random

from bot.config.errors import ConfigError
from bot.config.settings import Settings
from bot.lab.sweep.axes import Axis, Between, Listed, Value
from bot.lab.sweep.errors import ParameterError
from bot.lab.sweep.parameters import changed, origin_of

CELLS_MAX = 10_000
"""What came of them is held in memory, some 20 kB a cell."""
AS_CONFIGURED = 0
"""The number of the cell in which nothing is changed; the others count from 1."""
_DRAWS_PER_CELL = 50
"""So often another draw is made for a cell that is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of every axis, in their order."""

    number: int
    values: tuple[Value, ...]


def full_grid(axes: Sequence[Axis]) -> tuple[Cell, ...]:
    """Every combination, the last axis fastest; ``ParameterError`` where that is no number, or too great."""
    spans: list[Listed] = []
    for axis in axes:
        if isinstance(axis.span, Between):
            raise ParameterError(
                f"{axis.name}: how many values? Write FIRST:LAST:COUNT, or draw them with --random N"
            )
        spans.append(axis.span)
    count = prod(span.count for span in spans)
    if count > CELLS_MAX:
        raise ParameterError(f"that makes {count:,} cells; allowed: {CELLS_MAX:,}. --random N draws some")
    return _numbered(product(*(span.values for span in spans)))


def drawn(axes: Sequence[Axis], count: int, seed: int) -> tuple[Cell, ...]:
    """``count`` different cells in the order in which ``seed`` draws them; fewer where there are no more."""
    # Only random() is promised to be the same in every version of Python.
    fraction = Random(seed).random
    found: dict[tuple[Value, ...], None] = {}
    for _ in range(count * _DRAWS_PER_CELL):
        if len(found) == count:
            break
        found.setdefault(tuple(axis.span.drawn(fraction()) for axis in axes))
    return _numbered(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """The cells that can be, and why the first of the others cannot."""

    cells: tuple[Cell, ...]
    left_out: int = 0
    because: str = ""


def possible(settings: Settings, axes: tuple[Axis, ...], cells: Sequence[Cell]) -> Possible:
    """The cells that the configuration's own checks let through.

    A value that its parameter cannot have at all is a ConfigError, as if it stood in the file. Values that
    only cannot meet (a target nearer than its trigger) make a cell that is left out.
    """
    kept: list[Cell] = []
    refused: list[ConfigError] = []
    for cell in cells:
        try:
            changed(settings, axes, cell.values)
        except ConfigError as error:
            sources = {origin_of(axis, value) for axis, value in zip(axes, cell.values, strict=True)}
            if any(problem.origin in sources for problem in error.problems):
                raise
            refused.append(error)
        else:
            kept.append(cell)
    if not kept:
        raise refused[0]
    because = str(refused[0]).partition("\n")[0] if refused else ""
    return Possible(cells=tuple(kept), left_out=len(refused), because=because)


def _numbered(values: Iterable[tuple[Value, ...]]) -> tuple[Cell, ...]:
    return tuple(Cell(number=number, values=each) for number, each in enumerate(values, start=1))
