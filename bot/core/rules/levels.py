"""Levels that can be watched: what is said of each, what one waits for, and whether it is reached.

One thing watched is all three at once, so that what wakes a rule is what it then finds and what people read.
A ``Watchlist`` says what is reached in one alert, and does not repeat itself: what was said last is read from
the rule's memory, so a restart repeats nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import NamedTuple, Protocol, TypeVar

from bot.core.held.equity import Drawdown
from bot.core.intents import Notify
from bot.core.markets.indicators import Move
from bot.core.rule import Needs
from bot.core.structure import Nodes, Structure, Swings, edge_behind
from bot.core.timeframe import format_timeframe
from bot.core.types import ZERO
from bot.core.view import View
from bot.core.wake import At, BarClose, Figure, Metric, Told, Wake, all_of, any_of

_BETWEEN = "; "
_ROW = Decimal("0.005")


class Watched(NamedTuple):
    """How something that is watched stands."""

    text: str
    """What is said of it; the same as long as it is the same level."""
    wake: Wake
    """What one waits for."""
    reached: bool


class Watchable(Protocol):
    """What can be watched of a position, its account or its market."""

    def needs(self) -> Needs:
        """The data it takes."""
        ...

    def watched(self, view: View) -> Iterator[Watched]:
        """How it stands; more than one where it has several sides."""
        ...


V = TypeVar("V")


def given(kind: Callable[[V], Watchable], value: V | None) -> tuple[Watchable, ...]:
    """The level of a parameter; nothing where it is left out, or 0."""
    return (kind(value),) if value else ()


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """The mark is beyond a price: above it, else below."""

    price: Decimal
    above: bool

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it is beyond."""
        if self.above:
            yield Watched(f"mark above {self.price}", Metric.MARK.above(self.price), view.mark > self.price)
        else:
            yield Watched(f"mark below {self.price}", Metric.MARK.below(self.price), view.mark < self.price)


@dataclass(frozen=True, slots=True)
class NearLevel:
    """Liquidation is nearer than a fraction of the mark."""

    distance: Decimal

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it is nearer."""
        text = f"liquidation less than {self.distance:.2%} away"
        yield Watched(text, Metric.DISTANCE.below(self.distance), view.distance < self.distance)


@dataclass(frozen=True, slots=True)
class RatioLevel:
    """Maintenance is more than a fraction of the pool's equity."""

    ratio: Decimal

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it is more."""
        high = view.margin_ratio > self.ratio
        yield Watched(f"margin ratio above {self.ratio}", Metric.MARGIN_RATIO.above(self.ratio), high)


@dataclass(frozen=True, slots=True)
class PlaceLevel:
    """The mark passes the nearest place below the last close, of ``low``, or above it, of ``high``."""

    name: str
    timeframe_ms: int
    low: Structure
    high: Structure

    @classmethod
    def swing(cls, timeframe_ms: int, look_back: int, strength: int) -> PlaceLevel:
        """The swing lows and highs of so many bars, each with ``strength`` on either side."""
        low, high = (Swings(timeframe_ms, strength, look_back, high) for high in (False, True))
        return cls("swing", timeframe_ms, low, high)

    @classmethod
    def node(cls, timeframe_ms: int, look_back: int, factor: Decimal) -> PlaceLevel:
        """The rows of half a per cent in which so many times the mean was traded, in so many bars."""
        nodes = Nodes(timeframe_ms, look_back, _ROW, factor)
        return cls("node", timeframe_ms, nodes, nodes)

    def needs(self) -> Needs:
        """Closed bars and the places."""
        bars = frozenset((self.timeframe_ms,))
        return Needs(bars_ms=bars, structures=frozenset((self.low, self.high)))

    def watched(self, view: View) -> Iterator[Watched]:
        """The two nearest places; where a bar closes they may become others, of which nothing is said."""
        yield Watched(f"a new {self.name}", BarClose(self.timeframe_ms), reached=False)
        last = view.bar(self.timeframe_ms)
        if last is None:
            return
        below = edge_behind(view.zones(self.low) or (), last.close, +1, ZERO)
        above = edge_behind(view.zones(self.high) or (), last.close, -1, ZERO)
        if below is not None:
            text = f"below the {self.name} at {below}"
            yield Watched(text, Metric.MARK.below(below), view.mark < below)
        if above is not None:
            text = f"above the {self.name} at {above}"
            yield Watched(text, Metric.MARK.above(above), view.mark > above)


@dataclass(frozen=True, slots=True)
class MoveLevel:
    """The price has moved by more than a fraction, either way."""

    move: Move
    most: Decimal

    def needs(self) -> Needs:
        """The move."""
        return Needs(indicators=frozenset((self.move,)))

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it has, as of the last close."""
        timeframe_ms, moved = self.move.timeframe_ms, view.indicator(self.move)
        text = f"moved more than {self.most:.2%} in {_bars(timeframe_ms, self.move.length)}"
        yield Watched(text, BarClose(timeframe_ms), moved is not None and abs(moved) > self.most)


