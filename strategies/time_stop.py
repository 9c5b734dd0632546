"""Close, or halve, a position that time has proven wrong."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span, format_duration
from bot.core.intents import ReducePosition
from bot.core.rule import Decisions, Needs, Params, Rule, Share, Timeframe, Times
from bot.core.structure import Extremes
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Never, Wake

_BARS_MAX = 250
"""So many are read again after a restart."""


class TimeStopParams(Params):
    """How long a position has to prove itself, by what, and how much of it goes if it does not."""

    after: Span = 7 * 86_400_000
    """So long the price may take to reach ``worked`` at least once; counted anew all the time."""
    worked: Annotated[Decimal, Field(ge=0, lt=1), Unit("fraction of the entry")] = Decimal("0.01")
    """How far in favour of the position the price has to have been."""
    in_loss: Span | None = None
    """So long the price may stay on the losing side of the entry; shorter than ``after``."""
    fraction: Share = Decimal("0.5")
    """How much of the position is closed."""
    max_times: Times = 1
    """Closes per position, each after its whole time; 1 where the whole position is closed."""
    timeframe: Timeframe = "1h"
    """Bars that tell where the price has been; both times are whole numbers of them."""

    @model_validator(mode="after")
    def _possible(self) -> TimeStopParams:
        bar_ms = parse_timeframe(self.timeframe)
        for name, time_ms in (("after", self.after), ("in_loss", self.in_loss)):
            if time_ms is not None and (time_ms % bar_ms or not 1 <= time_ms // bar_ms <= _BARS_MAX):
                given = format_duration(time_ms)
                message = f"{name} {given} must be 1 to {_BARS_MAX} whole bars of {self.timeframe}"
                raise ValueError(message)
        if self.in_loss is not None and self.in_loss >= self.after:
            message = (
                f"in_loss {format_duration(self.in_loss)} must be shorter than after "
                f"{format_duration(self.after)}: what was in loss so long has not worked either"
            )
            raise ValueError(message)
        if self.fraction == 1 and self.max_times > 1:
            message = f"max_times {self.max_times} with fraction 1: nothing is left after the first"
            raise ValueError(message)
        return self


class TimeStop(Rule[TimeStopParams]):
    """Gives up a position whose price has not been where it was to go, or only where it was not.

    Judged by closed bars, so that it is the same after a restart.
    """

    proposes = (ReducePosition,)

    def __init__(self, name: RuleName, params: TimeStopParams) -> None:
        """Say once over which times the price is looked at."""
        super().__init__(name, params)
        bar_ms = parse_timeframe(params.timeframe)
        self._bar = BarClose(bar_ms)
        times = [(params.after, params.worked, "has not worked")]
        if params.in_loss is not None:
            times.append((params.in_loss, Decimal(0), "has stayed in loss"))
        self._tests = [(Extremes(bar_ms, ms // bar_ms), worked, said) for ms, worked, said in times]

    def needs(self) -> Needs:
        """Closed bars, and how far they reached."""
        return Needs(structures=frozenset(spec for spec, _, _ in self._tests))

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        if view.times_acted >= self.params.max_times:
            return Never(f"a part was closed {view.times_acted} times already")
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Close the fraction where the time is over and the price is still not there."""
        why = next(self._failed(view), None)
        if why is not None:
            part = view.position.quantity * self.params.fraction
            yield ReducePosition(id=view.id, quantity=part), f"{why}, closing {self.params.fraction:.0%}"

    def _failed(self, view: View) -> Iterator[str]:
        sign, entry, memory = view.id.side.sign, view.position.entry, view.memory
        since_ms = max(memory.held_since_ms, memory.acted_ms or 0)
        for spec, worked, said in self._tests:
            time_ms = spec.timeframe_ms * spec.length
            zones = view.zones(spec)
            if zones is None or view.now_ms < since_ms + time_ms:
                continue
            wanted = entry * (1 + sign * worked)
            best = zones[0].high if sign > 0 else zones[0].low
            if sign * (best - wanted) < 0 and sign * (view.mark - wanted) < 0:
                yield f"it {said} for {format_duration(time_ms)}: {best} at best, {wanted} wanted"
