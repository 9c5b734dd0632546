"""The two clients of an account: one that listens and reads, one that acts.

What acts has connections of its own that nothing else uses and that are kept warm, so that no emergency waits
for a handshake or behind a large answer. ccxt is imported here, when an account is opened, and not before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from bot.venues.live.client import Ccxt, Client, Credentials, Hears, client_class
from bot.venues.live.clock import ExchangeClock
from bot.venues.live.dialect import Dialect
from bot.venues.live.flaws import Flaws
from bot.venues.live.gate import Gate
from bot.venues.live.line import Line, Unreadable, nothing
from bot.venues.live.session import Loopback, open_session
from bot.venues.live.wire import Reply, Request, Urgency

WARM_MS = 10_000
"""How often the acting client asks for the time: its connection stays open and the clock right."""
SKEW_MS_MAX = 500
"""A difference of the clocks that people are told of."""
PAUSE_MS = 1_000
"""The least time between two readings of the clock, however often it is doubted."""
_MARKETS = Request(api="", method="GET", path="the list of markets")
_ERRAND = Request(api="", method="GET", path="an errand of ccxt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an account is reached. Without ``credentials`` only what is public can be read."""

    credentials: Credentials | None = None
    timeout_ms: int = 10_000
    loopback: Loopback | None = None


