"""Keeps an eye on how an account is set up at its exchange: what was good enough at the start may be changed.

Positions show in which mode they are kept as soon as one is read (``AccountReader``). That several currencies
back all positions, or a mode while nothing is held, is only told by the setup, which is read each hour.
"""

from __future__ import annotations

import asyncio

from bot.core.types import PositionMode
from bot.venues.live.account import OTHER_MODE
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.starting import read_setup
from bot.venues.live.venue import LiveVenue

EVERY_MS = 3_600_000
AGAIN_MS = 60_000
"""How long after a reading that failed, or found the account as it must not be."""


class SetupWatch:
    """Reads the setup of one account, for ever."""

    def __init__(self, connection: Connection, venue: LiveVenue) -> None:
        self._connection = connection
        self._venue = venue
        self._flaws = Flaws(connection.say)

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever. While the account is as it must not be it counts as unread, and says why."""
        reader, wires = self._venue.reader, self._connection.wires
        wait_ms = EVERY_MS
        while True:
            await asyncio.sleep(wait_ms / 1000)
            await self._venue.key.accepted.wait()
            try:
                setup = await read_setup(self._connection.dialect, wires)
            except Unreadable as error:
                self._flaws.note("the setup of the account", str(error))
                lost = self._venue.key.news(error)
                if lost:
                    await inbox.put(lost)
                wait_ms = AGAIN_MS
                continue
            reader.unfit = _other(setup.position_mode, reader.mode) or "; ".join(setup.refuse)
            wait_ms = AGAIN_MS if reader.unfit else EVERY_MS


def _other(now: PositionMode, then: PositionMode) -> str:
    return "" if now is then else OTHER_MODE.format(now=now, then=then)
