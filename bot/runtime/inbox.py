"""The one door into the fold loop, and bounded.

When facts come faster than they are folded, only the newest mark of a symbol waits: an older one has been
overtaken. Nothing else is ever dropped: whoever brings it waits until there is room.
"""

from __future__ import annotations

import asyncio
from itertools import count

from bot.core.facts import MarkPrice
from bot.core.types import Symbol
from bot.runtime.errors import ShellError
from bot.venues.port import Batch

CAPACITY = 10_000


class InboxFull(ShellError):  # noqa: N818  # it says what is the matter
    """Facts that cannot wait came faster than they were folded."""


class Inbox:
    """Batches that wait to be folded, in the order they came."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """``capacity`` bounds what is not a mark; marks are bounded by the number of symbols."""
        self._capacity = capacity
        self._waiting: dict[Symbol | int, Batch] = {}
        self._others = 0
        self._numbers = count()
        self._taker: asyncio.Future[None] | None = None
        """Who waits for something to be left."""
        self._room = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._waiters: list[asyncio.Future[None]] = []
        self._served: list[asyncio.Future[None]] = []
        """Who waits for what lies here, and who for what was taken."""

    async def put(self, batch: Batch) -> None:
        """Leave a batch; waits while there is no room. A mark alone never waits."""
        while not _is_mark(batch) and self._others >= self._capacity:
            self._room.clear()
            await self._room.wait()
        self.put_now(batch)

    def put_now(self, batch: Batch) -> None:
        """Leave a batch from where nobody can wait; without room it is ``InboxFull``, and the run ends."""
        if _is_mark(batch):
            self._put_mark(batch)
        elif self._others >= self._capacity:
            raise InboxFull(
                "inbox", f"{self._capacity} batches wait already", "look for what holds the loop up"
            )
        else:
            self._others += 1
            self._waiting[next(self._numbers)] = batch
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)
        self._drained.clear()

    async def take(self) -> list[Batch]:
        """All that waits, at least one batch. The caller says ``done`` when it has folded them.

        All at once, because a mark that is replaced goes to the end: nothing may stay before it for ever.
        """
        if not self._waiting:
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker
        taken = list(self._waiting.values())
        self._waiting.clear()
        self._others = 0
        self._room.set()
        self._served.extend(self._waiters)
        self._waiters.clear()
        return taken

    def done(self) -> None:
        """What was taken has been folded, and is committed."""
        for waiter in self._served:
            if not waiter.done():
                waiter.set_result(None)
        self._served.clear()
        if not self._waiting:
            self._drained.set()

    async def settled(self) -> None:
        """Wait until all that waits now has been folded and committed, whatever comes after it."""
        if self._drained.is_set():
            return
        waiter = asyncio.get_running_loop().create_future()
        (self._waiters if self._waiting else self._served).append(waiter)
        await waiter

    async def drained(self) -> None:
        """Wait until nothing waits and nothing is being folded."""
        await self._drained.wait()

    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is being folded."""
        return self._drained.is_set()

    def _put_mark(self, batch: Batch) -> None:
        mark = batch[0]
        assert type(mark) is MarkPrice
        waiting = self._waiting.pop(mark.symbol, None)
        # A frame that was overtaken on its way must not replace the newer one.
        overtaken = waiting is not None and waiting[0].at_ms > mark.at_ms
        self._waiting[mark.symbol] = waiting if waiting is not None and overtaken else batch


def _is_mark(batch: Batch) -> bool:
    return len(batch) == 1 and type(batch[0]) is MarkPrice
