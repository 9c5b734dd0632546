"""The first two parameters as a map: how many crashes are survived where, and what that costs.

Of a grid it is the slice through the chosen cell: the other parameters are as they are there. Cells that were
drawn at random are gathered into fields of equal width instead, and a field is the mean of what lies in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from bot.core.types import ZERO
from bot.lab.sweep.axes import Axis, Listed, Value, value_text
from bot.lab.sweep.grid import Cell
from bot.lab.sweep.judging import Figures

FIELDS = 8
"""Into so many fields an axis is divided that has more values than can be shown one by one."""
SHOWN_MAX = 24
"""So many values are shown one by one."""
_NO_AXIS = Axis(name="", key=(), span=Listed(("",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The mean of the cells in one field of the map: the part that is survived, and the cost of a crash."""

    part_survived: Decimal
    cost_each: Decimal
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Rows by columns; ``None`` where no cell lies. ``across`` is empty where there is one parameter only."""

    down: str
    across: str
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    rows: tuple[tuple[Field | None, ...], ...]
    slice_at: tuple[tuple[str, str], ...]
    """The parameters that are not shown, and the values they have here; none where fields are means."""


def heat_map(
    chosen: Cell, axes: Sequence[Axis], cells: Sequence[Cell], known: Mapping[int, Figures], *, sliced: bool
) -> HeatMap:
    """The map of ``cells``, whose figures are ``known`` by their numbers.

    ``sliced``: only those are on it that are as the ``chosen`` one is in all parameters but the first two.
    """
    shown = [cell for cell in cells if not sliced or cell.values[2:] == chosen.values[2:]]
    row_names, row_of = _fields(axes[0], [cell.values[0] for cell in cells])
    column_names, column_of = _fields(axes[1] if len(axes) > 1 else _NO_AXIS, _second(cells))
    members: dict[tuple[int, int], list[Figures]] = {}
    for cell in shown:
        at = row_of[cell.values[0]], column_of[_second([cell])[0]]
        members.setdefault(at, []).append(known[cell.number])
    return HeatMap(
        down=axes[0].name,
        across=axes[1].name if len(axes) > 1 else "",
        row_names=row_names,
        column_names=column_names,
        rows=tuple(
            tuple(_mean(members.get((row, column), [])) for column in range(len(column_names)))
            for row in range(len(row_names))
        ),
        slice_at=tuple(
            (axis.name, value_text(value))
            for axis, value in zip(axes[2:], chosen.values[2:], strict=True)
            if sliced
        ),
    )


def _second(cells: Sequence[Cell]) -> list[Value]:
    """What the second axis has, or nothing where there is none."""
    return [cell.values[1] if len(cell.values) > 1 else "" for cell in cells]


def _fields(axis: Axis, values: Sequence[Value]) -> tuple[tuple[str, ...], dict[Value, int]]:
    """The names of the fields in order, and which of them each value is in."""
    ordered = sorted(set(values), key=axis.span.place)
    if len(ordered) <= SHOWN_MAX:
        return tuple(map(value_text, ordered)), {value: field for field, value in enumerate(ordered)}
    grouped = [list(group) for _, group in groupby(ordered, lambda value: _width_of(axis, value))]
    names = tuple(f"{value_text(group[0])}..{value_text(group[-1])}" for group in grouped)
    return names, {value: field for field, group in enumerate(grouped) for value in group}


def _width_of(axis: Axis, value: Value) -> int:
    return min(int(axis.span.place(value) * FIELDS), FIELDS - 1)


def _mean(members: Sequence[Figures]) -> Field | None:
    if not members:
        return None
    return Field(
        part_survived=sum((each.part_survived for each in members), ZERO) / len(members),
        cost_each=sum((each.cost_each for each in members), ZERO) / len(members),
        cells=tuple(each.cell for each in members),
    )
