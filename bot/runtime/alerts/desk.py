"""The desk: which channel is told of what, and when. No clock, no I/O: times come in, messages come out.

A matter is told once on each channel of its level. What is critical is told again until somebody acknowledges
it, and on further channels if nobody does; these are told at once where another channel fails, which keeps
what it did not tell. Nothing is dropped for a limit: it waits and goes out with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.intents import Level
from bot.runtime.alerts.notice import LOUDNESS, Notice
from bot.runtime.alerts.routes import Line, Policy, Route
from bot.runtime.alerts.thread import Thread

KEPT_SETTLED = 200
"""Settled matters that are remembered for ``holdfast alerts``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message to one channel: the matters in it, the loudest first."""

    channel: str
    threads: tuple[Thread, ...]
    is_digest: bool = False


class Desk:
    """Everything that was noticed and is not settled, and the lines to all channels."""

    def __init__(self, policy: Policy, *, first: int = 1) -> None:
        """``first`` is the number of the first matter: numbers go on over restarts."""
        self._policy = policy
        self._lines = {route.name: Line(route=route) for route in policy.routes}
        self._open: dict[str, Thread] = {}
        self._settled: list[Thread] = []
        self._next = first

    @property
    def threads(self) -> tuple[Thread, ...]:
        """Settled matters and open ones, in the order of their numbers."""
        return tuple(sorted((*self._settled, *self._open.values()), key=lambda each: each.number))

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines in the order of the configuration."""
        return tuple(self._lines.values())

    @property
    def is_unheard(self) -> bool:
        """Whether every channel for what is critical is dead, so that nobody would be woken."""
        critical = [line for line in self._lines.values() if Level.CRITICAL in line.route.levels]
        return bool(critical) and all(line.is_dead for line in critical)

    def hear(self, notice: Notice) -> Thread | None:
        """Take a notice; the matter it makes news of, ``None`` where people know of it or never did."""
        thread = self._open.get(notice.key)
        if thread is not None and thread.is_over and not notice.over:
            # It begins again before everybody knew that it was over: another matter, and this one is history.
            self._settle(notice.key)
            thread = None
        if thread is None:
            if notice.over:
                return None
            thread = Thread(number=self._next, notice=notice, since_ms=notice.at_ms, last_ms=notice.at_ms)
            self._next += 1
            self._open[notice.key] = thread
        elif not thread.takes(notice):
            return None
        for route in self._told_of(thread):
            thread.wait(route.name, notice.at_ms)
        return thread

    def restore(self, thread: Thread, now_ms: int) -> None:
        """Put back what an earlier run left. Whoever was not told of it is told now, unless it is history.

        That is what somebody was told of and nobody waits for: a channel that was added since would begin
        with the news of days.
        """
        self._next = max(self._next, thread.number + 1)
        older = self._open.get(thread.notice.key)
        if older is not None:
            self._settle(thread.notice.key)
        self._open[thread.notice.key] = thread
        if thread.told_ms and not thread.needs_somebody:
            return
        for route in self._told_of(thread):
            if not thread.knows(route.name):
                thread.wait(route.name, now_ms)

    def acknowledge(self, numbers: Iterable[int] | None, by: str) -> list[int]:
        """Somebody has seen these matters, or all that wait for it; those that were waiting are returned."""
        wanted = None if numbers is None else set(numbers)
        seen = []
        for thread in self._open.values():
            if thread.needs_somebody and (wanted is None or thread.number in wanted):
                thread.acknowledged_by = by
                seen.append(thread.number)
        return seen

    def due(self, now_ms: int) -> list[Telling]:
        """The messages that are to leave now, at most one for each channel; ``sent`` follows for each."""
        self._tidy(now_ms)
        self._remind(now_ms)
        tellings = []
        for line in self._lines.values():
            telling = self._telling(line, now_ms)
            if telling is not None:
                line.leaves(now_ms)
                tellings.append(telling)
        return tellings

    def sent(self, telling: Telling, now_ms: int, *, told: bool) -> None:
        """What became of a message. What was not told waits on, and elsewhere too if it is critical."""
        line = self._lines[telling.channel]
        line.arrived(now_ms, told=told)
        if told and telling.is_digest:
            line.digested(now_ms, self._policy.zone)
        for thread in telling.threads:
            thread.arrived(telling.channel, now_ms, told=told)
            if not told and thread.needs_somebody:
                self._spread(thread, now_ms)

    # -- inside -----------------------------------------------------------------------------------------

    def _told_of(self, thread: Thread) -> Iterator[Route]:
        """Who is told at once: by level; that it is over, or became louder, whoever was told before."""
        for line in self._lines.values():
            route = line.route
            knows = thread.knows(route.name)
            if thread.is_over:
                if knows or route.name in thread.waits_ms:
                    yield route
            elif thread.notice.level in route.levels and (knows or route.unacknowledged_after_ms is None):
                yield route

    def _remind(self, now_ms: int) -> None:
        """What nobody acknowledged is told again, and to those who are told only then."""
        for thread in self._open.values():
            if not thread.needs_somebody:
                continue
            for line in self._lines.values():
                route = line.route
                if thread.notice.level not in route.levels or route.digest_at is not None:
                    continue
                if route.name in thread.flies:
                    continue
                told_ms = thread.told_ms.get(route.name)
                after_ms = route.unacknowledged_after_ms
                if told_ms is not None:
                    if now_ms - told_ms >= self._policy.repeat_ms:
                        thread.wait(route.name, now_ms - self._policy.group_ms)
                elif after_ms is not None and now_ms - thread.since_ms >= after_ms:
                    thread.wait(route.name, now_ms - self._policy.group_ms)

    def _spread(self, thread: Thread, now_ms: int) -> None:
        """A channel failed: those that would have waited for an acknowledgement are told at once."""
        for line in self._lines.values():
            route = line.route
            if thread.notice.level in route.levels and not thread.knows(route.name):
                thread.wait(route.name, now_ms - self._policy.group_ms)

    def _telling(self, line: Line, now_ms: int) -> Telling | None:
        if not line.is_free(now_ms):
            return None
        route = line.route
        is_digest = route.digest_at is not None
        if is_digest:
            if not line.digest_is_due(now_ms, self._policy.zone):
                return None
        elif not any(self._is_ripe(thread, route, now_ms) for thread in self._open.values()):
            return None
        waiting = [
            thread
            for thread in self._open.values()
            if route.name in thread.waits_ms and (is_digest or not self._is_held(thread, now_ms))
        ]
        for thread in waiting:
            thread.fly(route.name)
        waiting.sort(key=lambda each: (-LOUDNESS[each.notice.level], each.number))
        return Telling(channel=route.name, threads=tuple(waiting), is_digest=is_digest)

    def _is_ripe(self, thread: Thread, route: Route, now_ms: int) -> bool:
        since_ms = thread.waits_ms.get(route.name)
        if since_ms is None or now_ms - since_ms < self._policy.group_ms:
            return False
        return not self._is_held(thread, now_ms)

    def _is_held(self, thread: Thread, now_ms: int) -> bool:
        quiet = self._policy.quiet
        return quiet is not None and quiet.hold(thread.notice.level, now_ms)

    def _tidy(self, now_ms: int) -> None:
        for key, thread in list(self._open.items()):
            is_past = not thread.notice.lasts and now_ms - thread.last_ms >= self._policy.repeat_ms
            if thread.is_settled and (thread.is_over or is_past):
                self._settle(key)

    def _settle(self, key: str) -> None:
        self._settled.append(self._open.pop(key))
        del self._settled[:-KEPT_SETTLED]
