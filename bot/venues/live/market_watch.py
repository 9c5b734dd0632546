"""Watches over silence of the market streams, which ccxt does not notice while pongs come.

Three missed frames of a mark: it is asked for by REST, at once and until the stream is back. Ten seconds of
silence: the client is replaced, because the old one may never recover. A symbol that stays silent on a new
client as well (a market that stands still) makes the next replacement wait longer each time. So does a stream
that speaks and is wrong three times in a row. A contract that has expired is silent for good: no client is
replaced for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.core.facts import FundingRate, Link, LinkChanged, MarkPrice
from bot.core.types import Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.datagate import Source
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.rates import capped
from bot.venues.live.wire import Urgency

LOOK_MS = 1_000
STILL_MS = 2_000
"""Between two looks that are further apart the process stood still: everything known is of before."""
MISSED_MS = 3_000
"""Age of a mark beyond which it is asked for."""
DEAF_MS = 10_000
"""Age of a mark from the stream beyond which the client counts as deaf."""
DOWN_MS = 6_000
"""Age of the newest mark by any way beyond which the market link is down."""
RENEW_MS_MAX = 600_000


class MarketWatch:
    """Looks every second at how old the marks are."""

    def __init__(self, connection: Connection, ear: Ear, renew: Callable[[str], Awaitable[None]]) -> None:
        """``renew`` replaces the client of the streams; it is told why."""
        self._account = connection.account
        self._reading = connection.dialect.reading
        self._listing = connection.listing
        self._line = connection.wires.reads
        self._clock = connection.wires.clock
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._ear = ear
        self._corroboration = ear.corroboration
        self._renew = renew
        self._watched_ms: dict[Symbol, int] = {}
        """Since when each symbol is watched."""
        self._looked_ms: int | None = None
        self._renewed_ms = 0
        """Since when the client is the present one."""
        self._renew_wait_ms = DEAF_MS
        self._up = True
        self._silent: list[Symbol] = []
        """What is to be asked for."""
        self._wanted = asyncio.Event()

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask_for_ever(inbox), name="marks by REST")
            while True:
                await asyncio.sleep(LOOK_MS / 1000)
                await self.look(inbox)

    async def look(self, inbox: Inbox) -> None:
        """One look at everything that is watched."""
        now_ms = self._now_ms()
        if self._looked_ms is not None and now_ms - self._looked_ms > STILL_MS:
            self._ear.hint()
            self._clock.doubt()
        self._looked_ms = now_ms
        if self._watched_ms.keys() != self._ear.symbols:
            # What is watched no more is forgotten: should it come back, its silence until then means nothing.
            self._watched_ms = {s: self._watched_ms.get(s, now_ms) for s in self._ear.symbols}
        silent = [s for s in self._watched_ms if now_ms - self._streamed_ms(s) > MISSED_MS]
        if silent:
            silent.sort()
            self._silent = silent
            self._wanted.set()
        await self._tell(inbox)
        deaf = [
            s
            for s in silent
            if now_ms - max(self._streamed_ms(s), self._renewed_ms) > self._renew_wait_ms
            and not self._expired(s)
        ]
        sick = self._corroboration.sick
        if deaf or (sick and now_ms - self._renewed_ms > self._renew_wait_ms):
            self._renew_wait_ms = min(2 * self._renew_wait_ms, RENEW_MS_MAX)
            self._renewed_ms = now_ms
            self._corroboration.start_anew()
            silence = f"no mark of {', '.join(deaf[:3])} for {DEAF_MS / 1000:g} s or more"
            await self._renew(silence if deaf else sick)
        elif not silent and not sick:
            self._renew_wait_ms = DEAF_MS

    def _streamed_ms(self, symbol: Symbol) -> int:
        """When its mark was last had from the stream, or was first waited for."""
        return max(self._ear.marks_ms.get(symbol, 0), self._watched_ms[symbol])

    def _expired(self, symbol: Symbol) -> bool:
        instrument = self._listing.by_symbol.get(symbol)
        return instrument is not None and instrument.contract.expired(self._clock.now_ms())

    async def _ask_for_ever(self, inbox: Inbox) -> None:
        """Beside the looking, because a question may wait at the gate for as long as a ban lasts."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._ask(self._silent, inbox)

    async def _ask(self, symbols: list[Symbol], inbox: Inbox) -> None:
        instruments = [self._listing.by_symbol[s] for s in symbols if s in self._listing.by_symbol]
        try:
            requests = self._reading.market_requests(instruments) if instruments else ()
            payloads = [await self._line.read(request, Urgency.ACCOUNT) for request in requests]
            facts = self._reading.market(payloads, self._listing) if payloads else ()
        except (Unreadable, ValueError, KeyError) as error:
            self._flaws.note("marks by REST", str(error))
            return
        for fact in facts:
            if fact.symbol in self._ear.symbols:
                await self._put(fact, inbox)

    async def _put(self, fact: MarkPrice | FundingRate, inbox: Inbox) -> None:
        if isinstance(fact, MarkPrice):
            if self._clock.is_ahead(fact.at_ms):
                self._clock.doubt()
                return
            found = self._corroboration.admit(self._clock.ours(fact), None, Source.REST)
            if found is None:
                return  # The stream has been faster after all, or it is hard to believe.
            fact = found
        else:
            fact = capped(fact, self._flaws.counting("marks by REST"))
        await inbox.put((fact,))

    async def _tell(self, inbox: Inbox) -> None:
        """The link is what can be seen by any way, not whether a socket is open."""
        now_ms = self._now_ms()
        believed_ms = self._corroboration.gate.believed_ms
        since_ms = [max(believed_ms(symbol), from_ms) for symbol, from_ms in self._watched_ms.items()]
        up = not since_ms or now_ms - max(since_ms) <= DOWN_MS
        if up is self._up:
            return
        self._up = up
        because = "marks come again" if up else f"no mark at all for {DOWN_MS / 1000:g} s, by stream or REST"
        await inbox.put(
            (LinkChanged(at_ms=now_ms, account=self._account, link=Link.MARKET, up=up, because=because),)
        )
        if up:
            self._ear.hint()  # What happened meanwhile is in no stream.