@dataclass(frozen=True, slots=True)
class DrawdownLevel:
    """The account is farther below its best than ``deep``, a fraction, raw and smoothed over so many bars."""

    timeframe_ms: int
    bars: int
    deep: Decimal

    def needs(self) -> Needs:
        """The drawdown."""
        return Needs(drawdowns=frozenset((self._drawdown,)))

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it is, as of the last sample."""
        depth = view.memory.drawdown(self._drawdown)
        is_deep = depth is not None and depth.drawdown > self.deep
        yield Watched(f"drawdown above {self.deep:.2%}", BarClose(self.timeframe_ms), is_deep)

    @property
    def _drawdown(self) -> Drawdown:
        return Drawdown(self.timeframe_ms, self.bars, self.deep)


@dataclass(frozen=True, slots=True)
class FundingLevel:
    """The position pays more than a fraction of its value at the next settlement."""

    rate: Decimal

    def needs(self) -> Needs:
        """Funding."""
        return Needs(funding=True)

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it does, at the rate last told."""
        dear = view.funding is not None and view.funding.owed_by(view.id.side) > self.rate
        yield Watched(f"funding above {self.rate:.4%}", Told(Figure.FUNDING), dear)


@dataclass(frozen=True, slots=True)
class InterestLevel:
    """Open interest has changed by more than a fraction in so many bars, either way."""

    timeframe_ms: int
    bars: int
    most: Decimal

    def needs(self) -> Needs:
        """Open interest, and as much of its past."""
        return Needs(open_interest=True, interest_window_ms=self.timeframe_ms * self.bars)

    def watched(self, view: View) -> Iterator[Watched]:
        """Whether it has, as last told."""
        changed = view.open_interest_change(self.timeframe_ms * self.bars)
        far = changed is not None and abs(changed) > self.most
        over = _bars(self.timeframe_ms, self.bars)
        text = f"open interest changed more than {self.most:.2%} in {over}"
        yield Watched(text, Told(Figure.OPEN_INTEREST), far)


@dataclass(frozen=True, slots=True)
class Watchlist:
    """Levels that are told of together; one that is still reached is said again after ``again_ms``."""

    levels: tuple[Watchable, ...]
    again_ms: int

    def needs(self) -> Needs:
        """The data that all of them take."""
        return reduce(or_, (level.needs() for level in self.levels), Needs())

    def wake(self, view: View) -> Wake:
        """At each level; at one that was said last only when it may be said again."""
        said, again = self._said(view)
        return any_of(*(all_of(again, wake) if text in said else wake for text, wake, _ in self._all(view)))

    def text(self, view: View) -> str | None:
        """All that is reached, if any of it was not said last, or it may be said again; else ``None``.

        It is recognised later by the rule's last alert, so that has to have this text.
        """
        reached = [text for text, _, is_reached in self._all(view) if is_reached]
        said, again = self._said(view)
        if reached and (view.now_ms >= again.at_ms or not said.issuperset(reached)):
            return _BETWEEN.join(reached)
        return None

    def _all(self, view: View) -> Iterator[Watched]:
        for level in self.levels:
            yield from level.watched(view)

    def _said(self, view: View) -> tuple[frozenset[str], At]:
        """What was said last, and from when on it may be said again."""
        last = view.memory.said
        if last is None or not isinstance(last.intent, Notify):
            return frozenset(), At(0)
        return frozenset(last.intent.text.split(_BETWEEN)), At(last.at_ms + self.again_ms)


def _bars(timeframe_ms: int, count: int) -> str:
    return f"{count} bars of {format_timeframe(timeframe_ms)}"
