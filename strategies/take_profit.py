"""Take profit by rungs counted in R, then let the stop follow. One R is from the entry to the first stop."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.intents import MoveStop, PlaceStop, ReducePosition
from bot.core.rule import Decisions, Params, Ratio, Rule
from bot.core.rules.ladder import Rung, Rungs, Scale, closed_by, due, next_rung, scale_of
from bot.core.rules.stopping import best_stop, may_gain, trails_from
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Never, Wake, any_of, beyond

InR = Annotated[Decimal, Field(ge=0, le=1000), Unit("R")]


class TakeProfitParams(Params):
    """Where parts are closed, when the stop goes to break-even, and how it follows after the last rung."""

    rungs: Rungs = (Rung(at=Decimal(2), close=Decimal("0.5")),)
    """In ascending order; together they close at most the whole."""
    break_even_at: InR = Decimal(1)
    """So far ahead, the stop goes to where fees and funding are got back. 0: never."""
    trail: InR = Decimal(2)
    """Beyond the last rung the stop follows the mark so far behind. 0: never."""
    step: InR = Decimal("0.1")
    """The stop is moved only when it gains at least this."""
    risk: Ratio | None = None
    """One R as a fraction of the entry, for a position that was never seen with a stop. Left out: it is let
    alone."""

    @model_validator(mode="after")
    def _in_order(self) -> TakeProfitParams:
        total, last = closed_by(self.rungs), self.rungs[-1].at
        if total == 1 and self.trail:
            message = "trail with rungs that close the whole position: nothing is left to follow"
            raise ValueError(message)
        if total == 1 and self.break_even_at >= last:
            message = f"break_even_at {self.break_even_at} R: everything is closed at {last} R"
            raise ValueError(message)
        return self


class TakeProfit(Rule[TakeProfitParams]):
    """Closes a part at each rung, moves the stop to break-even, and trails it for the rest.

    What is closed already is told by how much is left, whoever closed it. The parts are closed by the bot
    when the mark is there; ``bracket`` rests a target at the exchange.
    """

    proposes = (ReducePosition, PlaceStop, MoveStop)
    example = MappingProxyType(
        {"rungs": ({"at": 1, "close": Decimal("0.3")}, {"at": 3, "close": Decimal("0.3")})}
    )

    def wake(self, view: View) -> Wake:
        """When the mark reaches the next rung, or where the stop may go to a better place."""
        scale = scale_of(view, self.params.risk)
        if scale is None:
            return Never("it was never seen with a stop: what is risked is not known")
        levels = list(self._levels(view, scale))
        if not levels:
            return Never("all rungs are taken and the stop stays")
        # A tick early, because the stop is rounded toward the mark.
        early = view.id.side.sign * view.contract.tick
        return any_of(*(beyond(view.id.side, level - early) for level in levels))

    def decide(self, view: View) -> Decisions:
        """Take what is due, or else move the stop."""
        scale = scale_of(view, self.params.risk)
        if scale is None:
            return
        ahead = scale.ahead(view.mark)
        part = due(view, self.params.rungs, ahead)
        if part > 0:
            yield ReducePosition(id=view.id, quantity=part), f"{ahead:.2f} R ahead, one R is {scale.one}"
            return
        found = best_stop(view, self._places(view, scale, ahead), gain=self.params.step * scale.one)
        if found is not None:
            yield found[0], f"{ahead:.2f} R ahead: {found[1]}"

    def _places(self, view: View, scale: Scale, ahead: Decimal) -> Iterator[tuple[Decimal, str]]:
        """Where the stop may go now."""
        params, even = self.params, view.break_even
        if params.trail and ahead >= params.rungs[-1].at:
            yield view.mark - scale.sign * params.trail * scale.one, f"following {params.trail} R behind"
        if 0 < params.break_even_at <= ahead and even is not None:
            yield even, "break-even with fees and funding"

    def _levels(self, view: View, scale: Scale) -> Iterator[Decimal]:
        """The marks at which something becomes due."""
        params, rung, even = self.params, next_rung(view, self.params.rungs), view.break_even
        gain = params.step * scale.one
        if rung is not None:
            yield scale.price(rung.at)
        if params.trail:
            last = scale.price(params.rungs[-1].at)
            trails = trails_from(view, params.trail * scale.one, gain=gain)
            yield last if trails is None else scale.farther(last, trails)
        if params.break_even_at and even is not None and may_gain(view, even, gain=gain):
            yield scale.price(params.break_even_at)
