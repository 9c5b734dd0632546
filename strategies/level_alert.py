"""Say that a level was reached: of the price, the risk, the account or the market. Nothing else is done."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.durations import Span
from bot.core.equity import Drawdown
from bot.core.indicators import Move
from bot.core.intents import Level, Notify
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.structure import Nodes, Structure, Swings, behind
from bot.core.timeframe import parse_timeframe
from bot.core.types import ZERO, RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import At, BarClose, Figure, Metric, Told, Wake, all_of, any_of

Prices = Annotated[tuple[Annotated[Decimal, Field(gt=0)], ...], Field(max_length=50), Unit("price")]
_ROW = Decimal("0.005")
Watched = tuple[str, Wake, bool]
"""What is said of a level, what one waits for, and whether it is reached."""


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
        if not any((self.price_below, self.price_above, self.swings, self.nodes, *self._measures())):
            message = "it watches nothing: give at least one level, such as distance_below"
            raise ValueError(message)
        if self.look_back <= 2 * self.swings:
            message = f"look_back {self.look_back} must be above twice swings {self.swings}: none fits in"
            raise ValueError(message)
        if self.price_below and self.price_above and max(self.price_below) > min(self.price_above):
            message = (
                f"price_below {max(self.price_below)} is above price_above {min(self.price_above)}:"
                " between them both hold at once"
            )
            raise ValueError(message)
        return self

    def _measures(self) -> Iterator[Decimal | None]:
        yield from (self.distance_below, self.margin_ratio_above, self.move_above)
        yield from (self.drawdown_above, self.funding_above, self.interest_above)


class LevelAlert(Rule[LevelAlertParams]):
    """Alerts only. What was said last is known over a restart."""

    proposes = (Notify,)
    example = MappingProxyType({"distance_below": "0.05", "drawdown_above": "0.1"})

    def __init__(self, name: RuleName, params: LevelAlertParams) -> None:
        """Read the timeframe once."""
        super().__init__(name, params)
        self._bar = BarClose(parse_timeframe(params.timeframe))
        self._window_ms = self._bar.timeframe_ms * params.bars
        self._move = Move(self._bar.timeframe_ms, params.bars)
        self._places = dict(_sought(params, self._bar.timeframe_ms))

    @property
    def _depth(self) -> Drawdown:
        return Drawdown(self._bar.timeframe_ms, self.params.bars, self.params.drawdown_above or Decimal(1))

    def needs(self) -> Needs:
        """What is watched, and nothing else."""
        params = self.params
        interest = params.interest_above is not None
        return Needs(
            bars_ms=frozenset({self._bar.timeframe_ms} if self._places else ()),
            indicators=frozenset({self._move} if params.move_above is not None else ()),
            structures=frozenset(spec for specs in self._places.values() for spec in specs),
            drawdowns=frozenset({self._depth} if params.drawdown_above is not None else ()),
            funding=params.funding_above is not None,
            open_interest=interest,
            interest_window_ms=self._window_ms if interest else 0,
        )

    def wake(self, view: View) -> Wake:
        """At each level; at one that was said last only when it may be said again."""
        said, again = self._said(view)
        return any_of(*(all_of(again, wake) if text in said else wake for text, wake, _ in self._all(view)))

    def decide(self, view: View) -> Decisions:
        """Say all that is reached, if any of it was not said last, or it may be said again."""
        reached = [text for text, _, is_reached in self._all(view) if is_reached]
        said, again = self._said(view)
        if reached and (view.now_ms >= again.at_ms or not said.issuperset(reached)):
            text = "; ".join(reached)
            yield Notify(id=view.id, level=self.params.level, text=text), text

    def _said(self, view: View) -> tuple[frozenset[str], At]:
        """What was said last, and from when on it may be said again."""
        last = view.memory.said
        if last is None or not isinstance(last.intent, Notify):
            return frozenset(), At(0)
        return frozenset(last.intent.text.split("; ")), At(last.at_ms + self.params.again)

    def _all(self, view: View) -> Iterator[Watched]:
        """Everything that is watched, and how it stands."""
        params, mark = self.params, view.mark
        for price in params.price_below:
            yield f"mark below {price}", Metric.MARK.below(price), mark < price
        for price in params.price_above:
            yield f"mark above {price}", Metric.MARK.above(price), mark > price
        if (near := params.distance_below) is not None:
            yield f"liquidation less than {near:.2%} away", Metric.DISTANCE.below(near), view.distance < near
        if (ratio := params.margin_ratio_above) is not None:
            high = view.margin_ratio > ratio
            yield f"margin ratio above {ratio}", Metric.MARGIN_RATIO.above(ratio), high
        yield from self._found(view)
        yield from self._told(view)

    def _found(self, view: View) -> Iterator[Watched]:
        """The nearest places below and above the last close: passed where the mark is beyond them now."""
        last = view.bar(self._bar.timeframe_ms) if self._places else None
        for kind, (low, high) in self._places.items():
            yield f"a new {kind}", self._bar, False
            if last is None:
                continue
            below = behind(view.zones(low) or (), last.close, +1, ZERO)
            above = behind(view.zones(high) or (), last.close, -1, ZERO)
            if below is not None:
                yield f"below the {kind} at {below.low}", Metric.MARK.below(below.low), view.mark < below.low
            if above is not None:
                yield (
                    f"above the {kind} at {above.high}",
                    Metric.MARK.above(above.high),
                    view.mark > above.high,
                )

    def _told(self, view: View) -> Iterator[Watched]:
        """What is known where bars close, and where figures are told."""
        params, bars = self.params, f"{self.params.bars} bars of {self.params.timeframe}"
        if (most := params.move_above) is not None:
            moved = view.indicator(self._move)
            yield f"moved more than {most:.2%} in {bars}", self._bar, moved is not None and abs(moved) > most
        if (deep := params.drawdown_above) is not None:
            depth = view.memory.drawdown(self._depth)
            yield f"drawdown above {deep:.2%}", self._bar, depth is not None and depth.drawdown > deep
        if (rate := params.funding_above) is not None:
            funding, told = view.funding, Told(Figure.FUNDING)
            dear = funding is not None and funding.owed_by(view.id.side) > rate
            yield f"funding above {rate:.4%}", told, dear
        if (change := params.interest_above) is not None:
            changed = view.open_interest_change(self._window_ms)
            told = Told(Figure.OPEN_INTEREST)
            far = changed is not None and abs(changed) > change
            yield f"open interest changed more than {change:.2%} in {bars}", told, far


def _sought(params: LevelAlertParams, bar_ms: int) -> Iterator[tuple[str, tuple[Structure, Structure]]]:
    """What is looked for below and above, by its name."""
    if params.swings:
        low, high = (Swings(bar_ms, params.swings, params.look_back, high) for high in (False, True))
        yield "swing", (low, high)
    if params.nodes:
        nodes = Nodes(bar_ms, params.look_back, _ROW, params.nodes)
        yield "node", (nodes, nodes)
