"""A stop a multiple of the average true range away, resting at the exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.core.intents import MoveStop, PlaceStop
from bot.core.markets.indicators import Atr
from bot.core.rule import Decisions, Multiple, Needs, Params, Ratio, Rule, Timeframe
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Wake


class AtrStopParams(Params):
    """How far the stop stands, over which bars, and how much it must gain to be moved."""

    multiple: Multiple = Decimal("2.5")
    """Distance of the stop from the mark, in average true ranges."""
    timeframe: Timeframe = "1h"
    """Bars the range is measured on."""
    length: Annotated[int, Field(ge=1, le=500), Unit("bars")] = 14
    """Number of bars in Wilder's average."""
    step: Annotated[Decimal, Field(ge=0, le=10), Unit("average true ranges")] = Decimal("0.25")
    """The stop is moved only when it gains at least this many ranges."""
    clear_of_liquidation: Ratio = Decimal("0.01")
    """Distance the stop keeps from liquidation, as a fraction of its price; at most half way to the mark."""


class AtrStop(Rule[AtrStopParams]):
    """Trails the mark by a multiple of its range, only ever in the position's favour."""

    proposes = (PlaceStop, MoveStop)

    def __init__(self, name: RuleName, params: AtrStopParams) -> None:
        """Say once what is needed and waited for."""
        super().__init__(name, params)
        self._range = Atr(parse_timeframe(params.timeframe), params.length)
        self._bar = BarClose(self._range.timeframe_ms)

    def needs(self) -> Needs:
        """Closed bars and their average true range."""
        return Needs(indicators=frozenset({self._range}))

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Place the stop, or ratchet it, always between mark and liquidation."""
        atr = view.atr(self._range)
        if atr is None:
            return
        params, stops, sign = self.params, view.stops, view.id.side.sign
        stop, naked = stops.ours, stops.protecting is None
        away = params.multiple * atr
        price = view.mark - away if sign > 0 else view.mark + away
        held = stop.trigger if stop is not None else None
        if held is not None and not naked and (price < held if sign > 0 else price > held):
            return  # Most of the time: it would rest behind where it is.
        gain = max(params.step * atr, view.contract.tick)
        if held is not None and not naked and abs(price - held) < gain:
            return
        towards = view.contract.price_up if sign > 0 else view.contract.price_down
        trigger = self._clear(view, towards(price))
        why = f"{params.multiple} x ATR {atr} from mark {view.mark}"
        if held is None:
            if naked:
                yield PlaceStop(id=view.id, trigger=trigger), why
        elif naked or sign * (trigger - held) >= gain:
            better = max if sign > 0 else min
            yield MoveStop(id=view.id, trigger=better(trigger, held)), why

    def _clear(self, view: View, price: Decimal) -> Decimal:
        """``price``, or the nearest place to it that is clear of liquidation."""
        nearest = view.clear_of_liquidation(self.params.clear_of_liquidation)
        if nearest is None:
            return price
        return max(price, nearest) if view.id.side.sign > 0 else min(price, nearest)
