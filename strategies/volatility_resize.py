"""Reduce a position to the size that the market's volatility allows."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from bot.core.intents import ReducePosition
from bot.core.markets.indicators import Atr, BandWidth, Indicator, Volatility
from bot.core.rule import Decisions, Multiple, Needs, Params, Ratio, Rule, Timeframe, Times
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Never, Wake


class VolatilityResizeParams(Params):
    """How much of the account a likely move may cost, and how that move is measured."""

    risk: Ratio = Decimal("0.5")
    """The fraction of the account's equity that a likely move against the position may cost."""
    multiple: Multiple = Decimal(3)
    """A likely move is so many times the measure."""
    measure: Literal["atr", "width", "volatility"] = "atr"
    """Average true range; half the width of the Bollinger bands; or realised volatility of a day."""
    timeframe: Timeframe = "1h"
    """Bars it is measured on."""
    length: Annotated[int, Field(ge=2, le=500), Unit("bars")] = 24
    """Number of bars it is measured over."""
    tolerance: Ratio = Decimal("0.2")
    """The position is left alone until it is larger than allowed by this fraction."""
    max_times: Times = 10
    """Reductions per position."""


class VolatilityResize(Rule[VolatilityResizeParams]):
    """Makes a position smaller as the market becomes wilder, before the move that hurts; never larger."""

    proposes = (ReducePosition,)

    def __init__(self, name: RuleName, params: VolatilityResizeParams) -> None:
        """Read the timeframe once."""
        super().__init__(name, params)
        timeframe_ms, length = parse_timeframe(params.timeframe), params.length
        self._measure: Indicator
        match params.measure:
            case "atr":
                self._measure = Atr(timeframe_ms, length)
            case "width":
                self._measure = BandWidth(timeframe_ms, length)
            case "volatility":
                self._measure = Volatility(timeframe_ms, length)
        self._bar = BarClose(self._measure.timeframe_ms)

    def needs(self) -> Needs:
        """The measure, and what the account is worth."""
        return Needs(indicators=frozenset({self._measure}), equity=True)

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        if view.times_acted >= self.params.max_times:
            return Never(f"it was made smaller {view.times_acted} times already")
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Close what is too much of it."""
        params, equity, move = self.params, view.memory.equity, self._move(view)
        if equity is None or not move:
            return
        value = view.contract.notional(view.position.quantity, view.mark)
        allowed = max(equity, Decimal(0)) * params.risk / move
        if value <= allowed * (1 + params.tolerance):
            return
        quantity = view.position.quantity * (1 - allowed / value)
        why = f"a move of {move:.2%} may cost {params.risk:.0%} of {equity:.2f}: {allowed:.2f} of {value:.2f}"
        yield ReducePosition(id=view.id, quantity=quantity), why

    def _move(self, view: View) -> Decimal | None:
        """The likely move, as a fraction of the price."""
        value = view.indicator(self._measure)
        if value is None:
            return None
        if self.params.measure == "atr":
            value /= view.mark
        elif self.params.measure == "width":
            value /= 2
        return value * self.params.multiple
