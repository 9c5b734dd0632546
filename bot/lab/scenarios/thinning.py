"""Order books that are the thinner the wilder the market is, where a scenario does not say it step by step.

What rests near the middle falls as the inverse of how much prices vary: who quotes takes the same risk with
less. From one anchor to the next that is the root mean square of a minute's return, the straight way and the
walk around it together; the spread widens by as much as the depth falls.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from bot.lab.scenarios.minutes import Waypoint
from bot.lab.scenarios.model import ThinningPart
from bot.lab.scenarios.scenario import Scenario


class Books(NamedTuple):
    """How order books are from a minute on, in multiples of the configured ones."""

    after: int
    spread: Decimal
    depth: Decimal


def books(scenario: Scenario) -> tuple[Books, ...]:
    """How order books are from when on: as the file says it, or as the first path in it varies."""
    table = scenario.table
    if table.thinning is None:
        return tuple(Books(each.after, each.spread, each.depth) for each in table.liquidity)
    leader = next(name for name, coin in table.coins.items() if coin.path)
    return tuple(_thinned(scenario.way(leader), table.thinning))


def _thinned(way: tuple[Waypoint, ...], terms: ThinningPart) -> Iterator[Books]:
    said = None
    for minute, varies in _legs(way):
        times = max(1.0, varies / float(terms.calm))
        spread, depth = min(terms.widest, _short(times)), max(terms.least, _short(1 / times))
        if (spread, depth) != said:
            said = spread, depth
            yield Books(minute, *said)


def _legs(way: tuple[Waypoint, ...]) -> Iterator[tuple[int, float]]:
    """When each leg begins, and the root mean square of a minute's return in it.

    A jump is part of the leg after it.
    """
    before = way[0]
    for here, there in pairwise(way):
        count = there.minute - here.minute
        if count:
            straight = (there.price / before.price - 1) / count
            yield here.minute, sqrt(here.wander * here.wander + straight * straight)
            before = there


def _short(value: float) -> Decimal:
    """Two digits are as much as is known of it; and no machine writes others."""
    return Decimal(f"{value:.2g}")
