"""Counts what made no sense and was dropped, and tells people without drowning them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

EVERY = 100
"""After the first, each so-manieth flaw of a source is announced."""


class Flaws:
    """How many there were, by where they came from."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """``say`` tells people one line."""
        self.counts: Counter[str] = Counter()
        self._say = say

    def counting(self, source: str) -> Callable[[str], None]:
        """``note`` for one source."""
        return lambda flaw: self.note(source, flaw)

    def note(self, source: str, flaw: str) -> None:
        """Something of ``source`` was dropped because of ``flaw``."""
        self.counts[source] += 1
        count = self.counts[source]
        if count == 1 or count % EVERY == 0:
            self._say(f"{source}: {flaw}" + (f" ({count} dropped so far)" if count > 1 else ""))
