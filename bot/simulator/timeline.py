"""Values with the time from which they hold, so that a reader may be shown the past."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

VERSIONS_MAX = 512
"""Beyond these the oldest are forgotten: nobody reads an exchange that lags by so much."""


class Timeline(Generic[T]):
    """The versions of one value, oldest first."""

    __slots__ = ("_versions",)

    def __init__(self) -> None:
        self._versions: deque[tuple[int, T]] = deque(maxlen=VERSIONS_MAX)

    def put(self, at_ms: int, value: T) -> None:
        """From ``at_ms`` on it is ``value``."""
        self._versions.append((at_ms, value))

    @property
    def now(self) -> T | None:
        """The latest version."""
        return self._versions[-1][1] if self._versions else None

    def at(self, as_of_ms: int | None) -> T | None:
        """The version that held at that time; ``None`` before the first. Without a time: the latest."""
        if as_of_ms is None:
            return self.now
        for at_ms, value in reversed(self._versions):
            if at_ms <= as_of_ms:
                return value
        return None
