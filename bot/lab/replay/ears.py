"""Whether market data comes in, and what was missed while it did not.

An exchange that is out goes on trading; what is delivered to us is another matter, and that is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.facts import BarClosed, Link, LinkChanged
from bot.venues.port import Batch


class Ears:
    """Deaf from the fact that the market stream is down to the fact that it is back."""

    __slots__ = ("_missed", "deaf")

    def __init__(self) -> None:
        """Hear."""
        self.deaf = False
        self._missed: list[BarClosed] = []

    def bars(self, bars: Sequence[BarClosed]) -> Batch:
        """The bars, or nothing where they cannot be heard yet."""
        if not self.deaf:
            return tuple(bars)
        self._missed.extend(bars)
        return ()

    def hear(self, batch: Batch) -> Batch:
        """The batch; where it says that the stream is back, with the bars that are fetched then."""
        for fact in batch:
            if isinstance(fact, LinkChanged) and fact.link is Link.MARKET:
                self.deaf = not fact.up
        if self.deaf or not self._missed:
            return batch
        missed, self._missed = self._missed, []
        return (*missed, *batch)
