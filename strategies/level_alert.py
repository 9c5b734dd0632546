"""Say that a level was reached: of the price, the risk, the account or the market. Nothing else is done."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span
from bot.core.intents import Level, Notify
from bot.core.markets.indicators import Move
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.rules.levels import (
    DrawdownLevel,
    FundingLevel,
    InterestLevel,
    MoveLevel,
    NearLevel,
    PlaceLevel,
    PriceLevel,
    RatioLevel,
    Watchable,
    Watchlist,
    given,
)
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Wake

Prices = Annotated[tuple[Annotated[Decimal, Field(gt=0)], ...], Field(max_length=50), Unit("price")]


class LevelAlertParams(Params):
    """What is watched; any number of these, and at least one."""

    price_below: Prices = ()
    """Mark prices to be told of when the mark is below."""
    price_above: Prices = ()
    """Mark prices to be told of when the mark is above."""
    distance_below: Ratio | None = None
    """Liquidation is nearer than this fraction of the mark."""
    margin_ratio_above: Ratio | None = None
    """Maintenance is more than this fraction of the pool's equity."""
    move_above: Ratio | None = None
    """The price moved more than this over ``bars`` bars of ``timeframe``, either way."""
    drawdown_above: Ratio | None = None
    """The account is this far below its best, raw and smoothed over ``bars`` bars of ``timeframe``."""
    funding_above: Ratio | None = None
    """The position pays more than this at the next settlement, as a fraction of its value."""
    swings: Annotated[int, Field(ge=0, le=50), Unit("bars")] = 0
    """The mark passes the nearest swing low or high before the last close, each with so many bars of
    ``timeframe`` on either side. 0: not watched."""
    nodes: Annotated[Decimal, Field(ge=0, le=20), Unit("factor")] = Decimal(0)
    """The mark passes the nearest node of the volume profile: rows of half a per cent with at least this many
    times the mean. 0: not watched."""
    look_back: Annotated[int, Field(ge=10, le=250), Unit("bars")] = 200
    """How far back swings and nodes are looked for."""
    interest_above: Ratio | None = None
    """Open interest changed by more than this over ``bars`` bars of ``timeframe``, either way."""
    timeframe: Timeframe = "5m"
    """Bars that moves and drawdowns are measured on."""
    bars: Annotated[int, Field(ge=1, le=1000), Unit("bars")] = 12
    """Over how many of them."""
    again: Span = 60 * 60_000
    """How soon a level that is still reached is said again; one that was not said last is said at once."""
    level: Level = Level.WARNING
    """How loudly people are told."""

    @model_validator(mode="after")
    def _watches_something(self) -> LevelAlertParams:
        if not _levels(self):
            raise ValueError("it watches nothing: give at least one level, such as distance_below")
        if self.look_back <= 2 * self.swings:
            raise ValueError(
                f"look_back {self.look_back} must be above twice swings {self.swings}: none fits in"
            )
        if self.price_below and self.price_above and max(self.price_below) > min(self.price_above):
            raise ValueError(
                f"price_below {max(self.price_below)} is above price_above {min(self.price_above)}:"
                " between them both hold at once"
            )
        return self


class LevelAlert(Rule[LevelAlertParams]):
    """Alerts only. What was said last is known over a restart."""

    proposes = (Notify,)
    example = MappingProxyType({"distance_below": "0.05", "drawdown_above": "0.1"})

    def __init__(self, name: RuleName, params: LevelAlertParams) -> None:
        """Say once what is watched."""
        super().__init__(name, params)
        self._watchlist = Watchlist(_levels(params), params.again)

    def needs(self) -> Needs:
        """What is watched, and nothing else."""
        return self._watchlist.needs()

    def wake(self, view: View) -> Wake:
        """At each level; at one that was said last only when it may be said again."""
        return self._watchlist.wake(view)

    def decide(self, view: View) -> Decisions:
        """Say all that is reached, if any of it was not said last, or it may be said again."""
        text = self._watchlist.text(view)
        if text is not None:
            yield Notify(id=view.id, level=self.params.level, text=text), text


def _levels(params: LevelAlertParams) -> tuple[Watchable, ...]:
    """Everything that is watched."""
    bar_ms, bars, look_back = parse_timeframe(params.timeframe), params.bars, params.look_back
    return (
        *(PriceLevel(price, above=False) for price in params.price_below),
        *(PriceLevel(price, above=True) for price in params.price_above),
        *given(NearLevel, params.distance_below),
        *given(RatioLevel, params.margin_ratio_above),
        *given(partial(PlaceLevel.swing, bar_ms, look_back), params.swings),
        *given(partial(PlaceLevel.node, bar_ms, look_back), params.nodes),
        *given(partial(MoveLevel, Move(bar_ms, bars)), params.move_above),
        *given(partial(DrawdownLevel, bar_ms, bars), params.drawdown_above),
        *given(FundingLevel, params.funding_above),
        *given(partial(InterestLevel, bar_ms, bars), params.interest_above),
    )
