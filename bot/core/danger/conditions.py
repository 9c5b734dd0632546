"""Reading wake conditions: whether they hold now, and how far the marks may move before they could.

``holds`` is the truth. ``reach`` is what the tripwire is made of: bands of marks, and a time, inside which
a wake that does not hold now cannot come to hold. Its bands are inclusive at the bound and rounded to the
tick toward the mark, so they may wake too early and never too late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar, assert_never

from bot.core.danger.situation import INFINITE, Situation
from bot.core.margin.bounds import (
    ALWAYS_CALM,
    FREE,
    Band,
    Calm,
    Sum,
    distance_calm,
    liquidation_calm,
    ratio_calm,
)
from bot.core.types import ONE, ZERO, MarginMode, Symbol
from bot.core.wake import (
    Above,
    AllOf,
    Always,
    AnyOf,
    At,
    BarClose,
    Below,
    Changed,
    Expressed,
    Figure,
    Metric,
    Never,
    Told,
    Wake,
    Watching,
)

FOREVER_MS = 1 << 62

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Events:
    """What has happened since the rule was last asked."""

    changed: bool
    bars_ms: frozenset[int]
    told: frozenset[Figure] = frozenset()

    def __or__(self, other: Events) -> Events:
        """What happened in either."""
        return Events(self.changed or other.changed, self.bars_ms | other.bars_ms, self.told | other.told)


QUIET = Events(changed=False, bars_ms=frozenset())
CHANGED = Events(changed=True, bars_ms=frozenset())


@dataclass(frozen=True, slots=True)
class Reach:
    """How long a quiet rule stays quiet: while marks are strictly inside their bands and before ``at_ms``.

    ``bands`` are of the position's own symbol, and ``None`` when every mark has to be looked at. The other
    symbols of a cross pool matter by sums alone, which have to stay strictly inside ``sums``.
    """

    bands: Mapping[Symbol, Band] | None
    at_ms: int = FOREVER_MS
    sums: Mapping[Sum, Band] = field(default_factory=dict)

    def lasts_at(self, situation: Situation) -> bool:
        """Whether the position's own mark and the time are still within it."""
        bands = self.bands
        if bands is None or situation.now_ms >= self.at_ms:
            return False
        # A loop with what ``Band.holds`` does written out: it runs for every rule at every evaluation.
        mark = situation.mark
        for low, high in bands.values():
            if (low is not None and mark <= low) or (high is not None and mark >= high):
                return False
        return True

    def lasts(self, situation: Situation) -> bool:
        """Whether marks and time are still within it."""
        if not self.lasts_at(situation):
            return False
        for (weight, without), band in self.sums.items():
            if not band.holds(situation.surplus(weight, without)):
                return False
        return True


OPEN = Reach({})
CLOSED = Reach(None)


def reading(metric: Metric, situation: Situation) -> Decimal:
    """The present value of a metric; a missing liquidation price reads as infinitely far."""
    return _READINGS[metric](situation)


def _liquidation(situation: Situation) -> Decimal:
    price = situation.liquidation
    if price is None:
        return ZERO if situation.id.side.sign > 0 else INFINITE
    return price


_READINGS: dict[Metric, Callable[[Situation], Decimal]] = {
    Metric.MARK: lambda s: s.mark,
    Metric.DISTANCE: lambda s: s.distance,
    Metric.MARGIN_RATIO: lambda s: s.margin_ratio,
    Metric.LIQUIDATION: _liquidation,
}


def holds(wake: Wake, situation: Situation, events: Events) -> bool:
    """Whether a wake holds now. Events count as having happened after a change of state."""
    return _HOLDS[type(wake)](wake, situation, events)


def reach(wake: Wake, situation: Situation) -> Reach:
    """How far the marks and the time may go before ``wake``, which does not hold now, could hold.

    Another event (a closing bar, a change) may make it hold at any time; those are not the tripwire's.
    """
    return _REACH[type(wake)](wake, situation)


def _any_reach(wake: AnyOf, situation: Situation) -> Reach:
    return tightest([reach(condition, situation) for condition in wake.conditions])


def _all_reach(wake: AllOf, situation: Situation) -> Reach:
    # One condition that stays false keeps the whole false; the first such one is enough.
    for condition in wake.conditions:
        if not holds(condition, situation, QUIET):
            return reach(condition, situation)
    return CLOSED


def _watching_reach(wake: Watching, situation: Situation) -> Reach:
    return CLOSED if holds(wake.condition, situation, QUIET) else reach(wake.condition, situation)


