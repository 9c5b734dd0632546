"""The paper exchange behind the port every venue has, for a shell that runs in real time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.core.decisions import Action
from bot.venues.paper.exchange import PaperExchange
from bot.venues.port import Batch


class PaperVenue:
    """A ``Venue`` that answers from a paper exchange at once. ``now_ms`` is the shell's clock."""

    def __init__(self, exchange: PaperExchange, now_ms: Callable[[], int]) -> None:
        self.exchange = exchange
        self._now_ms = now_ms

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry the action out; the outcome and every effect, known at once."""
        return self.exchange.execute(self._now_ms(), action)

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now, one batch."""
        return (self.exchange.snapshot(self._now_ms()),)
