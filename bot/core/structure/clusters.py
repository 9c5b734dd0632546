"""Support and resistance: places where swings lie together, so that a price has been turned there before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import BarClosed
from bot.core.structure.swings import SwingSeries
from bot.core.structure.zones import Zone, Zones


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which clusters: at least ``touches`` swings within ``width`` of each other, as a fraction of price.

    Swings as in ``Swings``; highs and lows count alike, because what was support becomes resistance.
    """

    timeframe_ms: int
    strength: int
    length: int
    touches: int
    width: Decimal


class ClusterSeries:
    """The clusters of one symbol as they develop."""

    __slots__ = ("_swings", "_touches", "_width")

    def __init__(self, spec: Clusters) -> None:
        """Start without history."""
        self._swings = SwingSeries(spec.strength, spec.length)
        self._touches = spec.touches
        self._width = spec.width

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account."""
        self._swings.update(bar)

    @property
    def value(self) -> Zones | None:
        """The clusters from low to high; ``None`` before enough bars have closed to know a swing."""
        if self._swings.value is None:
            return None
        return clusters_of((*self._swings.highs, *self._swings.lows), self._touches, self._width)


def clusters_of(prices: Iterable[Decimal], touches: int, width: Decimal) -> Zones:
    """The zones that hold at least ``touches`` of ``prices`` and are no wider than ``width`` of their low.

    From the lowest price upwards, each price to the first zone it fits into.
    """
    found: list[Zone] = []
    group: list[Decimal] = []
    for price in sorted(prices):
        if group and price > group[0] * (1 + width):
            found += _zone(group, touches)
            group = []
        group.append(price)
    return (*found, *_zone(group, touches))


def _zone(group: list[Decimal], touches: int) -> list[Zone]:
    return [Zone(group[0], group[-1])] if len(group) >= touches else []