def _level_reach(wake: Below | Above, situation: Situation) -> Reach:
    if holds(wake, situation, QUIET):
        return CLOSED
    if situation.stands:
        return _found_reach(wake, situation)
    # The seatbelt asks the same as those who watch over protection.
    known = situation.reaches.get(wake)
    if known is None:
        known = situation.reaches[wake] = _found_reach(wake, situation)
    return known


def _found_reach(wake: Below | Above, situation: Situation) -> Reach:
    own, sums = _calm(wake.metric, wake.threshold, situation, below=type(wake) is Below)
    # Not by ``== FREE``: a decimal that is compared with ``None`` asks first what kinds of numbers there are.
    unbound = own.low is None and own.high is None
    return Reach({} if unbound else {situation.id.symbol: own}, FOREVER_MS, sums)


# Dispatch by type rather than by pattern: these run for every rule at every evaluation.
_HOLDS: dict[type[Any], Callable[[Any, Situation, Events], bool]] = {
    Below: lambda wake, situation, _: reading(wake.metric, situation) < wake.threshold,
    Above: lambda wake, situation, _: reading(wake.metric, situation) > wake.threshold,
    BarClose: lambda wake, _, events: events.changed or wake.timeframe_ms in events.bars_ms,
    Told: lambda wake, _, events: events.changed or wake.figure in events.told,
    Changed: lambda _, __, events: events.changed,
    At: lambda wake, situation, _: situation.now_ms >= wake.at_ms,
    Always: lambda *_: True,
    Never: lambda *_: False,
    AnyOf: lambda wake, *rest: any(holds(condition, *rest) for condition in wake.conditions),
    AllOf: lambda wake, *rest: all(holds(condition, *rest) for condition in wake.conditions),
    Expressed: lambda wake, situation, _: wake.asked.holds(situation) is wake.holding,
    Watching: lambda *_: False,
}
_REACH: dict[type[Any], Callable[[Any, Situation], Reach]] = {
    Below: _level_reach,
    Above: _level_reach,
    BarClose: lambda *_: OPEN,
    Told: lambda *_: OPEN,
    Changed: lambda *_: OPEN,
    At: lambda wake, situation: CLOSED if situation.now_ms >= wake.at_ms else Reach({}, wake.at_ms),
    Always: lambda *_: CLOSED,
    Never: lambda *_: OPEN,
    AnyOf: _any_reach,
    AllOf: _all_reach,
    Expressed: lambda *_: CLOSED,
    Watching: _watching_reach,
}


def tightest(reaches: Iterable[Reach]) -> Reach:
    """What all of ``reaches`` allow together."""
    bands: dict[Symbol, Band] = {}
    sums: dict[Sum, Band] = {}
    at_ms = FOREVER_MS
    closed = False
    for each in reaches:
        if each is OPEN:
            continue
        at_ms = min(at_ms, each.at_ms)
        if each.bands is None:
            closed = True
            continue
        _narrow(bands, each.bands)
        _narrow(sums, each.sums)
    return Reach(None if closed else bands, at_ms, {} if closed else sums)


def _narrow(known: dict[_Key, Band], bands: Mapping[_Key, Band]) -> None:
    if not known:
        known.update(bands)
        return
    for key, band in bands.items():
        before = known.get(key)
        known[key] = band if before is None else before.within(band)


def _calm(metric: Metric, threshold: Decimal, situation: Situation, *, below: bool) -> Calm:
    """The bounds within which a level that is false now stays false."""
    s = situation
    match metric:
        case Metric.MARK:
            return Calm(Band(threshold, None) if below else Band(None, threshold), {})
        case Metric.DISTANCE:
            if s.stands:
                return Calm(_standing_band(s, threshold), {})
            return distance_calm(s.pool, s.id, s.marks, threshold, s)
        case Metric.MARGIN_RATIO:
            return ratio_calm(s.pool, s.id, s.marks, threshold, s)
        case Metric.LIQUIDATION:
            if s.stands:
                return ALWAYS_CALM
            if s.pool.mode is MarginMode.ISOLATED:
                return Calm(Band(s.mark, s.mark), {})
            return liquidation_calm(s.pool, s.id, s.marks, threshold, s)
        case _:
            assert_never(metric)


def _standing_band(situation: Situation, threshold: Decimal) -> Band:
    """Where the liquidation price stands still, the distance crosses the threshold at one mark only."""
    price, contract = situation.liquidation, situation.contract
    if price is None:
        return FREE
    below_one = situation.id.side.sign > 0
    bound = price / (ONE - threshold if below_one else ONE + threshold)
    near = situation.distance < threshold
    if near is below_one:
        return Band(None, contract.price_down(bound))
    return Band(contract.price_up(bound), None)
