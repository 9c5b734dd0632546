"""Routes: what each channel is told of, when, and how much of it at most."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import time, timedelta, tzinfo

from bot.core.intents import Level
from bot.runtime.alerts.quiet import QuietHours, local

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
FIRST_REST_MS = 5_000
LONGEST_REST_MS = 5 * MINUTE_MS
DEAD_AFTER = 3
"""Failures in a row after which a channel counts as dead. It is tried again all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One channel as the trader wants it used."""

    name: str
    levels: frozenset[Level]
    per_minute: int
    per_day: int | None = None
    unacknowledged_after_ms: int | None = None
    """It is told only of what nobody has acknowledged for so long; ``None`` tells it at once."""
    digest_at: time | None = None
    """It is told once a day at this time, of everything since; ``None`` tells it as things happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is told, and the manners in which."""

    routes: tuple[Route, ...]
    group_ms: int
    """What comes within this time goes into one message."""
    repeat_ms: int
    """What is critical and not acknowledged is told again after this long."""
    zone: tzinfo
    quiet: QuietHours | None = None


@dataclass(slots=True, kw_only=True)
class Line:
    """The line to one channel: what went over it, and whether it carries at all."""

    route: Route
    busy: bool = False
    """A message is under way on it."""
    failures: int = 0
    """How often it failed since it carried last."""
    resting_until_ms: int = 0
    sent_ms: deque[int] = field(default_factory=deque)
    """When its messages of the last day left."""
    digest_due_ms: int | None = None

    @property
    def is_dead(self) -> bool:
        """Whether nobody should rely on it any more."""
        return self.failures >= DEAD_AFTER

    def is_free(self, now_ms: int) -> bool:
        """Whether a message may leave now: nothing under way, no rest after a failure, no limit reached."""
        if self.busy or now_ms < self.resting_until_ms:
            return False
        while self.sent_ms and self.sent_ms[0] <= now_ms - DAY_MS:
            self.sent_ms.popleft()
        if self.route.per_day is not None and len(self.sent_ms) >= self.route.per_day:
            return False
        return sum(1 for at_ms in self.sent_ms if at_ms > now_ms - MINUTE_MS) < self.route.per_minute

    def leaves(self, now_ms: int) -> None:
        """A message is under way. It counts against the limits whatever becomes of it: an SMS is paid for."""
        self.busy = True
        self.sent_ms.append(now_ms)

    def arrived(self, now_ms: int, *, told: bool) -> None:
        """What became of it."""
        self.busy = False
        if told:
            self.failures = 0
            return
        self.resting_until_ms = now_ms + min(FIRST_REST_MS * 2**self.failures, LONGEST_REST_MS)
        self.failures += 1

    def digest_is_due(self, now_ms: int, zone: tzinfo) -> bool:
        """Whether the time of its digest has come; the first one is the next there is."""
        if self.digest_due_ms is None:
            self.digest_due_ms = self._next_digest(now_ms, zone)
        return now_ms >= self.digest_due_ms

    def digested(self, now_ms: int, zone: tzinfo) -> None:
        """The digest is on its way; the next is due on the next day."""
        self.digest_due_ms = self._next_digest(now_ms, zone)

    def _next_digest(self, now_ms: int, zone: tzinfo) -> int:
        at = self.route.digest_at
        assert at is not None, "a channel without a digest"
        now = local(now_ms, zone)
        due = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        if due <= now:
            # On the clock, not after 24 hours: a day on which clocks change is longer or shorter.
            due = (due.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
        return int(due.timestamp() * 1000)
