"""Walking through time: bar by bar, or jumping over every stretch in which nobody could speak.

Both walkers play the same events in the same order through the same stage; the jumping one leaves out
marks that are strictly inside every tripwire. It is a superset filter: it stops too often rather than too
rarely, and the engine and the exchange judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from bot.core.asking.tripwire import Wire
from bot.core.danger.conditions import FOREVER_MS
from bot.lab.replay.agenda import RANKS, Agenda, Rank, key_of
from bot.lab.replay.stage import Stage
from bot.lab.replay.track import TickBounds, Track, TrackPoint
from bot.lab.tapes import PlayedPath, Point, to_ticks_ceil, to_ticks_floor
from bot.venues.paper.model import Wires

YIELD_EVERY = 4_096
"""Steps between two breaths, in which the caller may write the journal."""
_STRIDE_BARS = 1_024
_MARK = int(Rank.MARK)


class Walker:
    """Plays the paths and the agenda through a stage, window by window."""

    def __init__(self, stage: Stage, paths: Sequence[PlayedPath], agenda: Agenda) -> None:
        """Stand before the first price."""
        self._stage = stage
        self._agenda = agenda
        self._next = 0
        self._tracks = [Track(path) for path in paths]
        self._end_ms = max(int(path.times[-1]) + path.interval_ms for path in paths)
        self._start_ms = min(int(path.times[0]) for path in paths)

    def walk(self) -> Iterator[None]:
        """Play everything; yields now and then, so that what was decided can be written down."""
        self._stage.begin(self._start_ms)
        now_ms = self._start_ms
        written = 0
        while now_ms < self._end_ms or self._next < len(self._agenda.keys) or self._stage.next_execution:
            now_ms = self._advance(now_ms)
            if self._stage.steps - written >= YIELD_EVERY:
                written = self._stage.steps
                yield

    def _advance(self, now_ms: int) -> int:
        raise NotImplementedError

    def _play(self, from_ms: int, until_key: int) -> None:
        """Play every point and event before ``until_key``, starting with the points from ``from_ms`` on."""
        until_ms = until_key // RANKS + (until_key % RANKS > Rank.MARK)
        if from_ms < until_ms:
            for at_ms, number, point in self._points(from_ms, until_ms):
                self._play_events(key_of(at_ms, Rank.MARK))
                self._deliver(number, at_ms, point.last, point.mark, gap=point.opens)
        self._play_events(until_key)

    def _points(self, from_ms: int, until_ms: int) -> list[tuple[int, int, TrackPoint]]:
        """The undelivered points of all tracks in [from_ms, until_ms), in order of time and track."""
        found = [(p.at_ms, n, p) for n, t in enumerate(self._tracks) for p in t.points(from_ms, until_ms)]
        if len(self._tracks) > 1:
            found.sort(key=itemgetter(0, 1))
        return found

    def _deliver(self, number: int, at_ms: int, last: int, mark: int, *, gap: bool) -> bool:
        """Hand one point of a track to the stage; whether anything came of it."""
        track = self._tracks[number]
        price = mark * track.unit
        traded = price if last == mark else last * track.unit
        return self._stage.mark(at_ms, track.symbol, price, traded, gap=gap)

    def _play_events(self, until_key: int) -> None:
        """Play every event, and every execution that is due, before ``until_key``."""
        keys, events, stage = self._agenda.keys, self._agenda.events, self._stage
        while True:
            waiting = stage.next_execution
            key = keys[self._next] if self._next < len(keys) else None
            if waiting is not None and waiting < until_key and (key is None or waiting < key):
                stage.execute_due()
            elif key is not None and key < until_key:
                parts = events[self._next]
                self._next += 1
                stage.play(key // RANKS, parts)
            else:
                return


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

    def __init__(self, stage: Stage, paths: Sequence[PlayedPath], agenda: Agenda) -> None:
        """Stand before the first price, with nothing searched yet."""
        super().__init__(stage, paths, agenda)
        self._tripwires, self._exchange = stage.engine.tripwires, stage.exchange
        self._wired: list[_Wired | None] = [None] * len(paths)
        self._laid = (-1, -1)
        """The wires that were searched against last."""
        self._clear_ms = -1
        """No bar that opens before this is outside them."""

    def _advance(self, now_ms: int) -> int:
        """Find the next moment that matters, catch up to it silently, play it."""
        now_ms = self._play_clear(now_ms)
        stop_key = self._next_event_key()
        if now_ms >= self._end_ms:
            # No price is left: what still waits, such as an action on its way, is all there is.
            self._play(now_ms, stop_key + 1)
            return max(now_ms, stop_key // RANKS)
        stop_ms = min(stop_key // RANKS, self._end_ms)
        wake_ms = self._stage.engine.next_at_ms
        if stop_ms <= wake_ms and self._clear_until(stop_ms):
            return self._play_at(stop_ms, stop_key)
        window = self._first_breach(min(stop_ms, wake_ms))
        if wake_ms <= window[0] and wake_ms < stop_ms:
            start_ms = max(now_ms, wake_ms)
            window = (start_ms, max(start_ms, self._next_point_ms(start_ms)) + 1)
        elif window[0] >= stop_ms:
            return self._play_at(stop_ms, stop_key)
        start_ms = max(now_ms, window[0])
        self._catch_up(start_ms)
        self._play(start_ms, key_of(window[1], Rank.BAR))
        return window[1]

    def _play_clear(self, now_ms: int) -> int:
        """Play events for as long as nobody can speak before them: most of a calm year is nothing else."""
        stage, tripwires = self._stage, self._tripwires
        keys, events = self._agenda.keys, self._agenda.events
        for place in range(self._next, min(self._next + YIELD_EVERY, len(keys))):
            at_ms, rank = divmod(keys[place], RANKS)
            sooner = tripwires.next_at_ms < at_ms or at_ms > self._end_ms or stage.next_execution is not None
            if sooner or rank >= _MARK or not self._clear_until(at_ms):
                break
            self._catch_up(at_ms)
            self._next = place + 1
            stage.play(at_ms, events[place])
            now_ms = at_ms
        return now_ms

    def _play_at(self, stop_ms: int, stop_key: int) -> int:
        """Catch up to the next event and play it, or to the end of all prices if that is nearer."""
        self._catch_up(stop_ms)
        if stop_ms < stop_key // RANKS:
            self._play_events(key_of(stop_ms, Rank.BAR))
        elif stop_key % RANKS < _MARK:
            self._play_events(stop_key + 1)
        else:
            self._play(stop_ms, stop_key + 1)
            return stop_ms + 1
        return stop_ms

    def _next_event_key(self) -> int:
        keys = self._agenda.keys
        key = keys[self._next] if self._next < len(keys) else FOREVER_MS * RANKS
        waiting = self._stage.next_execution
        return key if waiting is None else min(key, waiting)

    def _next_point_ms(self, from_ms: int) -> int:
        """The time of the first point at or after ``from_ms``."""
        return min(self._end_ms, *(track.first_point_from(from_ms) for track in self._tracks))

    def _clear_until(self, before_ms: int) -> bool:
        """Whether it is known already that every bar before ``before_ms`` is strictly inside all wires."""
        ties, lays = self._laid
        return before_ms <= self._clear_ms and ties == self._tripwires.ties and lays == self._exchange.lays

    def _first_breach(self, before_ms: int) -> tuple[int, int]:
        """Opening and end of the first bar before ``before_ms`` that is not strictly inside all wires."""
        found, clear_ms = (before_ms, before_ms), FOREVER_MS
        for number, track in enumerate(self._tracks):
            if track.next_ms >= found[0]:  # not yet listed, or expired
                clear_ms = min(clear_ms, track.next_ms)
                continue
            opens_ms = track.breach(found[0], self._bounds(number))
            clear_ms = min(clear_ms, track.clear_ms)
            if opens_ms is not None:
                found = min(found, (opens_ms, opens_ms + track.path.interval_ms))
        self._laid, self._clear_ms = (self._tripwires.ties, self._exchange.lays), clear_ms
        return found

    def _bounds(self, number: int) -> TickBounds:
        """The wires of engine and exchange in ticks, floors below and ceilings above, until they move."""
        track, known = self._tracks[number], self._wired[number]
        wire = self._tripwires.wires.get(track.symbol, _OPEN_WIRE)
        venue = self._exchange.wires(track.symbol)
        if known is not None and known.low is wire.low and known.high is wire.high and known.venue is venue:
            return known.bounds
        bounds = tick_bounds(wire, venue, track.path.exponent)
        if known is not None and known.bounds == bounds:
            bounds = known.bounds  # What was searched already need not be searched again.
        self._wired[number] = _Wired(wire.low, wire.high, venue, bounds)
        return bounds

    def _catch_up(self, until_ms: int) -> None:
        """Deliver the last skipped mark of every symbol before ``until_ms``; nobody may speak."""
        if len(self._tracks) == 1:
            self._skip(0, self._tracks[0].last_before(until_ms))
            return
        skipped: list[tuple[int, int, Point]] = []
        for number, track in enumerate(self._tracks):
            point = track.last_before(until_ms)
            if point is not None:
                skipped.append((point[0], number, point))
        skipped.sort()
        for _, number, point in skipped:
            self._skip(number, point)

    def _skip(self, number: int, point: Point | None) -> None:
        """Deliver a mark in silence; no mark is silence anyway."""
        if point is not None:
            at_ms, last, mark = point
            spoke = self._deliver(number, at_ms, last, mark, gap=False)
            assert not spoke, f"{self._tracks[number].symbol} at {at_ms}: a skipped mark was not silent"


class _Wired(NamedTuple):
    """The wires that bounds in ticks were made of."""

    low: Decimal
    high: Decimal
    venue: Wires
    bounds: TickBounds


_OPEN_WIRE = Wire()


def tick_bounds(wire: Wire, venue: Wires, exponent: int) -> TickBounds:
    """The prices strictly inside of which neither the engine nor the exchange has anything to say."""
    return TickBounds(
        mark_low=_below(_tightest(wire.low, venue.mark.low, highest=True), exponent),
        mark_high=_above(_tightest(wire.high, venue.mark.high, highest=False), exponent),
        last_low=_below(venue.last.low, exponent),
        last_high=_above(venue.last.high, exponent),
    )


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
