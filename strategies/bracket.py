"""A stop and a target for a position that was opened without."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Duration
from bot.core.intents import MoveStop, PlaceStop, PlaceTakeProfit
from bot.core.rule import Decisions, Params, Ratio, Rule, Share
from bot.core.rules.stopping import stop_at
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import At, Never, Wake, all_of, beyond


class BracketParams(Params):
    """How far stop and target stand from the entry, how much the target closes, and how long is waited."""

    stops_at = "stop"

    stop: Ratio = Decimal("0.05")
    """Distance of the stop from the entry, as a fraction of it. Where the mark is there already, as far
    from the mark."""
    target: Annotated[Decimal, Field(ge=0, lt=10), Unit("fraction of the entry")] = Decimal("0.15")
    """Distance of the target from the entry, in favour of the position; above ``stop``. 0: no target."""
    close: Share = Decimal(1)
    """How much of the position the target closes."""
    grace: Duration = 5_000
    """So long the trader has to place his own."""
    clear_of_liquidation: Ratio = Decimal("0.01")
    """Distance the stop keeps from liquidation, as a fraction of its price; at most half way to the mark."""

    @model_validator(mode="after")
    def _worth_it(self) -> BracketParams:
        if 0 < self.target <= self.stop:
            message = f"target {self.target} must be above stop {self.stop}: more is risked than can be won"
            raise ValueError(message)
        return self


class Bracket(Rule[BracketParams]):
    """Finds naked positions, whoever opened them, and gives each a stop and a target, once.

    A stop of the trader's own, or of another rule, is a stop; that of the seatbelt is moved. What is taken
    away later is not placed again: that is somebody's will, and the seatbelt stays.
    """

    proposes = (PlaceStop, MoveStop, PlaceTakeProfit)
    cooldown_ms = 1_000

    def wake(self, view: View) -> Wake:
        """Once the time for the trader's own is over, until it has had a stop, and a target ahead of it."""
        if view.pair.whole(view.position):
            return Never("its hedge protects it")
        over = At(view.memory.held_since_ms + self.params.grace)
        if self._stopless(view):
            return over
        target = self._target(view)
        if target is None:
            return Never("it has had a stop and a target")
        return all_of(over, beyond(view.id.side.opposite, target))

    def decide(self, view: View) -> Decisions:
        """Place the stop first, and the target when it rests."""
        params, sign, entry = self.params, view.id.side.sign, view.position.entry
        if view.now_ms < view.memory.held_since_ms + params.grace:
            return
        if self._stopless(view):
            price = self._place(view)
            if sign * (view.mark - price) <= 0:
                price = view.mark * (1 - sign * params.stop)
            stop = stop_at(view, price, gain=view.contract.tick, clear=params.clear_of_liquidation)
            if stop is not None:
                yield stop, f"it was opened without a stop: {params.stop:.2%} from entry {entry}"
            return
        target = self._target(view)
        if target is not None and sign * (target - view.mark) > 0:
            quantity = view.position.quantity * params.close
            intent = PlaceTakeProfit(id=view.id, trigger=target, quantity=quantity)
            yield intent, f"it was opened without a target: {target} is {params.target:.2%} from entry"

    def _place(self, view: View) -> Decimal:
        return view.position.entry * (1 - view.id.side.sign * self.params.stop)

    def _stopless(self, view: View) -> bool:
        """Whether it never had a stop, and what may protect it now is the seatbelt's."""
        stops, sign = view.stops, view.id.side.sign
        if view.memory.lot.first_stop is not None:
            return False
        if stops.ours is None or stops.ours.trigger is None:
            return stops.protecting is None
        return sign * (stops.ours.trigger - self._place(view)) < 0

    def _target(self, view: View) -> Decimal | None:
        """Where the target belongs that it never had."""
        if not self.params.target or view.memory.lot.first_target is not None:
            return None
        return view.position.entry * (1 + view.id.side.sign * self.params.target)
