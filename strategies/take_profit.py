"""Take profit by rungs counted in R, then let the stop follow. One R is from the entry to the first stop."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.intents import MoveStop, PlaceStop, ReducePosition
from bot.core.rule import Decisions, Params, Ratio, Rule, Share
from bot.core.stopping import nearer_stop
from bot.core.types import ZERO
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Metric, Never, Wake, any_of

InR = Annotated[Decimal, Field(ge=0, le=1000), Unit("R")]


class Rung(Params):
    """Where a part of the position is closed, and how much."""

    at: Annotated[Decimal, Field(gt=0, le=1000), Unit("R")]
    """So far ahead of the entry."""
    close: Share
    """How much of the position as it was at its largest."""


class TakeProfitParams(Params):
    """Where parts are closed, when the stop goes to break-even, and how it follows after the last rung."""

    rungs: Annotated[tuple[Rung, ...], Field(min_length=1, max_length=10)] = (
        Rung(at=Decimal(2), close=Decimal("0.5")),
    )
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
        for one, two in pairwise(self.rungs):
            if two.at <= one.at:
                message = f"rungs must ascend: {two.at} R after {one.at} R"
                raise ValueError(message)
        total, last = sum(rung.close for rung in self.rungs), self.rungs[-1].at
        if total > 1:
            message = f"rungs close {total} of the position, allowed is at most 1"
            raise ValueError(message)
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
        one = self._one(view)
        if one is None:
            return Never("it was never seen with a stop: what is risked is not known")
        levels = list(self._levels(view, one))
        if not levels:
            return Never("all rungs are taken and the stop stays")
        # A tick early, because the stop is rounded toward the mark.
        sign, tick = view.id.side.sign, view.contract.tick
        if sign > 0:
            return any_of(*(Metric.MARK.above(level - tick) for level in levels))
        return any_of(*(Metric.MARK.below(level + tick) for level in levels))

    def decide(self, view: View) -> Decisions:
        """Take what is due, or else move the stop."""
        one = self._one(view)
        if one is None:
            return
        ahead = view.id.side.sign * (view.mark - view.position.entry) / one
        due = self._due(view, ahead)
        if due > 0:
            yield ReducePosition(id=view.id, quantity=due), f"{ahead:.2f} R ahead, one R is {one}"
            return
        places = sorted(self._places(view, one, ahead), key=lambda each: -view.id.side.sign * each[0])
        for price, why in places:
            stop = nearer_stop(view, price, gain=self.params.step * one)
            if stop is not None:
                yield stop, f"{ahead:.2f} R ahead: {why}"
                return

    def _one(self, view: View) -> Decimal | None:
        """One R in price."""
        risked, risk = view.risked, self.params.risk
        return risked if risked is not None or risk is None else view.position.entry * risk

    def _due(self, view: View, ahead: Decimal) -> Decimal:
        """What is still to be closed up to here; 0 where that is less than the venue takes."""
        taken = sum((rung.close for rung in self.params.rungs if rung.at <= ahead), ZERO)
        due = view.position.quantity - view.memory.lot.largest * (1 - taken)
        contract = view.contract
        part = min(contract.quantity_down(due), view.position.quantity) if due > 0 else ZERO
        return part if part >= max(contract.lot, contract.min_quantity) else ZERO

    def _places(self, view: View, one: Decimal, ahead: Decimal) -> Iterator[tuple[Decimal, str]]:
        """Where the stop may go now."""
        params, sign = self.params, view.id.side.sign
        if params.trail and ahead >= params.rungs[-1].at:
            yield view.mark - sign * params.trail * one, f"following {params.trail} R behind"
        if 0 < params.break_even_at <= ahead:
            even = view.break_even
            if even is not None:
                yield even, "break-even with fees and funding"

    def _levels(self, view: View, one: Decimal) -> Iterator[Decimal]:
        """The marks at which something becomes due."""
        params, sign, entry = self.params, view.id.side.sign, view.position.entry
        for rung in params.rungs:
            if self._due(view, rung.at):
                yield entry + sign * rung.at * one
                break
        rests, gain = view.stops.protecting, max(params.step * one, view.contract.tick)
        held = rests.trigger if rests is not None else None
        if params.trail:
            beyond = ZERO if held is None else sign * (held - entry) + gain + params.trail * one
            yield entry + sign * max(params.rungs[-1].at * one, beyond)
        even = view.break_even
        gains = even is not None and (held is None or sign * (even - held) > gain - view.contract.tick)
        if params.break_even_at and gains:
            yield entry + sign * params.break_even_at * one
