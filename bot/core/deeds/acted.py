"""What an account has done so far: how often it acted, exits aside, and what it spent on margin."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.settings import DAY_MS, HOUR_MS
from bot.core.types import ZERO


@dataclass(slots=True, eq=False)
class Acted:
    """When one account acted."""

    at_ms: deque[int] = field(default_factory=deque)
    """In the last hour."""
    day: int = -1
    """The last UTC day with actions, and in ``on_day`` how many it had."""
    on_day: int = 0

    @classmethod
    def again(cls, at_ms: Iterable[int], day: int, on_day: int) -> Acted:
        """As an earlier run left it."""
        return cls(deque(at_ms), day, on_day)

    def note(self, now_ms: int) -> None:
        """It acts."""
        acted, day = self.at_ms, now_ms // DAY_MS
        while acted and acted[0] <= now_ms - HOUR_MS:
            acted.popleft()
        acted.append(now_ms)
        if day != self.day:
            self.day, self.on_day = day, 0
        self.on_day += 1

    def in_hour(self, now_ms: int) -> tuple[int, int]:
        """How many actions the last hour saw, and when the oldest of them will have left it."""
        acted = self.at_ms
        while acted and acted[0] <= now_ms - HOUR_MS:
            acted.popleft()
        return len(acted), (acted[0] + HOUR_MS if acted else now_ms)

    def in_day(self, now_ms: int) -> int:
        """How many actions the present UTC day has seen."""
        return self.on_day if self.day == now_ms // DAY_MS else 0


@dataclass(slots=True, eq=False)
class Spending:
    """What one account has spent on margin in one settlement currency."""

    margin: Decimal = ZERO
    day: int = -1
    margin_in_day: Decimal = ZERO
