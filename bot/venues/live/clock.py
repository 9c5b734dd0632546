"""The exchange's clock, which our time stamps have to agree with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bot.core.facts import LastPrice, MarkPrice

_SAMPLES = 6
P = TypeVar("P", MarkPrice, LastPrice)


class ExchangeClock:
    """The exchange's clock, from readings of it: the one that took the shortest time is the most exact."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """``now_ms`` is ours."""
        self._now_ms = now_ms
        self._samples: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)
        self.offset_ms = 0
        """What to add to our clock."""

    def now_ms(self) -> int:
        """What the exchange's clock says now."""
        return self._now_ms() + self.offset_ms

    def ours(self, fact: P) -> P:
        """The same price at our time: its age is judged by our clock, so it must not be told by another."""
        return replace(fact, at_ms=fact.at_ms - self.offset_ms) if self.offset_ms else fact

    def read(self, said_ms: int, asked_ms: int, answered_ms: int) -> None:
        """The exchange said ``said_ms`` at some moment between our ``asked_ms`` and ``answered_ms``."""
        took_ms = answered_ms - asked_ms
        self._samples.append((took_ms, said_ms - asked_ms - took_ms // 2))
        self.offset_ms = min(self._samples)[1]

    def doubt(self) -> None:
        """The exchange refused a time stamp of ours: what was read before does not count any more."""
        self._samples.clear()
