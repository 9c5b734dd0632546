"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A promise that was not kept: which, when by the lab's clock, and what happened in one sentence."""

    at_ms: int
    invariant: str
    text: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.invariant} at {self.at_ms}: {self.text}"
