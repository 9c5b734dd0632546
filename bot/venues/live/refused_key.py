"""What a reading that failed says of our key: whoever asks and is told that it is refused makes it known.

A reading of the account may hang or be lost just then, and something else may have been told already.
"""

from __future__ import annotations

from bot.venues.live.connection import Connection
from bot.venues.live.line import Unreadable
from bot.venues.live.venue import LiveVenue
from bot.venues.port import Batch


class RefusedKey:
    """Judges failures by the exchange's own code, and by nothing else."""

    def __init__(self, connection: Connection, venue: LiveVenue) -> None:
        """``venue`` remembers whether its key is good."""
        self._codes = connection.dialect.traits.codes.auth
        self._venue = venue

    def shown_by(self, error: Unreadable) -> bool:
        """Whether it failed because the key is refused."""
        return bool(error.code) and error.code in self._codes

    def news(self, error: Unreadable) -> Batch:
        """That the key is lost, where that is what it says and nobody has said so yet; empty otherwise."""
        lost = self._venue.auth_lost(error.code, str(error)) if self.shown_by(error) else None
        return () if lost is None else (lost,)
