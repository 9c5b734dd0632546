"""Rules that are hard on an engine: each uses what the shipped ones leave alone."""

from decimal import Decimal
from typing import ClassVar

from bot.core.intents import (
    AddMargin,
    CutLeverage,
    Intent,
    Level,
    Notify,
    PlaceStop,
    Posture,
    ReducePosition,
    SetPosture,
)
from bot.core.rule import Decisions, Needs, Params, Rule
from bot.core.types import MarginMode, PriceKind
from bot.core.view import View
from bot.core.wake import At, BarClose, Changed, Metric, Never, Wake, all_of, any_of

MINUTE_MS = 60_000
TIMES = 10
"""Without a pause between two actions a rule needs an end of its own."""


def ticks(view: View) -> int:
    """The mark as a whole number: what makes an intent depend on the mark, to the last digit."""
    return int(view.mark / view.contract.tick)


def a_little(view: View) -> Intent:
    """Something that helps a little and depends on the mark."""
    if view.position.mode is MarginMode.ISOLATED:
        return AddMargin(id=view.id, amount=view.contract.margin_step * (1 + ticks(view) % 97))
    return ReducePosition(id=view.id, quantity=view.contract.lot * (1 + ticks(view) % 7))


class NearParams(Params):
    below: Decimal = Decimal("0.06")
    times: int = 6


class MarkDependent(Rule[NearParams]):
    """Sleeps like any other, and asks for an amount that is another one at every mark."""

    proposes: ClassVar[tuple[type[Intent], ...]] = (AddMargin, ReducePosition)

    def wake(self, view: View) -> Wake:
        if view.times_acted >= self.params.times:
            return Never("acted often enough")
        return Metric.DISTANCE.below(self.params.below)

    def decide(self, view: View) -> Decisions:
        yield a_little(view), f"mark {view.mark}"


class StubbornParams(Params):
    below: Decimal = Decimal("0.09")
    leverage: Decimal = Decimal(3)
    quantity: Decimal = Decimal("0.004")
    amount: Decimal = Decimal("0.001")


class Stubborn(Rule[StubbornParams]):
    """Says the same at every mark: a cut, and what is too little to be added or closed."""

    proposes = (CutLeverage, ReducePosition, AddMargin)

    def wake(self, view: View) -> Wake:
        return Metric.DISTANCE.below(self.params.below) if view.times_acted < TIMES else Never("enough")

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        return self.proposes if view.stands else (ReducePosition,)

    def decide(self, view: View) -> Decisions:
        params = self.params
        if view.position.mode is MarginMode.ISOLATED:
            yield CutLeverage(id=view.id, leverage=params.leverage), "stubborn"
            yield AddMargin(id=view.id, amount=params.amount), "stubborn"
        yield ReducePosition(id=view.id, quantity=params.quantity), "stubborn"


class Sleepless(MarkDependent):
    """The same, but says nothing about what it proposes: no refusal may put it to sleep."""

    proposes = ()


class Watchful(Rule[NearParams]):
    """Wakes at every fact, the default, and speaks at one mark in eleven."""

    def decide(self, view: View) -> Decisions:
        if ticks(view) % 11 == 0 and view.times_acted < self.params.times:
            yield a_little(view), f"mark {view.mark}"


class Clumsy(Rule[NearParams]):
    """Raises at one mark in thirteen."""

    proposes = (Notify,)

    def wake(self, view: View) -> Wake:
        return Metric.DISTANCE.below(self.params.below)

    def decide(self, view: View) -> Decisions:
        if ticks(view) % 13 == 0:
            raise ValueError(f"an unlucky mark: {view.mark}")
        yield Notify(id=view.id, level=Level.INFO, text=f"near {view.mark}"), "near"


class LevelParams(Params):
    timeframe_ms: int = 3 * MINUTE_MS
    away: Decimal = Decimal("0.004")
    every: bool = False
    """Whether the bar and the level are both needed, in place of either."""


