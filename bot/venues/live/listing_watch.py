"""Keeps the listing of an exchange as it is: contracts come, are suspended, and have their tiers changed.

It is read anew each hour, and soon where something shows that it is not as it was: a position in a contract
that is not listed, an order refused because its market is suspended, a mark that has gone silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bot.core.facts import Fact
from bot.venues.live.account import AccountReader, unlisted
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.starting import read_listing
from bot.venues.live.terms import AccountState
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Urgency

EVERY_MS = 3_600_000
SOON_MS = 60_000
"""The least time between two readings, and between those while something that is watched is suspended."""
AGAIN_MS = 10_000
"""How long after a reading that failed."""


class ListingWatch:
    """Reads the listing of one account's exchange, for ever."""

    def __init__(
        self, connection: Connection, venue: LiveVenue, ear: Ear, changed: Callable[[], None]
    ) -> None:
        """``changed`` is told when there is another listing: positions may be seen that were not before."""
        self._connection = connection
        self._listing = connection.listing
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._venue = venue
        self._ear = ear
        self._changed = changed
        self._doubted = asyncio.Event()
        self._read_ms = connection.now_ms()
        self._missing: frozenset[str] = frozenset()
        """What was not listed when it was read for its sake: the next hour has to do for it."""
        self._news: list[Fact] = []
        """What has changed and could not be told with a reading of the account."""

    def doubt(self) -> None:
        """Something shows that the listing is not as it was: read it soon."""
        self._doubted.set()

    def heard_code(self, code: str) -> None:
        """An order was refused with this code."""
        if code in self._connection.dialect.traits.codes.suspended:
            self.doubt()

    def compare(self, state: AccountState) -> None:
        """Look for positions in contracts that are not listed."""
        missing = unlisted(state.flaws, self._listing)
        if missing - self._missing:
            self.doubt()
        self._missing |= missing

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever."""
        while True:
            await self._due()
            await self._venue.key.accepted.wait()  # Tiers are told to those alone whose key is taken.
            self._doubted.clear()
            try:
                await self.read(inbox)
            except Unreadable as error:
                self._flaws.note("the list of contracts", str(error))
                lost = self._venue.key.news(error)
                if lost:
                    await inbox.put(lost)
                await asyncio.sleep(AGAIN_MS / 1000)
                self.doubt()

    async def read(self, inbox: Inbox) -> None:
        """Read it now, and tell what is otherwise together with the account as it is now.

        After a suspension nobody knows what happened: the account is read before anybody acts on the news.
        ``Unreadable`` where either cannot be read; then it is told with the next reading.
        """
        wires = self._connection.wires
        await wires.reload()
        found = await read_listing(self._connection.dialect, wires, urgency=Urgency.BACKFILL)
        reader: AccountReader = self._venue.reader
        self._read_ms, old = self._now_ms(), self._listing.by_symbol
        self._listing.become(found)
        self._news += reader.relisted(old, self._read_ms)
        if found.by_symbol.keys() - old.keys():
            self._changed()
        if self._news:
            told = (*self._news, *await self._venue.reread(Urgency.ACCOUNT))
            self._news = []
            await inbox.put(told)

    async def _due(self) -> None:
        """Wait until it has to be read again."""
        wait_ms = SOON_MS if self._news or self._stands_still() else EVERY_MS
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, self._read_ms + wait_ms - self._now_ms()) / 1000):
                await self._doubted.wait()
        await asyncio.sleep(max(0, self._read_ms + SOON_MS - self._now_ms()) / 1000)

    def _stands_still(self) -> bool:
        """Whether something that is watched is suspended."""
        listed = self._listing.by_symbol
        return any(listed[s].contract.suspended for s in self._ear.symbols if s in listed)
