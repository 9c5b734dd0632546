"""The seatbelt: a fixed last rule that keeps a resting reduce-only stop between mark and liquidation.

It is what protects a position while the bot is down, so it is a rule like any other (through the guard,
recorded, explained) but cannot be left out by forgetting it, paused, or put before the others. A stop that
protects, whoever placed it, satisfies it; it moves only a stop of its own, and only beyond a tolerance.

A stop that is lost is placed again. Not where the trader cancelled two: that is his will. Where a stop was
met and the position is still there, it is closed at market; where the venue keeps ending or refusing them it
is said, and closed if the trader wants that.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import ContractKind
from bot.core.danger.appearing import appearing
from bot.core.held.losses import FILLS_WITHIN_MS
from bot.core.intents import CancelStop, MoveStop, PlaceStop, ReducePosition
from bot.core.rule import Decisions, Params, Ratio, Rule
from bot.core.settings import SEATBELT, LastResort, RuleEntry, SeatbeltSettings
from bot.core.types import Order, Side
from bot.core.view import View
from bot.core.wake import Always, At, Changed, Metric, Never, Wake, any_of

_CHANGED = Changed()


class SeatbeltParams(Params):
    """Where the stop belongs."""

    clear_of_liquidation: Ratio = Decimal("0.01")
    """How far before liquidation the stop rests, as a fraction of the liquidation price; at most half way
    to the mark."""
    tolerance: Ratio = Decimal("0.002")
    """Drift of the right place, as a fraction of the mark, below which the stop is left alone."""
    last_resort: LastResort = LastResort.TELL
    """What to do about a position whose stops the venue keeps ending or refusing."""


class Seatbelt(Rule[SeatbeltParams]):
    """Every position has a stop of the right size between mark and liquidation."""

    proposes = (PlaceStop, MoveStop, CancelStop)
    after_losses = (ReducePosition,)

    def wake(self, view: View) -> Wake:
        """Whenever no stop protects, and after every change; else when liquidation comes up to the stop."""
        if view.pair.whole(view.position):
            bare = Never("it is hedged whole: a stop would leave the hedge alone")
            return bare if view.stops.ours is None else Always()
        if view.losses.met_ms is not None:
            return any_of(_CHANGED, At(view.losses.met_ms + FILLS_WITHIN_MS))
        stop = view.stops.protecting
        if stop is None and view.losses.unwanted and view.stops.ours is None:
            return Never("the trader cancelled our stops: it is his will that none rests")
        if stop is not None and stop.trigger is not None and _comes_from_nothing(view):
            return any_of(_CHANGED, appearing(view.id.side, view.contract, stop))
        if view.liquidation is None:
            gone = "there is no liquidation price to protect from"
            if view.stands:
                return Never(gone)
            return any_of(_CHANGED, appearing(view.id.side, view.contract, stop))
        if not view.endangered:
            return Never("liquidation comes from the larger leg, or from what both have to keep")
        if stop is None or stop.trigger is None:
            return Always()
        if view.stands:
            return _CHANGED
        reached = Metric.LIQUIDATION.above if view.id.side.sign > 0 else Metric.LIQUIDATION.below
        return any_of(_CHANGED, reached(stop.trigger - view.id.side.sign * view.contract.tick))

    def decide(self, view: View) -> Decisions:
        """Place what is missing, move what stands wrong."""
        stops = view.stops
        stop, ours = stops.protecting, stops.ours
        if view.pair.whole(view.position):
            if ours is not None:
                yield CancelStop(id=view.id, client_id=ours.client_id), "a stop would leave the hedge alone"
            return
        met_ms = view.losses.met_ms
        if met_ms is not None and view.now_ms < met_ms + FILLS_WITHIN_MS:
            return
        if stop is None:
            why = self._beyond_help(view)
            if why is not None:
                yield ReducePosition(id=view.id, quantity=view.position.quantity), why
        elif stops.placed_by(stop) != self.name:
            return
        place = view.clear_of_liquidation(self.params.clear_of_liquidation)
        if place is None:
            return
        if stop is not None and stop.trigger is not None:
            if self._drift(view, stop.trigger, place) > self.params.tolerance * view.mark:
                yield MoveStop(id=view.id, trigger=place), f"liquidation moved to {view.liquidation}"
            elif self._exceeds(view, stop):
                because = f"stop of {stop.quantity}: larger than the position, it may be refused"
                yield MoveStop(id=view.id, trigger=stop.trigger), because
        elif ours is not None:
            yield MoveStop(id=view.id, trigger=place), f"stop {ours.trigger} no longer protects"
        else:
            yield PlaceStop(id=view.id, trigger=place), "the position has no stop that protects it"

    def _beyond_help(self, view: View) -> str | None:
        """Why the position has to be closed; ``None`` while a stop may still do."""
        losses = view.losses
        if losses.met_ms is not None:
            return f"its stop was met {(view.now_ms - losses.met_ms) / 1000:.1f} s ago and has not closed it"
        if losses.failing and self.params.last_resort is LastResort.CLOSE:
            return f"no stop can be kept for it: {losses.ended} ended, {losses.refused} refused in a row"
        return None

    def _exceeds(self, view: View, stop: Order) -> bool:
        """Whether the exchange may refuse a stop at its trigger because less is left of the position.

        In one-way mode it closes what is left, being reduce-only. Hedge mode knows no such order at some
        exchanges (Binance), and whether one that is too large is cut or refused there nobody has confirmed.
        """
        if not view.hedge_mode or stop.closes_position:
            return False
        quantity, contract = view.position.quantity, view.contract
        return stop.quantity - quantity >= contract.lot and quantity >= contract.min_quantity

    def _drift(self, view: View, trigger: Decimal, place: Decimal) -> Decimal:
        """How far a stop stands from where it belongs, in price.

        Half way to the mark is for new stops only: one that the mark comes up to does not give way.
        """
        sign = view.id.side.sign
        short_of = sign * (place - trigger)
        if short_of >= 0 or view.liquidation is None:
            return short_of
        clear = view.liquidation * (1 + sign * self.params.clear_of_liquidation)
        towards = view.contract.price_up if sign > 0 else view.contract.price_down
        return sign * (trigger - towards(clear))


def _comes_from_nothing(view: View) -> bool:
    """Whether the liquidation price comes up from nothing: a long's in quote currency.

    Then it passes the stop at the same price, whether it is there yet or not, and need not be found.
    """
    linear_long = view.id.side is Side.LONG and view.contract.kind is ContractKind.LINEAR
    return linear_long and not view.stands and view.endangered


def seatbelt_entry(settings: SeatbeltSettings) -> RuleEntry:
    """The seatbelt as the last configured rule."""
    params = SeatbeltParams(
        clear_of_liquidation=settings.clear_of_liquidation,
        tolerance=settings.tolerance,
        last_resort=settings.last_resort,
    )
    return RuleEntry(rule=Seatbelt(SEATBELT, params))
