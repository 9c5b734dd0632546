"""Notices afterwards that nothing happened for a while: the process was stopped, suspended or held up.

Nobody can notice it meanwhile. What counts is that it is said before anything else is folded, because
whatever waits in a queue or a socket by then is of before: so the fold loop looks whenever it has something.
"""

from __future__ import annotations

from collections.abc import Callable

STILL_MS = 2_000
"""How much longer than usual nobody may come by."""


class Pulse:
    """Comes to be felt with the first ``beat``."""

    def __init__(self, now_ms: Callable[[], int], usual_ms: int) -> None:
        """Somebody comes by every ``usual_ms`` at least."""
        self._now_ms = now_ms
        self._longest_ms = usual_ms + STILL_MS
        self._last_ms: int | None = None
        self._stood_ms = 0

    def beat(self) -> None:
        """Somebody comes by."""
        now_ms = self._now_ms()
        if self._last_ms is not None and now_ms - self._last_ms > self._longest_ms:
            self._stood_ms = max(self._stood_ms, now_ms - self._last_ms)
        self._last_ms = now_ms

    def stood_ms(self) -> int:
        """How long nobody came by, once after each standstill; 0 otherwise."""
        if self._last_ms is not None:
            self.beat()
        stood_ms, self._stood_ms = self._stood_ms, 0
        return stood_ms
