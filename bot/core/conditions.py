"""Reading wake conditions: whether they hold now, and how far the marks may move before they could.

``holds`` is the truth. ``reach`` is what the tripwire is made of: bands of marks, and a time, inside which
a wake that does not hold now cannot come to hold. Its bands are inclusive at the bound and rounded to the
tick toward the mark, so they may wake too early and never too late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from bot.core.margin.bounds import Band, distance_bands, liquidation_bands, ratio_bands
from bot.core.types import ZERO, MarginMode, Symbol
from bot.core.view import INFINITE, Situation
from bot.core.wake import (
    Above,
    AllOf,
    Always,
    AnyOf,
    At,
    BarClose,
    Below,
    Changed,
    Metric,
    Never,
    Wake,
)

FOREVER_MS = 1 << 62


@dataclass(frozen=True, slots=True)
class Events:
    """What has happened since the rule was last asked."""

    changed: bool
    bars_ms: frozenset[int]


QUIET = Events(changed=False, bars_ms=frozenset())
CHANGED = Events(changed=True, bars_ms=frozenset())


@dataclass(frozen=True, slots=True)
class Reach:
    """How long a quiet rule stays quiet: while each mark is strictly inside its band and it is before ``at_ms``.

    ``bands`` is ``None`` when every mark has to be looked at.
    """

    bands: Mapping[Symbol, Band] | None
    at_ms: int = FOREVER_MS


OPEN = Reach({})
CLOSED = Reach(None)


def reading(metric: Metric, situation: Situation) -> Decimal:
    """The present value of a metric; a missing liquidation price reads as infinitely far."""
    match metric:
        case Metric.MARK:
            return situation.mark
        case Metric.DISTANCE:
            return situation.distance
        case Metric.MARGIN_RATIO:
            return situation.margin_ratio
        case Metric.LIQUIDATION:
            price = situation.liquidation
            if price is None:
                return ZERO if situation.id.side.sign > 0 else INFINITE
            return price
        case _:
            assert_never(metric)


def holds(wake: Wake, situation: Situation, events: Events) -> bool:
    """Whether a wake holds now. Events count as having happened after a change of state."""
    match wake:
        case Below(metric, threshold):
            return reading(metric, situation) < threshold
        case Above(metric, threshold):
            return reading(metric, situation) > threshold
        case BarClose(timeframe_ms):
            return events.changed or timeframe_ms in events.bars_ms
        case Changed():
            return events.changed
        case At(at_ms):
            return situation.now_ms >= at_ms
        case Always():
            return True
        case Never():
            return False
        case AnyOf(conditions):
            return any(holds(c, situation, events) for c in conditions)
        case AllOf(conditions):
            return all(holds(c, situation, events) for c in conditions)
        case _:
            assert_never(wake)


def reach(wake: Wake, situation: Situation) -> Reach:
    """How far the marks and the time may go before ``wake`` could hold without another event."""
    match wake:
        case Below(metric, threshold) | Above(metric, threshold):
            if holds(wake, situation, QUIET):
                return CLOSED
            return Reach(_bands(metric, threshold, situation, below=isinstance(wake, Below)))
        case At(at_ms):
            return CLOSED if situation.now_ms >= at_ms else Reach({}, at_ms)
        case Always():
            return CLOSED
        case Never() | BarClose() | Changed():
            return OPEN
        case AnyOf(conditions):
            return tightest(reach(c, situation) for c in conditions)
        case AllOf(conditions):
            # One condition that stays false keeps the whole false; the first such one is enough.
            for condition in conditions:
                if not holds(condition, situation, QUIET):
                    return reach(condition, situation)
            return CLOSED
        case _:
            assert_never(wake)


def tightest(reaches: Iterable[Reach]) -> Reach:
    """What all of ``reaches`` allow together."""
    bands: dict[Symbol, Band] = {}
    at_ms = FOREVER_MS
    for each in reaches:
        if each.bands is None:
            return CLOSED
        at_ms = min(at_ms, each.at_ms)
        for symbol, band in each.bands.items():
            known = bands.get(symbol)
            bands[symbol] = band if known is None else _narrower(known, band)
    return Reach(bands, at_ms)


def _narrower(one: Band, other: Band) -> Band:
    lows = [b.low for b in (one, other) if b.low is not None]
    highs = [b.high for b in (one, other) if b.high is not None]
    return Band(max(lows, default=None), min(highs, default=None))


def _bands(metric: Metric, threshold: Decimal, situation: Situation, *, below: bool) -> Mapping[Symbol, Band]:
    """The bands in which a level that is false now stays false."""
    s = situation
    match metric:
        case Metric.MARK:
            return {s.id.symbol: Band(threshold, None) if below else Band(None, threshold)}
        case Metric.DISTANCE:
            if s.pool.mode is MarginMode.ISOLATED and s.liquidation is None:
                return {}
            return distance_bands(s.pool, s.id, s.marks, threshold)
        case Metric.MARGIN_RATIO:
            return ratio_bands(s.pool, s.marks, threshold)
        case Metric.LIQUIDATION:
            if s.pool.mode is MarginMode.ISOLATED:
                return {}
            return liquidation_bands(s.pool, s.id, s.marks, threshold)
        case _:
            assert_never(metric)
