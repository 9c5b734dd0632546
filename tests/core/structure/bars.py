"""Bars for the tests of what is found in them."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from bot.core.facts import BarClosed
from bot.core.structure import StructureSeries
from tests.building.core import BTC, T0, D

HOUR = 3_600_000
S = TypeVar("S", bound=StructureSeries)


def bars(*ranges: tuple[str, str], volumes: Sequence[str | None] = ()) -> list[BarClosed]:
    """Hourly bars from low to high, that open low and close high, with volumes where they are told."""
    told = [None if each is None else D(each) for each in volumes] or [None] * len(ranges)
    return [
        BarClosed(T0 + at * HOUR, BTC, HOUR, D(low), D(high), D(low), D(high), volume)
        for at, ((low, high), volume) in enumerate(zip(ranges, told, strict=True))
    ]


def fed(series: S, closed: Iterable[BarClosed]) -> S:
    """The series after these bars."""
    for bar in closed:
        series.update(bar)
    return series
