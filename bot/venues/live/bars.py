"""Bars by request.

That is the history that indicators begin with, what closed while a stream was gone, and all of them where no
stream tells that a bar is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress

from bot.core.facts import BarClosed
from bot.core.types import Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.wire import Urgency

HISTORY = 300
"""Bars to begin with."""
FEW = 5
"""Bars asked for where the last ones are known."""
LATE_MS = 1_500
"""How long after its end a bar is asked for: exchanges take a moment to close it."""


class Bars:
    """The bars of the symbols that are watched, in the timeframes that are wanted."""

    def __init__(self, connection: Connection, timeframes_ms: Sequence[int]) -> None:
        """Nothing is asked for until somebody wants it."""
        self._reading = connection.dialect.reading
        self._listing = connection.listing
        self._line = connection.wires.reads
        self._clock = connection.wires.clock
        self._flaws = Flaws(connection.say)
        self._streamed = connection.dialect.traits.bars_streamed
        self._timeframes_ms = tuple(timeframes_ms)
        self._watched: frozenset[Symbol] = frozenset()
        self._due: dict[Symbol, None] = {}
        self._wanted = asyncio.Event()
        self._last_ms: dict[tuple[Symbol, int], int] = {}
        """When the last bar ended that was had by request."""

    def want(self, symbols: Collection[Symbol]) -> None:
        """Ask for what has closed of these since they were asked for last."""
        self._watched = frozenset(symbols)
        self._due |= dict.fromkeys(sorted(symbols))
        self._wanted.set()

    async def run(self, inbox: Inbox) -> None:
        """Ask for what is wanted, one after the other, for ever."""
        while self._timeframes_ms:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._next_close_s()):
                    await self._wanted.wait()
            if not self._wanted.is_set():
                self.want(self._watched)
            self._wanted.clear()
            while self._due:
                symbol = next(iter(self._due))
                del self._due[symbol]
                for timeframe_ms in self._timeframes_ms:
                    found = await self._ask(symbol, timeframe_ms)
                    if found:
                        await inbox.put(found)
        await asyncio.Event().wait()

    def _next_close_s(self) -> float | None:
        """Seconds until the next bar has closed; ``None`` where a stream tells."""
        if self._streamed:
            return None
        now_ms, shortest_ms = self._clock.now_ms() - LATE_MS, min(self._timeframes_ms)
        return (shortest_ms - now_ms % shortest_ms) / 1000

    async def _ask(self, symbol: Symbol, timeframe_ms: int) -> tuple[BarClosed, ...]:
        instrument, now_ms = self._listing.by_symbol[symbol], self._clock.now_ms()
        key = symbol, timeframe_ms
        last_ms = self._last_ms.get(key, 0)
        if now_ms < last_ms + timeframe_ms:
            return ()
        count = FEW if now_ms - last_ms < FEW * timeframe_ms else HISTORY
        try:
            request = self._reading.bars_request(instrument, timeframe_ms, count)
            payload = await self._line.read(request, Urgency.BACKFILL)
            bars = self._reading.bars(instrument, timeframe_ms, payload, self._clock.now_ms())
        except (Unreadable, ValueError, KeyError) as error:
            self._flaws.note(f"bars of {symbol}", str(error))
            return ()
        fresh = tuple(bar for bar in bars if bar.at_ms > last_ms)
        if fresh:
            self._last_ms[key] = fresh[-1].at_ms
        return fresh
