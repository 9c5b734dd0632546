"""A stop behind a place where the market has turned or traded before, resting at the exchange."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.intents import MoveStop, PlaceStop
from bot.core.markets.indicators import Atr
from bot.core.rule import Decisions, Multiple, Needs, Params, Ratio, Rule, Timeframe
from bot.core.rules.stopping import stop_at
from bot.core.structure import Clusters, Nodes, Structure, Swings, edge_behind
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Wake

Width = Annotated[Decimal, Field(ge=Decimal("0.0005"), le=Decimal("0.1")), Unit("fraction")]


class Behind(StrEnum):
    """What the stop stands behind."""

    SWING = "swing"
    CLUSTER = "cluster"
    NODE = "node"


class StructureStopParams(Params):
    """What the stop stands behind, how far, and how much it must gain to be moved."""

    not_falling = (("buffer", "least"),)

    behind: Behind = Behind.SWING
    """A swing high or low; a cluster of them (support, resistance); a high-volume node of the profile."""
    timeframe: Timeframe = "1h"
    """Bars that are looked at."""
    length: Annotated[int, Field(ge=10, le=250), Unit("bars")] = 200
    """How far back; so many bars are read again after a restart."""
    strength: Annotated[int, Field(ge=1, le=50), Unit("bars")] = 3
    """Bars on either side of a swing that did not reach as far."""
    touches: Annotated[int, Field(ge=2, le=20), Unit("swings")] = 3
    """Swings that make a cluster."""
    width: Width = Decimal("0.005")
    """How wide a cluster, or a row of the volume profile, is at most, as a fraction of price."""
    factor: Annotated[Decimal, Field(ge=1, le=20), Unit("factor")] = Decimal("1.5")
    """A node has at least this many times the volume of the mean row."""
    buffer: Multiple = Decimal("0.5")
    """How far behind the place the stop stands, in average true ranges."""
    least: Multiple = Decimal(1)
    """The stop is never nearer to the mark than this many average true ranges; at least ``buffer``."""
    atr_length: Annotated[int, Field(ge=1, le=500), Unit("bars")] = 14
    """Number of bars in the average true range."""
    step: Annotated[Decimal, Field(ge=0, le=10), Unit("average true ranges")] = Decimal("0.25")
    """The stop is moved only when it gains at least this many ranges."""
    clear_of_liquidation: Ratio = Decimal("0.01")
    """Distance the stop keeps from liquidation, as a fraction of its price; at most half way to the mark."""

    @model_validator(mode="after")
    def _possible(self) -> StructureStopParams:
        if self.length <= 2 * self.strength:
            message = f"length {self.length} must be above twice strength {self.strength}: no swing fits in"
            raise ValueError(message)
        return self


class StructureStop(Rule[StructureStopParams]):
    """Stands behind the nearest place that is far enough away, and follows it in the position's favour.

    Where there is no such place it leaves the stop as it is.
    """

    proposes = (PlaceStop, MoveStop)
    example = MappingProxyType({"behind": "cluster", "timeframe": "4h"})

    def __init__(self, name: RuleName, params: StructureStopParams) -> None:
        """Say once what is looked for."""
        super().__init__(name, params)
        frame_ms = parse_timeframe(params.timeframe)
        self._range = Atr(frame_ms, params.atr_length)
        self._places = {sign: _sought(params, frame_ms, sign) for sign in (+1, -1)}
        self._bar = BarClose(frame_ms)

    def needs(self) -> Needs:
        """Closed bars, their average true range, and the places."""
        return Needs(indicators=frozenset({self._range}), structures=frozenset(self._places.values()))

    def wake(self, view: View) -> Wake:
        """At each closed bar."""
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Place the stop behind the nearest place, or move it there, always between mark and liquidation."""
        params, sign = self.params, view.id.side.sign
        atr, zones = view.atr(self._range), view.zones(self._places[sign])
        if atr is None or zones is None:
            return
        edge = edge_behind(zones, view.mark, sign, (params.least - params.buffer) * atr)
        if edge is None:
            return
        price = edge - sign * params.buffer * atr
        stop = stop_at(view, price, gain=params.step * atr, clear=params.clear_of_liquidation)
        if stop is not None:
            yield stop, f"{params.buffer} x ATR {atr} behind the {params.behind} at {edge}"


def _sought(params: StructureStopParams, frame_ms: int, sign: int) -> Structure:
    """The places a long (+1) or a short (-1) hides behind."""
    match params.behind:
        case Behind.SWING:
            return Swings(frame_ms, params.strength, params.length, high=sign < 0)
        case Behind.CLUSTER:
            return Clusters(frame_ms, params.strength, params.length, params.touches, params.width)
        case Behind.NODE:
            return Nodes(frame_ms, params.length, params.width, params.factor)
