"""Open interest of what is watched, asked for by REST where a rule needs it: hardly any stream tells it."""

from __future__ import annotations

import asyncio

from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Urgency

EVERY_MS = 60_000
"""Exchanges compute it once a minute or less often."""


class OpenInterestPoll:
    """Asks for it, for ever."""

    def __init__(self, connection: Connection, ear: Ear) -> None:
        """Of the symbols that ``ear`` listens for."""
        self._beside = connection.dialect.beside
        self._listing = connection.listing
        self._line = connection.wires.reads
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._ear = ear

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever."""
        while True:
            await self.ask(inbox)
            await asyncio.sleep(EVERY_MS / 1000)

    async def ask(self, inbox: Inbox) -> None:
        """Ask once; what cannot be read is said, and asked for again the next time."""
        symbols = [symbol for symbol in sorted(self._ear.symbols) if symbol in self._listing.by_symbol]
        try:
            requests = self._beside.interest_requests([self._listing.by_symbol[s] for s in symbols])
            payloads = [await self._line.read(request, Urgency.BACKFILL) for request in requests]
            facts = self._beside.interest(payloads, self._listing, self._now_ms())
        except (Unreadable, ValueError, KeyError) as error:
            self._flaws.note("open interest", str(error))
            return
        watched = [fact for fact in facts if fact.symbol in symbols]
        if watched:
            await inbox.put(watched)