class BarLevel(Rule[LevelParams]):
    """Reduces below (above, for a short) a level that each closed bar sets anew."""

    proposes = (ReducePosition,)

    def needs(self) -> Needs:
        return Needs(bars_ms=frozenset({self.params.timeframe_ms}))

    def _level(self, view: View) -> Decimal | None:
        bar = view.bar(self.params.timeframe_ms)
        if bar is None:
            return None
        away = self.params.away
        return bar.low * (1 - away) if view.id.side.sign > 0 else bar.high * (1 + away)

    def wake(self, view: View) -> Wake:
        level, closed = self._level(view), BarClose(self.params.timeframe_ms)
        if level is None:
            return closed
        passed = Metric.MARK.below(level) if view.id.side.sign > 0 else Metric.MARK.above(level)
        return all_of(closed, passed) if self.params.every else any_of(closed, passed)

    def decide(self, view: View) -> Decisions:
        level = self._level(view)
        if view.times_acted < TIMES and level is not None and view.id.side.sign * (view.mark - level) < 0:
            quantity = view.contract.lot * (1 + ticks(view) % 5)
            yield ReducePosition(id=view.id, quantity=quantity), f"beyond {level}"


class ConfluenceParams(Params):
    below: Decimal = Decimal("0.08")
    ratio: Decimal = Decimal("0.2")
    either: bool = False


class Confluence(Rule[ConfluenceParams]):
    """Reduces when two measures agree, or when either speaks."""

    proposes = (ReducePosition,)

    def wake(self, view: View) -> Wake:
        if view.times_acted >= TIMES:
            return Never("acted often enough")
        near = Metric.DISTANCE.below(self.params.below)
        heavy = Metric.MARGIN_RATIO.above(self.params.ratio)
        return any_of(near, heavy) if self.params.either else all_of(near, heavy)

    def decide(self, view: View) -> Decisions:
        quantity = view.contract.quantity_down(view.position.quantity / 10)
        yield ReducePosition(id=view.id, quantity=quantity), f"ratio {view.margin_ratio:.3f}"


class ClockParams(Params):
    every_ms: int = 5 * MINUTE_MS
    notify: bool = False


class Clockwork(Rule[ClockParams]):
    """Acts by the clock, counted from the opening of the position."""

    proposes = (AddMargin, ReducePosition, Notify)

    def wake(self, view: View) -> Wake:
        return At(view.position.opened_ms + (view.times_acted + 1) * self.params.every_ms)

    def decide(self, view: View) -> Decisions:
        if self.params.notify:
            yield Notify(id=view.id, level=Level.INFO, text=f"mark {view.mark}"), "it is time"
        else:
            yield a_little(view), f"it is time, mark {view.mark}"


class TemperParams(Params):
    tense: Decimal = Decimal("0.3")
    calm: Decimal = Decimal("0.25")


class Temper(Rule[TemperParams]):
    """Lets the others only reduce while the margin ratio is high, and relaxes when it has come down."""

    proposes = (SetPosture,)

    def wake(self, view: View) -> Wake:
        if view.times_acted % 2:
            return Metric.MARGIN_RATIO.below(self.params.calm)
        return Metric.MARGIN_RATIO.above(self.params.tense)

    def decide(self, view: View) -> Decisions:
        posture = Posture.NORMAL if view.times_acted % 2 else Posture.REDUCE_ONLY
        yield SetPosture(id=view.id, posture=posture), f"ratio {view.margin_ratio:.3f}"


class StopParams(Params):
    away: Decimal = Decimal("0.02")
    by: PriceKind = PriceKind.LAST
    """By the last traded price it protects nothing that is judged by mark."""


class FixedStop(Rule[StopParams]):
    """Rests one stop and never moves it."""

    proposes = (PlaceStop,)

    def wake(self, view: View) -> Wake:
        return Changed()

    def decide(self, view: View) -> Decisions:
        if view.stops.nearest is None:
            trigger = view.mark * (1 - view.id.side.sign * self.params.away)
            yield PlaceStop(id=view.id, trigger=trigger, trigger_by=self.params.by), "no stop rests"
