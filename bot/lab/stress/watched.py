"""How near to liquidation each position came, also between the moments at which anybody looked.

A replay jumps over marks that nobody could act on, and the nearest call may be among them. But a pool changes
only when something happens to it: between two such moments it is judged where the mark of one of its symbols
was highest and lowest, with all marks as they were then. For an isolated position that is exact; in a cross
pool the worst of several marks together may lie between those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.core.danger.conditions import FOREVER_MS
from bot.core.engine import Engine, all_holders
from bot.core.facts import Fact
from bot.core.margin.liquidation import distance_of
from bot.core.margin.pool import Pool
from bot.core.settings import EngineSettings
from bot.core.step import Step
from bot.core.types import ZERO, PositionId, Symbol
from bot.lab.tapes import PlayedPath, Ticks, to_price

Kept = list[tuple[int, Pool | None]]
"""The pool of a position, each from its time on; ``None`` once it is closed."""


class WatchedEngine(Engine):
    """Decides as the engine does, and notes after each event what every position's pool is."""

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.pools: dict[PositionId, Kept] = {}

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        """Fold the facts of one event, and note what came of it."""
        step = super().fold(batch)
        pools = {holder.id: self._arbiter.between(holder) for holder in all_holders(self._books)}
        for id_ in pools.keys() | self.pools.keys():
            situation = pools.get(id_)
            pool = None if situation is None else situation.pool
            kept = self.pools.setdefault(id_, [])
            if not kept or kept[-1][1] != pool:
                kept.append((batch[-1].at_ms, pool))
        return step


class Marks:
    """The marks of all symbols over a whole scenario."""

    def __init__(self, paths: Sequence[PlayedPath]) -> None:
        """Lay the points of every path in one row."""
        self._rows: dict[Symbol, tuple[Ticks, Ticks, int]] = {}
        for path in paths:
            points = path.points()
            row = points.times.ravel(), points.mark.ravel(), path.exponent
            self._rows[Symbol(path.symbol)] = row

    def at(self, at_ms: int) -> dict[Symbol, Decimal]:
        """All marks as they were at a time; those to come, where there was none yet."""
        found = {}
        for symbol, (times, ticks, exponent) in self._rows.items():
            at = max(0, int(np.searchsorted(times, at_ms, side="right")) - 1)
            found[symbol] = to_price(int(ticks[at]), exponent)
        return found

    def series(self, symbol: Symbol) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Every moment in ms and the mark at it, as float: to be drawn."""
        times, ticks, exponent = self._rows[symbol]
        return times.astype(np.float64), ticks / 10.0**exponent

    def extremes(self, symbol: Symbol, from_ms: int, until_ms: int) -> Iterator[int]:
        """When the mark was lowest and when highest in that time; nothing if there was none."""
        times, ticks, _ = self._rows[symbol]
        first, end = np.searchsorted(times, (from_ms, until_ms)).tolist()
        if first < end:
            yield int(times[first + int(ticks[first:end].argmin())])
            yield int(times[first + int(ticks[first:end].argmax())])


def smallest(id_: PositionId, kept: Kept, marks: Marks) -> Decimal | None:
    """The smallest distance to liquidation, a fraction of the mark; ``None`` if it never had one."""
    nearest: Decimal | None = None
    for (from_ms, pool), (until_ms, _) in pairwise((*kept, (FOREVER_MS, None))):
        if pool is None:
            continue
        moments = {from_ms}
        for holding in pool.holdings:
            moments.update(marks.extremes(holding.position.id.symbol, from_ms, until_ms))
        for at_ms in moments:
            away = distance_of(pool, id_, marks.at(at_ms))
            if away is not None and (nearest is None or away < nearest):
                nearest = away
    return None if nearest is None else max(ZERO, nearest)
