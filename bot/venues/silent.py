"""A venue that is read and never written to: what shadow runs have in place of the real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.core.decisions import Action
from bot.core.facts import Outcome, OutcomeKind
from bot.venues.port import Batch, Venue


class SilentVenue:
    """Passes on what the venue says, and nothing that is said to it.

    In shadow no rule is let through, so nothing ever comes here. This is the second wall: it holds even if
    the first one has a hole.
    """

    def __init__(self, venue: Venue, now_ms: Callable[[], int]) -> None:
        """Read ``venue``; ``now_ms`` dates the answers."""
        self._venue = venue
        self._now_ms = now_ms

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Answer that nothing was sent, because nothing was."""
        return (
            (
                Outcome(
                    at_ms=self._now_ms(),
                    id=action.id,
                    client_id=action.client_id,
                    kind=OutcomeKind.NOT_APPLIED,
                    proof="not sent: the bot runs in shadow",
                ),
            ),
        )

    async def snapshot(self) -> Sequence[Batch]:
        """The account as the venue has it."""
        return await self._venue.snapshot()
