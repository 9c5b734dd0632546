"""Walking through time: bar by bar, or jumping over every stretch in which nobody could speak.

Both walkers play the same events in the same order through the same stage; the jumping one leaves out
marks that are strictly inside every tripwire. It is a superset filter: it stops too often rather than too
rarely, and the engine and the exchange judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.conditions import FOREVER_MS
from bot.core.tripwire import Wire
from bot.core.types import Symbol
from bot.lab.replay.agenda import RANKS, Agenda, Rank, key_of
from bot.lab.replay.stage import Stage
from bot.lab.tapes import PricePath, first_outside, tick_price, to_ticks_ceil, to_ticks_floor

YIELD_EVERY = 2_048
"""Windows between two breaths, in which the caller may write the journal."""
_STRIDE_BARS = 1_024


@dataclass(slots=True)
class _Track:
    """One symbol's path, and how far it has been delivered."""

    symbol: Symbol
    path: PricePath
    rank: int
    bar: int = 0
    """The first bar of which some point has not been delivered or skipped."""
    delivered_ms: int = -1
    """The time of the last point that was delivered or skipped."""
    bounds: tuple[object, object, object] = (None, None, None)
    ticks: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)

    @property
    def next_ms(self) -> int:
        """When the next bar opens."""
        times = self.path.times
        return int(times.item(self.bar)) if self.bar < len(times) else FOREVER_MS


_Point = tuple[int, int, int, int, int, _Track]
"""Time, order of the symbol, mark and traded price in ticks, whether it opens a bar, and whose it is."""


