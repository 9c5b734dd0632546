"""One symbol's way through a replay: how far its prices were delivered, and where the next breach is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.core.conditions import FOREVER_MS
from bot.core.types import Symbol
from bot.lab.tapes import PricePath, first_outside

LOOKAHEAD_BARS = 4_096
"""How far a search looks beyond what it was asked for: its answer holds until a bound moves."""


@dataclass(frozen=True, slots=True)
class TickBounds:
    """The inclusive ticks of mark and traded price at which somebody may speak; ``None`` is open."""

    mark_low: int | None
    mark_high: int | None
    last_low: int | None
    last_high: int | None


class TrackPoint(NamedTuple):
    """Prices of one moment, in ticks; ``opens`` says that they open a bar, which they jumped to."""

    at_ms: int
    mark: int
    last: int
    opens: bool


class Track:
    """A path of prices and the place reached on it."""

    __slots__ = (
        "_bounds",
        "_breach",
        "_cleared",
        "_delivered_ms",
        "_first_ms",
        "_size",
        "bar",
        "path",
        "symbol",
    )

    def __init__(self, path: PricePath) -> None:
        """Stand before the first bar."""
        self.symbol = Symbol(path.symbol)
        self.path = path
        self.bar = 0
        """The first bar of which some point has neither been delivered nor skipped."""
        self._size = len(path)
        self._first_ms = int(path.times.item(0))
        self._delivered_ms = -1
        self._bounds: TickBounds | None = None
        self._cleared = 0
        self._breach: int | None = None

    @property
    def next_ms(self) -> int:
        """When the next bar opens."""
        return int(self.path.times.item(self.bar)) if self.bar < self._size else FOREVER_MS

    def index_at(self, at_ms: int) -> int:
        """The first bar that opens at or after ``at_ms``."""
        times = self.path.times
        guess = -((self._first_ms - at_ms) // self.path.interval_ms)
        if 0 < guess < self._size and times.item(guess - 1) < at_ms <= times.item(guess):
            return guess
        return int(times.searchsorted(at_ms))

    def points(self, from_ms: int, until_ms: int) -> list[TrackPoint]:
        """The undelivered points in [from_ms, until_ms), which count as delivered from now on."""
        found: list[TrackPoint] = []
        while self.bar < self._size and self.next_ms < until_ms:
            points = self.path.bar(self.bar)
            for place, (at_ms, last, mark) in enumerate(points):
                if from_ms <= at_ms < until_ms and at_ms > self._delivered_ms:
                    self._delivered_ms = at_ms
                    found.append(TrackPoint(at_ms, mark, last, place == 0))
            if points[3][0] >= until_ms:
                break
            self.bar += 1
        return found

    def last_before(self, until_ms: int) -> TrackPoint | None:
        """The last undelivered point before ``until_ms``; whatever came before it counts as skipped."""
        if self.next_ms >= until_ms:
            return None
        bar = self.index_at(until_ms)
        points = self.path.bar(bar - 1)
        self.bar = bar if points[3][0] < until_ms else bar - 1
        for at_ms, last, mark in reversed(points):
            if at_ms < until_ms:
                if at_ms <= self._delivered_ms:
                    return None
                self._delivered_ms = at_ms
                return TrackPoint(at_ms, mark, last, opens=False)
        return None

    def first_point_from(self, at_ms: int) -> int:
        """The time of the first undelivered point at or after ``at_ms``."""
        start = max(self.bar, self.index_at(at_ms) - 1)
        for bar in range(start, min(start + 2, self._size)):
            for point_ms, _, _ in self.path.bar(bar):
                if point_ms >= at_ms:
                    return point_ms
        return FOREVER_MS

    def breach(self, stop: int, bounds: TickBounds) -> int | None:
        """The first bar from here on and before ``stop`` that is not strictly inside ``bounds``."""
        if bounds is not self._bounds:
            self._bounds, self._breach, self._cleared = bounds, None, self.bar
        if self._breach is not None and self._breach < self.bar:
            self._breach, self._cleared = None, self.bar
        start = max(self.bar, self._cleared)
        if self._breach is None and start < stop:
            end = min(max(stop, start + LOOKAHEAD_BARS), self._size)
            self._cleared = self._first_outside(start, end, bounds)
            self._breach = self._cleared if self._cleared < end else None
        return self._breach if self._breach is not None and self._breach < stop else None

    def _first_outside(self, start: int, end: int, bounds: TickBounds) -> int:
        path = self.path
        at = first_outside(path.mark_low, path.mark_high, start, end, bounds.mark_low, bounds.mark_high)
        if bounds.last_low is None and bounds.last_high is None:
            return at
        return first_outside(path.last_low, path.last_high, start, at, bounds.last_low, bounds.last_high)
