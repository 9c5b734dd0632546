"""How many requests an exchange lets through: rolling windows, one for whatever is counted apart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """``requests`` per ``per_ms``."""

    requests: int
    per_ms: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What a request found: whether it may pass, how many more may, and when the window is free again."""

    passes: bool
    left: int
    free_ms: int


class Pace:
    """Counts requests by any key in rolling windows. A request that does not pass does not count."""

    def __init__(self) -> None:
        self._passed: dict[tuple[str, ...], deque[int]] = {}

    def spend(self, key: tuple[str, ...], allowance: Allowance, at_ms: int) -> Spent:
        """Let one more request pass, or not."""
        passed = self._passed.setdefault(key, deque())
        while passed and passed[0] <= at_ms - allowance.per_ms:
            passed.popleft()
        if len(passed) >= allowance.requests:
            return Spent(passes=False, left=0, free_ms=passed[0] + allowance.per_ms)
        passed.append(at_ms)
        return Spent(passes=True, left=allowance.requests - len(passed), free_ms=at_ms)
