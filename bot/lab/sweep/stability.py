"""How firmly the chosen cell stands: what its neighbours come to.

A good cell among bad ones is luck: nobody can say in advance that the next crash will be met at just these
values. A neighbour is the next cell along one axis, the others being equal; where cells were drawn at
random and none is in line, the nearest ones stand for them, two for each axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.lab.sweep.axes import Axis, Value
from bot.lab.sweep.grid import Cell
from bot.lab.sweep.judging import Figures

SHAKEN = Decimal("0.1")
"""A neighbour that survives fewer crashes by more than this part of them makes the chosen cell unstable."""

Place = tuple[float, ...]
"""Where a cell lies: from 0 to 1 on each axis. Floats: they only say what is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """The neighbours of the chosen cell, and the axes at whose end it lies."""

    chosen: Figures
    neighbours: tuple[Figures, ...]
    at_the_end: tuple[str, ...]
    """Axes of numbers on which no cell lies beyond it on one side: the best may lie outside of the grid."""

    @property
    def stable(self) -> bool:
        """Whether every neighbour survives about as many."""
        lost = (self.chosen.part_survived - each.part_survived for each in self.neighbours)
        return all(part <= SHAKEN for part in lost)


def stability(
    chosen: Figures, axes: Sequence[Axis], cells: Sequence[Cell], known: Mapping[int, Figures]
) -> Stability:
    """That of the ``chosen`` cell among ``cells``, whose figures are ``known`` by their numbers."""
    places = {cell.number: _place(axes, cell.values) for cell in cells}
    near = neighbours(chosen.cell, places)
    return Stability(
        chosen=chosen,
        neighbours=tuple(known[number] for number in near),
        at_the_end=tuple(_at_the_end(chosen.cell, axes, cells)),
    )


def neighbours(chosen: int, places: Mapping[int, Place]) -> tuple[int, ...]:
    """The cells beside one of them, by number."""
    here = places[chosen]
    others = {number: place for number, place in places.items() if number != chosen}
    in_line = [number for axis in range(len(here)) for number in _beside(axis, here, others)]
    if in_line:
        return tuple(in_line)
    nearest = sorted(others, key=lambda number: (_distance(here, others[number]), number))
    return tuple(nearest[: 2 * len(here)])


def _beside(axis: int, here: Place, others: Mapping[int, Place]) -> Iterator[int]:
    """The next one below and the next one above, among those that differ on this axis only."""
    line = {
        place[axis]: number
        for number, place in others.items()
        if place[:axis] == here[:axis] and place[axis + 1 :] == here[axis + 1 :]
    }
    below = [at for at in line if at < here[axis]]
    above = [at for at in line if at > here[axis]]
    if below:
        yield line[max(below)]
    if above:
        yield line[min(above)]


def _distance(one: Place, other: Place) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _place(axes: Sequence[Axis], values: Sequence[Value]) -> Place:
    return tuple(axis.span.place(value) for axis, value in zip(axes, values, strict=True))


def _at_the_end(chosen: int, axes: Sequence[Axis], cells: Sequence[Cell]) -> Iterator[str]:
    mine = next(cell.values for cell in cells if cell.number == chosen)
    for at, axis in enumerate(axes):
        values = {cell.values[at] for cell in cells}
        numbers = [value for value in values if isinstance(value, int | Decimal)]
        if len(values) > 1 and len(numbers) == len(values) and mine[at] in {min(numbers), max(numbers)}:
            yield axis.name
