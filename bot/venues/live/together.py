"""Looks at the account that several share: an outage leaves many acts open at once, and a limit is soon met.

Whoever asks gets a reading that begins after the question, and all who ask before it begins get the same.
Readings keep a distance by what they cost, so that many answers that come one after the other do not use up
in seconds what the exchange allows in a minute.
"""

from __future__ import annotations

import asyncio

from bot.core.types import Symbol
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.gate import Gate
from bot.venues.live.wire import Urgency


class SharedReading:
    """The account, read for everybody at once."""

    def __init__(self, reader: AccountReader, gate: Gate) -> None:
        self._reader = reader
        self._gate = gate
        self._next: asyncio.Task[Snapshot] | None = None
        """What has not begun yet, so that it may be joined."""
        self._under_way: asyncio.Task[Snapshot] | None = None
        self._wanted: frozenset[Symbol] = frozenset()
        """Whose orders it is to bring."""
        self._free_at = 0.0
        """The loop's time from which on the next may begin."""

    async def read(self, symbol: Symbol) -> Snapshot:
        """The account with the orders of ``symbol``, as a reading finds it that begins from now on.

        ``Unreadable`` where it fails.
        """
        self._wanted |= {symbol}
        if self._next is None:
            self._next = asyncio.ensure_future(self._in_turn(self._under_way))
            # Those who asked may have been cut off meanwhile, and its failure is nobody's then.
            self._next.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await asyncio.shield(self._next)

    async def _in_turn(self, before: asyncio.Task[Snapshot] | None) -> Snapshot:
        loop = asyncio.get_running_loop()
        if before is not None:
            await asyncio.wait({before})
        await asyncio.sleep(max(0.0, self._free_at - loop.time()))
        self._under_way, self._next = self._next, None
        symbols, self._wanted = self._wanted, frozenset()
        apart_ms = self._gate.apart_ms(self._reader.requests_of(symbols))
        self._free_at = loop.time() + apart_ms / 1000
        return await self._reader.glance(symbols, Urgency.PROTECTION)
