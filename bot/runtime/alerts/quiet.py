"""Quiet hours: a time of the day, where the trader lives, in which only some levels may make a noise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from bot.core.intents import Level

_MS = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local(at_ms: int, zone: tzinfo) -> datetime:
    """That moment on a clock of the zone."""
    return (_EPOCH + at_ms * _MS).astimezone(zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From ``begin`` to ``end`` on the clocks of ``zone``; over midnight where ``begin`` is the later one."""

    begin: time
    end: time
    zone: tzinfo
    excepted: frozenset[Level]
    """Levels that are told at any hour."""

    def hold(self, level: Level, at_ms: int) -> bool:
        """Whether a notice of this level waits at this moment."""
        if level in self.excepted:
            return False
        now = local(at_ms, self.zone).time()
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end
