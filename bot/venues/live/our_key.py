"""Whether the exchange takes our key: whoever asks or acts and is told that it does not makes it known.

A reading of the account may hang or be lost just then, and something else may have been told already. It is
said once, and tried rarely after that: to be refused again and again is no way to get a key back.
"""

from __future__ import annotations

import asyncio

from bot.core.facts import Link, LinkChanged
from bot.venues.live.connection import Connection
from bot.venues.live.line import Unreadable
from bot.venues.port import Batch

RETRY_MS = 60_000
"""How long after a key was refused for acting it is tried again."""


class OurKey:
    """Judges failures by the exchange's own code, and by nothing else."""

    def __init__(self, connection: Connection) -> None:
        """It is good until somebody is told otherwise."""
        self._codes = connection.dialect.traits.codes.auth
        self._account = connection.account
        self._now_ms = connection.now_ms
        self._refused_until_ms: int | None = None
        """Before when nothing shows that it works again, while the exchange does not take it."""
        self.accepted = asyncio.Event()
        """Set while it may read."""
        self.accepted.set()

    def shown_by(self, error: Unreadable) -> bool:
        """Whether it failed because the key is refused."""
        return bool(error.code) and error.code in self._codes

    def news(self, error: Unreadable) -> Batch:
        """That the key is lost, where that is what it says and nobody has said so yet; empty otherwise."""
        return self.lost(error.code, str(error)) if self.shown_by(error) else ()

    def lost(self, code: str, because: str, *, acting: bool = False) -> Batch:
        """The exchange does not take it any more: the fact, the first time.

        A key may be good for reading and not for ``acting``. That it reads proves nothing then: it is tried
        again after a while.
        """
        if not acting:
            self.accepted.clear()
        known = self._refused_until_ms is not None
        self._refused_until_ms = self._now_ms() + (RETRY_MS if acting else 0)
        said = f"the exchange refuses our key, and what rests there is all that protects ({code}: {because})"
        return () if known else (self._link(self._now_ms(), up=False, because=said),)

    def works(self, began_ms: int) -> Batch:
        """A reading that began then was answered: that it is taken again, where it was not."""
        self.accepted.set()
        if self._refused_until_ms is None or self._now_ms() < self._refused_until_ms:
            return ()
        self._refused_until_ms = None
        # As old as the reading that shows it: what it tells is the account since then.
        return (self._link(began_ms, up=True, because="the key is accepted again"),)

    def _link(self, at_ms: int, *, up: bool, because: str) -> LinkChanged:
        return LinkChanged(at_ms=at_ms, account=self._account, link=Link.AUTH, up=up, because=because)
