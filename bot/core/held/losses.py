"""What became of stops of ours that rested and rest no longer, although nobody here took them away.

A trader who cancels a stop of ours twice does not want it, and the third would be one against his will. An
exchange that ends stops has to be asked again, and people have to know of it. A stop that was met and leaves
the position where it is (a gap, an empty book) protects nothing any more. The three look alike in the list of
resting orders, so it is asked how each of them ended (``OrderEnded``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

WILL = 2
"""Cancelled so often, a stop is one that the trader does not want."""
FAILING = 3
"""Lost to the venue, or refused in a row, so often, the seatbelt says that it cannot protect the position."""
FILLS_WITHIN_MS = 2_000
"""A stop that was met and has not closed its position by then is helped by an order at market."""
TOLD_WITHIN_MS = 5_000
"""So long it is waited for how a stop ended, where one more cancelled by the trader would be his will."""


class Ending(StrEnum):
    """How a resting stop of ours ended although nobody here took it away."""

    CANCELLED = "cancelled"
    """By the trader: at the venue, or by another program with his key."""
    ENDED = "ended"
    """By the venue (expired, rejected), or nobody knows how."""
    MET = "met"
    """Its trigger was reached, and what it became has not closed the position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What a position has lost of our stops since it was opened."""

    cancelled: int = 0
    """Cancelled by the trader."""
    ended: int = 0
    """Ended by the venue, or nobody knows how."""
    refused: int = 0
    """Stops of the seatbelt in a row that the venue did not take."""
    met_ms: int | None = None
    """When a stop was met that has not closed the position."""

    @property
    def unwanted(self) -> bool:
        """Whether the trader has shown that he wants no stop of ours here."""
        return self.cancelled >= WILL

    @property
    def failing(self) -> bool:
        """Whether stops cannot be relied on here."""
        return self.ended >= FAILING or self.refused >= FAILING

    @property
    def grave(self) -> bool:
        """Whether a stop may not be enough any more."""
        return self.met_ms is not None or self.failing

    def after(self, how: Ending, at_ms: int) -> Losses:
        """With one more."""
        match how:
            case Ending.CANCELLED:
                return replace(self, cancelled=self.cancelled + 1)
            case Ending.ENDED:
                return replace(self, ended=self.ended + 1)
            case Ending.MET:
                return replace(self, met_ms=at_ms if self.met_ms is None else self.met_ms)

    def answered(self, *, taken: bool) -> Losses:
        """After the venue took a stop of the seatbelt, or did not."""
        refused = 0 if taken else self.refused + 1
        return self if refused == self.refused else replace(self, refused=refused)


NO_LOSSES = Losses()
