"""One symbol's way through a replay: how far its prices were delivered, and where the next breach is."""

from __future__ import annotations

from typing import NamedTuple

from bot.core.danger.conditions import FOREVER_MS
from bot.core.types import Symbol
from bot.lab.tapes import PlayedPath, Point, first_outside, tick_price

LOOKAHEAD_BARS = 4_096
"""How far a search looks beyond what it was asked for: it holds until a bound moves into what it saw."""


class TickBounds(NamedTuple):
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
        "_breach_ms",
        "_cleared_ms",
        "_closes",
        "_closing_marks",
        "_delivered_ms",
        "_gapless",
        "_last_ms",
        "_lookahead_bars",
        "_seen",
        "_size",
        "bar",
        "next_ms",
        "path",
        "symbol",
        "unit",
    )

    def __init__(self, path: PlayedPath, lookahead_bars: int = LOOKAHEAD_BARS) -> None:
        """Stand before the first bar."""
        self.symbol = Symbol(path.symbol)
        self.path = path
        self.unit = tick_price(1, path.exponent)
        """The price of one tick."""
        self._size = len(path)
        self._gapless = path.gapless
        self.bar = 0
        """The first bar of which some point has neither been delivered nor skipped."""
        self.next_ms: int = path.times.item(0)
        """When that bar opens."""
        self._delivered_ms = -1
        self._last_ms = path.ends_ms
        """When in a bar its last point is."""
        self._closes, self._closing_marks = path.close, path.closing_marks
        self._bounds: TickBounds | None = None
        self._cleared_ms = 0
        """No bar that opens before this is outside the bounds."""
        self._breach_ms: int | None = None
        self._lookahead_bars = lookahead_bars
        self._seen: tuple[int, int] | None = None
        """The lowest and the highest mark of the bars that were found inside; ``None`` for no bars."""

    def _move_to(self, bar: int) -> None:
        self.bar = bar
        self.next_ms = self._opening_ms(bar)

    def _opening_ms(self, bar: int) -> int:
        return self.path.times.item(bar) if bar < self._size else FOREVER_MS

    def index_at(self, at_ms: int) -> int:
        """The first bar that opens at or after ``at_ms``."""
        times = self.path.times
        # Most tapes have few gaps: counted from the present bar the guess is right but for those ahead.
        guess = self.bar - (self.next_ms - at_ms) // self.path.interval_ms
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
            if points[-1][0] >= until_ms:
                break
            self._move_to(self.bar + 1)
        return found

    def last_before(self, until_ms: int) -> Point | None:
        """The last undelivered point before ``until_ms``; whatever came before it counts as skipped."""
        if self.next_ms >= until_ms:
            return None
        path, times = self.path, self.path.times
        # As ``index_at`` does, but openings are counted where they can be: this runs at every stop.
        interval_ms = path.interval_ms
        ahead = -((self.next_ms - until_ms) // interval_ms)  # Rounded up.
        bar = self.bar + ahead
        if self._gapless and bar < self._size:
            self.bar, self.next_ms = bar, self.next_ms + ahead * interval_ms
            opened_ms = self.next_ms - interval_ms
        else:
            self._move_to(bar := self.index_at(until_ms))
            opened_ms = times.item(bar - 1)
        at_ms = opened_ms + self._last_ms
        if at_ms < until_ms:
            last, mark = self._closes.item(bar - 1), self._closing_marks.item(bar - 1)
        else:
            self._move_to(bar - 1)
            at_ms, last, mark = next(p for p in reversed(path.bar(bar - 1)) if p[0] < until_ms)
        if at_ms <= self._delivered_ms:
            return None  # It was delivered already.
        self._delivered_ms = at_ms
        return at_ms, last, mark

    def first_point_from(self, at_ms: int) -> int:
        """The time of the first undelivered point at or after ``at_ms``."""
        start = max(self.bar, self.index_at(at_ms) - 1)
        for bar in range(start, min(start + 2, self._size)):
            for point_ms, _, _ in self.path.bar(bar):
                if point_ms >= at_ms:
                    return point_ms
        return FOREVER_MS

    def breach(self, before_ms: int, bounds: TickBounds) -> int | None:
        """When the first bar from here on opens that is not strictly inside ``bounds``.

        ``None`` if there is none that opens before ``before_ms``.
        """
        if bounds is not self._bounds:
            self._bounds, self._breach_ms = bounds, None
            if not self._holds_what_was_seen(bounds):
                self._cleared_ms = self.next_ms
        elif self._breach_ms is not None and self._breach_ms < self.next_ms:
            self._breach_ms, self._cleared_ms = None, self.next_ms
        if self._breach_ms is None and self._cleared_ms < before_ms:
            self._search(before_ms, bounds)
        found = self._breach_ms
        return found if found is not None and found < before_ms else None

    @property
    def clear_ms(self) -> int:
        """No bar from here on that opens before this is outside the bounds of the last question."""
        return self._cleared_ms if self._breach_ms is None else self._breach_ms

    def _search(self, before_ms: int, bounds: TickBounds) -> None:
        """Look on from where the last search ended, somewhat farther than ``before_ms``."""
        start = max(self.bar, self.index_at(self._cleared_ms))
        end = min(max(self.index_at(before_ms), start + self._lookahead_bars), self._size)
        at = self._first_outside(start, end, bounds)
        self._see(start, at)
        self._cleared_ms = self._opening_ms(at)
        self._breach_ms = self._cleared_ms if at < end else None

    def _see(self, start: int, end: int) -> None:
        """Remember how far the marks of the bars in [start, end) reach, beside those seen before them."""
        before = self._seen if start > self.bar else None
        if start < end:
            path = self.path
            low, high = path.mark_low[start:end].min().item(), path.mark_high[start:end].max().item()
            before = (low, high) if before is None else (min(low, before[0]), max(high, before[1]))
        self._seen = before

    def _holds_what_was_seen(self, bounds: TickBounds) -> bool:
        """Whether what was found inside is so with these bounds, too: most of their moves are small."""
        if self._seen is None or bounds.last_low is not None or bounds.last_high is not None:
            return False
        (low, high), (mark_low, mark_high, _, _) = self._seen, bounds
        return (mark_low is None or mark_low < low) and (mark_high is None or high < mark_high)

    def _first_outside(self, start: int, end: int, bounds: TickBounds) -> int:
        path = self.path
        at = first_outside(path.mark_low, path.mark_high, start, end, bounds.mark_low, bounds.mark_high)
        if bounds.last_low is None and bounds.last_high is None:
            return at
        return first_outside(path.last_low, path.last_high, start, at, bounds.last_low, bounds.last_high)