class Walker:
    """Plays the paths and the agenda through a stage, window by window."""

    def __init__(self, stage: Stage, paths: Sequence[PricePath], agenda: Agenda) -> None:
        """Stand before the first price."""
        self._stage = stage
        self._agenda = agenda
        self._next = 0
        self._tracks = [_Track(Symbol(path.symbol), path, rank) for rank, path in enumerate(paths)]
        self._end_ms = max(int(path.times[-1]) + path.interval_ms for path in paths)
        self._start_ms = min(int(path.times[0]) for path in paths)

    def walk(self) -> Iterator[None]:
        """Play everything; yields now and then, so that what was decided can be written down."""
        self._stage.begin(self._start_ms)
        now_ms = self._start_ms
        windows = 0
        while now_ms < self._end_ms or self._next < len(self._agenda.keys) or self._stage.next_execution:
            now_ms = self._advance(now_ms)
            windows += 1
            if windows % YIELD_EVERY == 0:
                yield

    def _advance(self, now_ms: int) -> int:
        raise NotImplementedError

    def _play(self, from_ms: int, until_key: int) -> None:
        """Play every point and event before ``until_key``, starting with the points from ``from_ms`` on."""
        until_ms = until_key // RANKS + (until_key % RANKS > Rank.MARK)
        for at_ms, _, mark, last, opens, track in self._points(from_ms, until_ms):
            self._play_events(key_of(at_ms, Rank.MARK))
            exponent = track.path.exponent
            price = tick_price(mark, exponent)
            traded = price if last == mark else tick_price(last, exponent)
            self._stage.mark(at_ms, track.symbol, price, traded, gap=bool(opens))
        self._play_events(until_key)

    def _play_events(self, until_key: int) -> None:
        """Play every event, and every execution that is due, before ``until_key``."""
        keys, events, stage = self._agenda.keys, self._agenda.events, self._stage
        while True:
            waiting = stage.next_execution
            key = keys[self._next] if self._next < len(keys) else None
            if waiting is not None and waiting < until_key and (key is None or waiting < key):
                stage.execute_due()
            elif key is not None and key < until_key:
                self._next += 1
                stage.play(key // RANKS, events[self._next - 1])
            else:
                return

    def _points(self, from_ms: int, until_ms: int) -> list[_Point]:
        """The undelivered points of all symbols in [from_ms, until_ms), in order, and mark them delivered."""
        found: list[_Point] = []
        for track in self._tracks:
            path = track.path
            size = len(path)
            while track.bar < size and track.next_ms < until_ms:
                points = path.bar(track.bar)
                for place, (at_ms, last, mark) in enumerate(points):
                    if from_ms <= at_ms < until_ms and at_ms > track.delivered_ms:
                        track.delivered_ms = at_ms
                        found.append((at_ms, track.rank, mark, last, place == 0, track))
                if points[3][0] >= until_ms:
                    break
                track.bar += 1
        if len(self._tracks) > 1:
            found.sort(key=lambda point: point[:2])
        return found


class Stepper(Walker):
    """Plays every mark."""

    def _advance(self, now_ms: int) -> int:
        stride_ms = _STRIDE_BARS * min(track.path.interval_ms for track in self._tracks)
        until_ms = min(now_ms + stride_ms, self._end_ms)
        if until_ms <= now_ms:
            until_ms = now_ms + stride_ms
        self._play(now_ms, key_of(until_ms, Rank.BAR))
        return until_ms


class Jumper(Walker):
    """Plays only the windows in which somebody could speak."""

    def _advance(self, now_ms: int) -> int:
        """Find the next moment that matters, catch up to it silently, play it."""
        stop_key = self._next_event_key()
        stop_ms = min(stop_key // RANKS, self._end_ms)
        wake_ms = self._stage.engine.next_at_ms
        window = self._first_breach(min(stop_ms, wake_ms, self._end_ms))
        if wake_ms < min(stop_ms, window[0]):
            start_ms = max(now_ms, wake_ms)
            window = (start_ms, max(start_ms, self._next_point_ms(start_ms)) + 1)
        elif window[0] >= stop_ms:
            until_key = stop_key + 1 if stop_ms == stop_key // RANKS else key_of(self._end_ms, Rank.BAR)
            self._catch_up(stop_ms)
            self._play(stop_ms, until_key)
            return stop_ms if until_key % RANKS <= Rank.MARK else stop_ms + 1
        start_ms = max(now_ms, window[0])
        self._catch_up(start_ms)
        self._play(start_ms, key_of(window[1], Rank.BAR))
        return window[1]

    def _next_event_key(self) -> int:
        keys = self._agenda.keys
        key = keys[self._next] if self._next < len(keys) else FOREVER_MS * RANKS
        waiting = self._stage.next_execution
        return key if waiting is None else min(key, waiting)

    def _next_point_ms(self, from_ms: int) -> int:
        """The time of the first point at or after ``from_ms``."""
        first = FOREVER_MS
        for track in self._tracks:
            for bar in range(track.bar, min(track.bar + 2, len(track.path))):
                for at_ms, _, _ in track.path.bar(bar):
                    if at_ms >= from_ms:
                        first = min(first, at_ms)
        return min(first, self._end_ms)

    def _first_breach(self, before_ms: int) -> tuple[int, int]:
        """Opening and end of the first bar before ``before_ms`` that is not strictly inside all wires."""
        found = (before_ms, before_ms)
        for track in self._tracks:
            path = track.path
            if track.bar >= len(path):
                continue
            start = track.bar
            stop = int(path.times.searchsorted(found[0]))
            if start >= stop:
                continue
            at = self._search(track, start, stop)
            if at < stop:
                opened = int(path.times.item(at))
                found = min(found, (opened, opened + path.interval_ms))
        return found

    def _search(self, track: _Track, start: int, stop: int) -> int:
        """The first bar of ``track`` in [start, stop) that leaves a band of the engine or the exchange."""
        mark_low, mark_high, last_low, last_high = self._bounds(track)
        path = track.path
        if path.marks is None:
            low = mark_low if last_low is None else last_low if mark_low is None else max(mark_low, last_low)
            high = (
                mark_high
                if last_high is None
                else last_high
                if mark_high is None
                else min(mark_high, last_high)
            )
            return first_outside(path.mark_low, path.mark_high, start, stop, low, high)
        at = first_outside(path.mark_low, path.mark_high, start, stop, mark_low, mark_high)
        if last_low is None and last_high is None:
            return at
        return first_outside(path.last_low, path.last_high, start, at, last_low, last_high)

    def _bounds(self, track: _Track) -> tuple[int | None, int | None, int | None, int | None]:
        """The bounds in ticks: floors of what lies below, ceilings of what lies above."""
        wire = self._stage.engine.wires().get(track.symbol) or _OPEN_WIRE
        venue = self._stage.exchange.wires(track.symbol)
        known = track.bounds
        if known[0] is not wire.low or known[1] is not wire.high or known[2] is not venue:
            exponent = track.path.exponent
            low = _tightest(wire.low, venue.mark.low, highest=True)
            high = _tightest(wire.high, venue.mark.high, highest=False)
            track.bounds = (wire.low, wire.high, venue)
            track.ticks = (
                _below(low, exponent),
                _above(high, exponent),
                _below(venue.last.low, exponent),
                _above(venue.last.high, exponent),
            )
        return track.ticks

    def _catch_up(self, until_ms: int) -> None:
        """Deliver the last skipped mark of every symbol before ``until_ms``; nobody may speak."""
        skipped: list[_Point] = []
        for track in self._tracks:
            point = self._last_before(track, until_ms)
            if point is not None:
                skipped.append(point)
        skipped.sort(key=lambda point: point[:2])
        for at_ms, _, mark, last, _, track in skipped:
            exponent = track.path.exponent
            price = tick_price(mark, exponent)
            traded = price if last == mark else tick_price(last, exponent)
            spoke = self._stage.mark(at_ms, track.symbol, price, traded, gap=False)
            assert not spoke, f"{track.symbol} at {at_ms}: a skipped mark was not silent"

    def _last_before(self, track: _Track, until_ms: int) -> _Point | None:
        """The last undelivered point before ``until_ms``, everything before it counted as skipped."""
        path, size = track.path, len(track.path)
        bar = int(path.times.searchsorted(until_ms))
        if bar <= track.bar and (track.bar >= size or track.next_ms >= until_ms):
            return None
        points = path.bar(bar - 1)
        track.bar = bar if points[3][0] < until_ms else bar - 1
        for at_ms, last, mark in reversed(points):
            if at_ms < until_ms:
                if at_ms <= track.delivered_ms:
                    return None
                track.delivered_ms = at_ms
                return at_ms, track.rank, mark, last, 0, track
        return None


_OPEN_WIRE = Wire()


def _tightest(one: Decimal, other: Decimal | None, *, highest: bool) -> Decimal | None:
    chosen = one if other is None else max(one, other) if highest else min(one, other)
    return chosen if chosen.is_finite() or (chosen > 0) is highest else None


def _below(bound: Decimal | None, exponent: int) -> int | None:
    if bound is None:
        return None
    return to_ticks_floor(bound, exponent) if bound.is_finite() else 1 << 62


def _above(bound: Decimal | None, exponent: int) -> int | None:
    if bound is None:
        return None
    return to_ticks_ceil(bound, exponent) if bound.is_finite() else 0
