"""One position's way through one run: its price, where it would have been liquidated, and how near that was.

A run keeps the pools it went through, and they can be judged at any mark. Here they are judged where the mark
of one of their symbols was highest and lowest in each of some equal stretches of time, so that the nearest
call is among them. The figures are float: they are drawn, and nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bot.core.margin.assess import assess
from bot.core.margin.liquidation import danger_below, distance, liquidation_price
from bot.core.margin.pool import Pool
from bot.core.types import MarginMode, PositionId, Side
from bot.lab.report.thinning import Floats, thinned
from bot.lab.stress.trial import Played
from bot.lab.stress.watched import Kept, Marks

STRETCHES = 60
"""Into how many a scenario is cut for what is judged; the price is cut twice as finely."""
_NAN = float("nan")

Moment = tuple[int, float, float, float]
"""When, the liquidation price, the distance to it as a fraction, and the margin ratio; ``nan`` for none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Series over time in ms, thinned to their extremes; ``closed_ms`` is when nothing of it was left.

    ``steady``: the liquidation price moves only when something is done, as that of an isolated position does.
    """

    id: PositionId
    steady: bool
    closed_ms: float
    price_ms: Floats
    price: Floats
    at_ms: Floats
    liquidation: Floats
    distance: Floats
    ratio: Floats


def course(id_: PositionId, played: Played) -> Course:
    """The way of a position that was held at the start."""
    kept, marks = played.pools.get(id_, []), played.marks
    times, prices = marks.series(id_.symbol)
    start_ms, end_ms = int(times[0]), int(times[-1])
    few = thinned(times, prices, start_ms, end_ms, 2 * STRETCHES)
    died = {fact.at_ms for fact in played.run.record.liquidations if fact.id == id_}
    rows = np.array([*_moments(id_, kept, marks, (start_ms, end_ms), died)], dtype=np.float64).reshape(-1, 4)
    pools = [pool for _, pool in kept if pool is not None]
    return Course(
        id=id_,
        closed_ms=kept[-1][0] if kept and kept[-1][1] is None else float("inf"),
        steady=all(pool.mode is MarginMode.ISOLATED for pool in pools),
        price_ms=times[few],
        price=prices[few],
        at_ms=rows[:, 0],
        liquidation=rows[:, 1],
        distance=rows[:, 2],
        ratio=rows[:, 3],
    )


def _moments(
    id_: PositionId, kept: Kept, marks: Marks, span_ms: tuple[int, int], died: set[int]
) -> Iterator[Moment]:
    last = _NAN
    for (from_ms, pool), (until_ms, _) in pairwise((*kept, (span_ms[1] + 1, None))):
        if pool is None:
            # Liquidated: the mark was at that price, and all that was required was all there was.
            yield (from_ms, last, 0.0, 1.0) if from_ms in died else (from_ms, _NAN, _NAN, _NAN)
            yield from_ms, _NAN, _NAN, _NAN
            continue
        for at_ms in _looked_at(pool, marks, from_ms, until_ms, span_ms):
            moment = _judged(id_, pool, marks, at_ms)
            last = moment[1]
            yield moment


def _looked_at(
    pool: Pool, marks: Marks, from_ms: int, until_ms: int, span_ms: tuple[int, int]
) -> Sequence[int]:
    edges = np.linspace(*span_ms, STRETCHES + 1, dtype=np.int64)
    inside = edges[(edges > from_ms) & (edges < until_ms)].tolist()
    found = {from_ms}
    for symbol in {holding.position.id.symbol for holding in pool.holdings}:
        for start_ms, end_ms in pairwise([from_ms, *inside, until_ms]):
            found.update(marks.extremes(symbol, start_ms, end_ms))
    return sorted(found)


def _judged(id_: PositionId, pool: Pool, marks: Marks, at_ms: int) -> Moment:
    now = marks.at(at_ms)
    price, ratio = liquidation_price(pool, id_, now), assess(pool, now).margin_ratio
    if price is None:
        return at_ms, _NAN, _NAN, _NAN if ratio is None else float(ratio)
    side = Side.LONG if danger_below(pool, id_, now) else Side.SHORT
    away = max(0.0, float(distance(now[id_.symbol], price, side)))
    return at_ms, float(price), away, _NAN if ratio is None else float(ratio)
