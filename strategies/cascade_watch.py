"""Tighten the other rules, or reduce, when a cascade of liquidations is likely or under way."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span
from bot.core.intents import Posture, ReducePosition, SetPosture
from bot.core.markets.indicators import Move
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Share, Timeframe
from bot.core.rules.pressure import Pressing, Pressure
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Wake

_TOGETHER = 2
"""One sign alone is no cascade."""


class CascadeWatchParams(Params):
    """The four signs of a cascade, and what is done about two of them together."""

    timeframe: Timeframe = "1m"
    """Bars the move is measured on; the rule is asked where they close."""
    bars: Annotated[int, Field(ge=1, le=500), Unit("bars")] = 15
    """The move and the change of open interest are those over so many bars."""
    move: Ratio = Decimal("0.03")
    """First sign: the price has moved so far against the position."""
    flush: Ratio = Decimal("0.05")
    """Second sign: so much of the open interest is gone; positions are being closed by force."""
    crowded: Ratio = Decimal("0.0005")
    """Third sign: the position's side pays this rate of funding or more, as so many stand on that side."""
    near: Ratio = Decimal("0.15")
    """Fourth sign: liquidation is nearer than this fraction of the mark price."""
    tighten: Annotated[Decimal, Field(ge=1, le=5), Unit("factor")] = Decimal("1.5")
    """The other rules act so many times farther from liquidation meanwhile."""
    reduce: Share | None = None
    """With move, flush and nearness together: close this fraction. Where nobody tells of open interest a move
    twice as far stands for the flush."""
    every: Span = 60 * 60_000
    """Time between two closes."""

    @model_validator(mode="after")
    def _does_something(self) -> CascadeWatchParams:
        if self.tighten == 1 and self.reduce is None:
            message = "it would do nothing: give tighten above 1, or reduce"
            raise ValueError(message)
        return self


class CascadeWatch(Rule[CascadeWatchParams]):
    """Lets the other rules act earlier, and take on nothing new, while the market feeds on its own closes."""

    proposes = (SetPosture, ReducePosition)

    def __init__(self, name: RuleName, params: CascadeWatchParams) -> None:
        """Say once over which bars it is measured."""
        super().__init__(name, params)
        self._pressing = Pressing(Move(parse_timeframe(params.timeframe), params.bars))

    def needs(self) -> Needs:
        """Closed bars, funding and the history of open interest."""
        return self._pressing.needs()

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        return BarClose(self._pressing.move.timeframe_ms)

    def decide(self, view: View) -> Decisions:
        """Tighten at two signs, relax when there are fewer and half of the move is made good."""
        params, tight, now = self.params, view.memory.stance is not None, self._pressing.on(view)
        signs = self._signs(view, now, params.move / 2 if tight else params.move)
        said, many = ", ".join(signs), len(signs) >= _TOGETHER
        if many and not tight:
            wanted = SetPosture(id=view.id, posture=Posture.CAUTIOUS, tighten=params.tighten)
            yield wanted, f"a cascade is likely: {said}"
        elif tight and not many:
            yield SetPosture(id=view.id, posture=Posture.NORMAL), f"no cascade any more: {said or 'no sign'}"
        rested = not view.memory.acted_after(view.now_ms - params.every)
        if params.reduce is not None and rested and self._under_way(view, now):
            quantity = view.position.quantity * params.reduce
            yield ReducePosition(id=view.id, quantity=quantity), f"a cascade is under way: {said}"

    def _signs(self, view: View, now: Pressure, move: Decimal) -> list[str]:
        params, signs = self.params, []
        if now.against >= move:
            signs.append(f"{now.against:.2%} against it")
        if now.interest is not None and now.interest <= -params.flush:
            signs.append(f"open interest {now.interest:.2%}")
        if now.owed >= params.crowded:
            signs.append(f"funding {now.owed:.4%}")
        if view.distance < params.near:
            signs.append(f"liquidation {view.distance:.2%} away")
        return signs

    def _under_way(self, view: View, now: Pressure) -> bool:
        params, change = self.params, now.interest
        flushed = now.against >= 2 * params.move if change is None else change <= -params.flush
        return now.against >= params.move and flushed and view.distance < params.near
