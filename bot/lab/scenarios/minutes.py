"""The minutes between anchors: a random walk that is where it has to be at each of them.

Between two anchors the price goes straight, and a walk around it that begins and ends at nothing (a Brownian
bridge) makes the minutes: as wild as the file says, in quiet and in lively quarters of an hour, with more
very large moves than a normal distribution has, and most of it shared by all coins, as in a market. Within
its minute a price reaches as far as such a walk does. The best and the worst price are those of anchors:
nothing that the file does not say is the worst.

Statistics, hence floats; only additions, multiplications, divisions and roots, which every machine rounds in
the same way, of whole numbers from a generator whose stream never changes: a seed gives the same ticks
everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHARED, OWN = 0.8, 0.6
"""What of a minute's move comes from the market, and what from the coin itself: the squares sum to one."""
_MOOD_MIN = 15
"""So long the market stays quiet or lively."""
_MARGIN = 0.005
"""How far the minutes stay from the extremes, as a part of the range between these."""
_QUIET, _LIVELY = 0.5, 1.4
"""The mood is this and that times the square of a number between 0 and 1: about one in the mean square."""
_TAIL = 0.07
"""How much of the cube of a normal number is added to it."""
_TAIL_SCALE = sqrt(1 + 6 * _TAIL**2)
"""The deviation of what that gives."""


class Waypoint(NamedTuple):
    """A minute, the price at it, and the standard deviation of a minute's return from there on."""

    minute: int
    price: float
    wander: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minutes:
    """One bar for each minute, in whatever unit the waypoints are."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats


def minutes(way: Sequence[Waypoint], seed: str, coin: str) -> Minutes:
    """The bars along ``way``, which begins at minute 0; the same for one seed and coin."""
    count = way[-1].minute
    mood = _mood(Draws(f"{seed} mood"), count)
    shared = _heavy(Draws(f"{seed} market").normals(count))
    own = Draws(f"{seed} coin {coin}")
    steps = (shared * SHARED + _heavy(own.normals(count)) * OWN) * mood
    legs = _legs(way, steps)
    opens, close, scale = (np.concatenate(parts) for parts in zip(*legs, strict=True))
    # A walk from one price to another reaches beyond both by this much: -2 ln U is a sum of two squares.
    reach = (scale * mood) ** 2
    up, down = (reach * (own.normals(count) ** 2 + own.normals(count) ** 2) for _ in range(2))
    span = (close - opens) ** 2
    bottom, top = _walls(way)
    above, below = np.maximum(opens, close), np.minimum(opens, close)
    high, low = (opens + close + np.sqrt(span + up)) * 0.5, (opens + close - np.sqrt(span + down)) * 0.5
    # What would pass a wall goes half of the way there.
    high = np.where(high < top, high, np.maximum(above, (above + top) * 0.5))
    low = np.where(low > bottom, low, np.minimum(below, (below + bottom) * 0.5))
    return Minutes(open=opens, high=high, low=low, close=close)


class Draws:
    """Random numbers of one name, from whole ones; the stream of PCG64 is promised never to change."""

    def __init__(self, name: str) -> None:
        """Begin the stream that belongs to ``name``."""
        self._bits = np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big"))

    def fractions(self, count: int, of: int) -> Floats:
        """``count`` rows of ``of`` numbers between 0 and 1, in steps of 1/65536."""
        raw = self._bits.random_raw((count * of + 3) // 4).astype("<u8").view("<u2")
        rows: Floats = (raw[: count * of].astype(np.float64) + 0.5) / 65_536.0
        return rows.reshape(count, of)

    def normals(self, count: int) -> Floats:
        """Nearly normal numbers, of mean 0 and deviation 1: sums of twelve."""
        rows = self.fractions(count, 12)
        total = rows[:, 0] - 6.0
        for column in range(1, 12):
            total = total + rows[:, column]
        return total


def _heavy(normals: Floats) -> Floats:
    """With more large moves, and a deviation of 1 as before."""
    heavy: Floats = normals * ((1 - 3 * _TAIL) + _TAIL * normals * normals) / _TAIL_SCALE
    return heavy


def _mood(draws: Draws, count: int) -> Floats:
    """How lively each minute is: it changes from one quarter of an hour to the next, not at once."""
    edges = count // _MOOD_MIN + 2
    drawn = draws.fractions(edges, 1)[:, 0]
    at_edges = _QUIET + _LIVELY * drawn * drawn
    minute = np.arange(count)
    edge, past = minute // _MOOD_MIN, (minute % _MOOD_MIN) / _MOOD_MIN
    mood: Floats = at_edges[edge] * (1.0 - past) + at_edges[edge + 1] * past
    return mood


def _legs(way: Sequence[Waypoint], steps: Floats) -> list[tuple[Floats, Floats, Floats]]:
    """Open, close and deviation of each minute, for each leg between two waypoints that are minutes apart."""
    bottom, top = _walls(way)
    legs = []
    for here, there in pairwise(way):
        count = there.minute - here.minute
        if not count:
            continue  # A jump: the next leg opens where this one did not close.
        past = np.arange(count + 1) / count
        straight = here.price + (there.price - here.price) * past
        walk = np.concatenate((np.zeros(1), np.cumsum(steps[here.minute : there.minute]))) * here.wander
        walked = straight * (1.0 + (walk - walk[-1] * past))
        # Whatever passes a wall comes back, as a ball does; only the straight way itself leads beyond it.
        ceiling, floor = np.maximum(straight, top), np.minimum(straight, bottom)
        folded = np.where(walked > ceiling, 2.0 * ceiling - walked, walked)
        inside = np.clip(np.where(folded < floor, 2.0 * floor - folded, folded), floor, ceiling)
        inside[0], inside[-1] = here.price, there.price
        legs.append((inside[:-1], inside[1:], straight[:-1] * here.wander))
    return legs


def _walls(way: Sequence[Waypoint]) -> tuple[float, float]:
    """The range that minutes keep to: a little within that of the waypoints, which alone are extremes."""
    prices = [each.price for each in way]
    bottom, top = min(prices), max(prices)
    margin = (top - bottom) * _MARGIN
    return bottom + margin, top - margin
