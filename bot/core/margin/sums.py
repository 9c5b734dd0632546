"""The sums of a pool found from nothing but the pool and the marks: what a patrol goes by.

``room`` keeps the same sums current from mark to mark. Whoever doubts that asks here; what is asked twice of
the same pool at the same marks is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.margin.assess import Assessment, standing
from bot.core.margin.curve import Curve
from bot.core.margin.pool import Marks, Pool
from bot.core.types import ONE, PositionId, Symbol

REACHES_MAX = 64
"""A market that stands still may be asked for ever, and each time about something else."""


class PlainSums:
    """One pool at one set of marks: each figure is found once, when it is first asked for."""

    __slots__ = ("_reaches", "_standings", "curves", "liquidations", "marks", "pool")

    def __init__(self, pool: Pool, marks: Marks, curves: dict[Symbol, Curve] | None = None) -> None:
        """``curves`` are what is known of the pool's lines, which do not depend on the marks."""
        self.pool = pool
        self.marks: Mapping[Symbol, Decimal] = {
            holding.position.id.symbol: marks[holding.position.id.symbol] for holding in pool.holdings
        }
        self.curves = {} if curves is None else curves
        self._standings: dict[Symbol | None, Assessment] = {}
        self.liquidations: dict[PositionId, Decimal | None] = {}
        """The liquidation prices that somebody worked out."""
        self._reaches: dict[PositionId, dict[object, Any]] = {}

    def fits(self, pool: Pool, marks: Marks) -> bool:
        """Whether these are the sums of that pool at those marks."""
        if pool is not self.pool:
            return False
        for symbol, mark in self.marks.items():  # noqa: SIM110 - asked at every tick
            if marks[symbol] != mark:
                return False
        return True

    def reaches_of(self, id_: PositionId) -> dict[object, Any]:
        """What somebody worked out, and may add to, of how long conditions on a position stay false."""
        reaches = self._reaches.setdefault(id_, {})
        if len(reaches) > REACHES_MAX:
            reaches.clear()
        return reaches

    def standing(self, without: Symbol | None = None) -> Assessment:
        """Equity and requirement of all symbols, or of all but one."""
        known = self._standings.get(without)
        if known is None:
            holdings = self.pool.holdings
            if without is not None:
                holdings = tuple(h for h in holdings if h.position.id.symbol != without)
            known = self._standings[without] = standing(self.pool.wallet, holdings, self.marks)
        return known

    def surplus(self, weight: Decimal, without: Symbol | None) -> Decimal:
        """``weight`` times equity less maintenance: of all symbols, or of all but one."""
        stands = self.standing(without)
        return weight * stands.equity - stands.maintenance

    def curve(self, symbol: Symbol) -> Curve:
        """One symbol's line in the sums of weight one."""
        known = self.curves.get(symbol)
        if known is None:
            legs = tuple(h for h in self.pool.holdings if h.position.id.symbol == symbol)
            known = self.curves[symbol] = Curve(legs, ONE)
        return known
