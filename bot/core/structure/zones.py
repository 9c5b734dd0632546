"""A zone of prices that mattered before, and the search for the one a stop may stand behind."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Zone(NamedTuple):
    """Prices from ``low`` to ``high``; a single price is a zone of no width."""

    low: Decimal
    high: Decimal


Zones = tuple[Zone, ...]
"""Zones in no order that means anything."""


def behind(zones: Zones, mark: Decimal, sign: int, away: Decimal) -> Zone | None:
    """The nearest zone whose far edge is at least ``away`` behind ``mark``: below for a long (``sign`` +1).

    ``None`` where there is none.
    """
    if sign > 0:
        below = [zone for zone in zones if zone.low <= mark - away]
        return max(below, default=None, key=lambda zone: (zone.low, zone.high))
    above = [zone for zone in zones if zone.high >= mark + away]
    return min(above, default=None, key=lambda zone: (zone.high, zone.low))


def edge_behind(zones: Zones, mark: Decimal, sign: int, away: Decimal) -> Decimal | None:
    """The far edge of that zone: what a stop hides behind, and what is broken where the mark passes it."""
    zone = behind(zones, mark, sign, away)
    return None if zone is None else zone.low if sign > 0 else zone.high
