"""Profit less requirement of one symbol as a broken line over its coordinate (see ``arithmetic``).

Every question about a margin pool is a sum of such lines: its wallet, and one of them per symbol.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.margin.arithmetic import direction
from bot.core.margin.pool import Holding, Legs
from bot.core.margin.requirement import line, tier_index, tiers_move
from bot.core.types import ONE, ZERO, Side


class Curve:
    """The legs of one symbol: ``weight`` times their profit, less what they have to keep.

    ``stretch`` multiplies the coordinate the profit is taken at, not that of the requirement. Where sides
    net, only those of the ``counted`` side have to keep something.
    """

    __slots__ = ("_edges", "_pieces", "contract", "legs")

    def __init__(
        self, legs: Legs, weight: Decimal, stretch: Decimal = ONE, counted: Side | None = None
    ) -> None:
        """Lay out the line, piece by piece: a coordinate at an edge belongs to the piece below it."""
        self.legs = legs
        self.contract: Contract = legs[0].contract
        edges = [_edges(leg) for leg in legs]
        self._edges = edges[0] if len(legs) == 1 else sorted({edge for each in edges for edge in each})
        inside = [*self._edges, self._edges[-1] + ONE] if self._edges else [ONE]
        ramps = [_ramp(leg, weight, stretch) for leg in legs]
        self._pieces = [_piece(legs, edges, ramps, at, counted) for at in inside]

    def value(self, at: Decimal) -> Decimal:
        """The line at a coordinate."""
        intercept, slope = self._pieces[bisect_left(self._edges, at)] if self._edges else self._pieces[0]
        return intercept + slope * at

    def slope(self, at: Decimal) -> Decimal:
        """How much it rises with the coordinate there."""
        return self._pieces[bisect_left(self._edges, at)][1]

    def piece(self, at: Decimal) -> tuple[Decimal | None, Decimal | None]:
        """The edges around a coordinate, between which the line is straight; ``None`` where there is none."""
        index = bisect_left(self._edges, at)
        return (
            self._edges[index - 1] if index else None,
            self._edges[index] if index < len(self._edges) else None,
        )

    def reach(self, at: Decimal, budget: Decimal, sense: int, heading: int) -> Decimal | None:
        """How far up or down the coordinate may go from ``at`` before the line has fallen by ``budget``.

        ``sense`` 1: fallen, -1: risen. ``heading`` 1: up, -1: down. ``None`` if it never does.
        """
        edges, pieces = self._edges, self._pieces
        index = bisect_left(edges, at)
        intercept, slope = pieces[index]
        limit = sense * (intercept + slope * at) - budget
        while True:
            beyond = index if heading > 0 else index - 1
            edge = edges[beyond] if 0 <= beyond < len(edges) else None
            if sense * slope * heading < 0:
                root = (sense * limit - intercept) / slope
                if edge is None or (edge - root) * heading >= 0:
                    return root if root > 0 else None
            if edge is None:
                return None
            index += heading
            intercept, slope = pieces[index]
            if sense * (intercept + slope * edge) <= limit:
                return edge


def _edges(leg: Holding) -> list[Decimal]:
    """The coordinates where a leg changes its tier, from below."""
    if not tiers_move(leg.position, leg.contract):
        return []
    return [tier.floor / leg.position.quantity for tier in leg.contract.tiers[1:]]


def _ramp(leg: Holding, weight: Decimal, stretch: Decimal) -> tuple[Decimal, Decimal]:
    """What a leg has paid, and what it is worth a coordinate: its profit, the same in every tier."""
    position, contract = leg.position, leg.contract
    sign = direction(position, contract)
    return (
        weight * sign * contract.notional(position.quantity, position.entry),
        weight * stretch * sign * position.quantity,
    )


def _piece(
    legs: Legs,
    edges: Sequence[Sequence[Decimal]],
    ramps: Sequence[tuple[Decimal, Decimal]],
    at: Decimal,
    counted: Side | None,
) -> tuple[Decimal, Decimal]:
    """Intercept and slope while every leg is in the tier it has at ``at``."""
    intercept = slope = ZERO
    for leg, own_edges, (paid, worth) in zip(legs, edges, ramps, strict=True):
        position, contract = leg.position, leg.contract
        required_slope = required = ZERO
        if counted is None or position.id.side is counted:
            # At an edge, which is a rounded quotient, it is surely in the tier below.
            index = bisect_left(own_edges, at) if own_edges else tier_index(contract, position.quantity, at)
            required_slope, required = line(position, contract, index)
        intercept -= paid + required
        slope += worth - required_slope
    return intercept, slope
