"""Tighten the other rules, or reduce, when a cascade of liquidations is likely or under way."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span
from bot.core.indicators import Move
from bot.core.intents import Posture, ReducePosition, SetPosture
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Share, Timeframe
from bot.core.timeframe import parse_timeframe
from bot.core.types import ZERO, RuleName
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
        """Read the timeframe once."""
        super().__init__(name, params)
        self._move = Move(parse_timeframe(params.timeframe), params.bars)
        self._bar = BarClose(self._move.timeframe_ms)
        self._window_ms = self._move.timeframe_ms * params.bars

    def needs(self) -> Needs:
        """Closed bars, funding and the history of open interest."""
        move, window_ms = frozenset({self._move}), self._window_ms
        return Needs(indicators=move, funding=True, open_interest=True, interest_window_ms=window_ms)

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Tighten at two signs, relax when there are fewer and half of the move is made good."""
        params, tight = self.params, view.memory.stance is not None
        signs = self._signs(view, params.move / 2 if tight else params.move)
        said, many = ", ".join(signs), len(signs) >= _TOGETHER
        if many and not tight:
            wanted = SetPosture(id=view.id, posture=Posture.CAUTIOUS, tighten=params.tighten)
            yield wanted, f"a cascade is likely: {said}"
        elif tight and not many:
            yield SetPosture(id=view.id, posture=Posture.NORMAL), f"no cascade any more: {said or 'no sign'}"
        if params.reduce is not None and self._rested(view) and self._under_way(view):
            quantity = view.position.quantity * params.reduce
            yield ReducePosition(id=view.id, quantity=quantity), f"a cascade is under way: {said}"

    def _against(self, view: View) -> Decimal:
        """How far the price has moved against the position."""
        moved = view.indicator(self._move)
        return ZERO if moved is None else -moved * view.id.side.sign

    def _signs(self, view: View, move: Decimal) -> list[str]:
        params, against = self.params, self._against(view)
        change, funding = view.open_interest_change(self._window_ms), view.funding
        owed = ZERO if funding is None else funding.owed_by(view.id.side)
        signs = []
        if against >= move:
            signs.append(f"{against:.2%} against it")
        if change is not None and change <= -params.flush:
            signs.append(f"open interest {change:.2%}")
        if owed >= params.crowded:
            signs.append(f"funding {owed:.4%}")
        if view.distance < params.near:
            signs.append(f"liquidation {view.distance:.2%} away")
        return signs

    def _rested(self, view: View) -> bool:
        closed_ms = view.memory.acted_ms
        return closed_ms is None or view.now_ms >= closed_ms + self.params.every

    def _under_way(self, view: View) -> bool:
        params, change = self.params, view.open_interest_change(self._window_ms)
        against = self._against(view)
        flushed = against >= 2 * params.move if change is None else change <= -params.flush
        return against >= params.move and flushed and view.distance < params.near