class Clients:
    """Both clients of one account, the gate they go through and the exchange's clock."""

    def __init__(self, dialect: Dialect, access: Access, gate: Gate, now_ms: Callable[[], int]) -> None:
        """Nothing is connected yet: use ``open``."""
        self._dialect = dialect
        self._access = access
        self._now_ms = now_ms
        self._say: Callable[[str], None] = lambda _: None
        self._feed: Client
        self._act: Client
        self._hears: Hears = lambda _: True
        self._connected: Callable[[], None] = nothing
        self._loop = asyncio.get_running_loop()
        self._flaws = Flaws(self._tell)
        self._told_skew = False
        self._closing: set[asyncio.Task[None]] = set()
        self.gate = gate
        self.clock = ExchangeClock(now_ms)
        self.reads = self._line(lambda: self._feed)
        self.writes = self._line(lambda: self._act)

    @classmethod
    async def open(
        cls,
        dialect: Dialect,
        access: Access,
        *,
        gate: Gate,
        now_ms: Callable[[], int],
        say: Callable[[str], None],
    ) -> Clients:
        """Connect, load the list of markets once and read the exchange's clock.

        ``Unreadable`` with one sentence where the exchange cannot be talked to.
        """
        clients = cls(dialect, access, gate, now_ms)
        clients._say = say
        made = await asyncio.to_thread(client_class, dialect.traits.ccxt_id)
        clients._feed = clients._client(made)
        clients._act = clients._client(made)
        try:
            await clients.read_clock()
            await clients._load_markets()
        except BaseException:
            await clients.close()
            raise
        return clients

    @property
    def markets(self) -> Sequence[Mapping[str, Any]]:
        """The markets as ccxt lists them; ``info`` of each is the exchange's own row."""
        return list(self._feed.exchange.markets.values())

    async def reload(self) -> None:
        """Read the list of markets anew. ``Unreadable`` where it cannot be read."""
        await self.gate.turn(_MARKETS, Urgency.BACKFILL)
        await self._load_markets(reload=True)

    @property
    def feed(self) -> Ccxt:
        """The client of ccxt that holds the streams."""
        return self._feed.exchange

    def listen(self, hears: Hears, connected: Callable[[], None]) -> None:
        """From now on every message of the streams goes to ``hears`` first; each connection is told."""
        self._hears, self._connected = hears, connected
        self._feed.exchange.hears, self._feed.exchange.connected = hears, connected

    async def renew(self) -> None:
        """Replace the client of the streams by another: one that has gone deaf may never recover.

        The old one is closed on the side: whoever is waiting for marks has waited long enough.
        """
        old = self._feed
        exchange = await asyncio.to_thread(self._exchange, type(old.exchange), old.session)
        exchange.set_markets_from_exchange(old.exchange)
        exchange.hears, exchange.connected = self._hears, self._connected
        self._feed = Client(exchange, old.session)
        closing = asyncio.create_task(old.close_streams(), name="closing a client")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def read_clock(self) -> None:
        """Read the exchange's clock, on the connection that acts."""
        reading = self._dialect.reading
        request = reading.time_request()
        asked_ms = self._now_ms()

        def leaving() -> None:
            nonlocal asked_ms
            asked_ms = self._now_ms()  # What it waited at the gate tells nothing of the exchange.

        payload = await self.writes.read(request, Urgency.PROTECTION, leaving=leaving)
        try:
            said_ms = reading.time_ms(payload)
        except (ValueError, KeyError) as error:
            raise Unreadable(request, f"no time in the answer: {error}") from None
        self.clock.read(said_ms, asked_ms, self._now_ms())
        skewed = abs(self.clock.offset_ms) > SKEW_MS_MAX
        if skewed and not self._told_skew:
            self._say(f"the exchange's clock is {self.clock.offset_ms} ms ahead of ours")
        self._told_skew = skewed

    async def keep_warm(self) -> None:
        """Ask for the time every ``WARM_MS``, and at once when a time stamp was refused. Runs for ever."""
        while True:
            await self.clock.doubted(WARM_MS / 1000)
            try:
                await self.read_clock()
            except Unreadable as error:
                self._flaws.note("the exchange's clock", str(error))
            await asyncio.sleep(PAUSE_MS / 1000)

    def notice(self, code: str) -> None:
        """Look at the code of an error for what concerns more than the request: a wrong clock."""
        codes = self._dialect.traits.codes
        if code in codes.clock:
            self.clock.doubt()

    async def close(self) -> None:
        """Close everything."""
        await asyncio.gather(*self._closing, self._feed.close(), self._act.close())

    def _line(self, caller: Callable[[], Client]) -> Line:
        traits, answers = self._dialect.traits, self._dialect.answers
        return Line(caller, self.gate, traits.codes, answers, noticed=self.notice, say=self._tell)

    def _tell(self, text: str) -> None:
        self._say(text)

    def _client(self, made: type[Ccxt]) -> Client:
        session = open_session(self._dialect.traits.hosts, self._access.loopback)
        return Client(self._exchange(made, session), session)

    def _exchange(self, made: type[Ccxt], session: ClientSession) -> Ccxt:
        traits, access = self._dialect.traits, self._access
        config: dict[str, Any] = {
            **self._dialect.streams.client_options(),
            "session": session,
            "asyncio_loop": self._loop,
            "timeout": access.timeout_ms,
            "enableRateLimit": False,  # our gate instead
            "aiohttp_trust_env": False,
        }
        if access.credentials is not None:
            config["apiKey"] = access.credentials.key
            config["secret"] = access.credentials.secret
            if access.credentials.password:
                config["password"] = access.credentials.password
        exchange = made(config)
        exchange.bind(traits.hosts, self.clock.now_ms, self._tell)
        exchange.passes, exchange.learns = self._pass, self._learn
        # ccxt repeats failed calls where it is told to: an order repeated is a second order.
        exchange.options.update(maxRetriesOnFailure=0, adjustForTimeDifference=False)
        if traits.recv_window_ms:
            exchange.options["recvWindow"] = traits.recv_window_ms
        exchange.has["fetchCurrencies"] = False  # It needs rights that a key for futures lacks.
        return exchange

    async def _pass(self) -> None:
        """What ccxt asks by itself goes through the gate too: a request during a ban makes it longer."""
        await self.gate.turn(_ERRAND, Urgency.ACCOUNT)

    def _learn(self, reply: Reply) -> None:
        """A ban is one, whoever was told of it first."""
        angry = self.gate.learn(_ERRAND, reply)
        if angry:
            self._tell(angry)

    async def _load_markets(self, *, reload: bool = False) -> None:
        try:
            await self._feed.exchange.load_markets(reload)
        except Exception as error:  # ccxt raises classes of its own for whatever went wrong
            text = " ".join(str(error).split())[:300]
            raise Unreadable(_MARKETS, f"{type(error).__name__}: {text}") from error
        self._act.exchange.set_markets_from_exchange(self._feed.exchange)
