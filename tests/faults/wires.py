"""The bot's end of the wires: requests signed as the exchange wants them, streams as lines of the simulator.

Everything the real clients do beside carrying bytes is the real clients' own code: gate, clock, renewal.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Never
from urllib.parse import quote_plus

from bot.core.types import AccountName
from bot.simulator import ApiKey, Call
from bot.simulator.binance.signatures import signature_of
from bot.simulator.faults import FRAMES, SILENCE, Fault, FaultKind
from bot.simulator.line import Line
from bot.venues.live.client import Hears
from bot.venues.live.clients import Access, Clients
from bot.venues.live.dialect import Dialect
from bot.venues.live.flaws import Flaws
from bot.venues.live.gate import Gate
from bot.venues.live.line import nothing
from bot.venues.live.wire import Reply, Request, Urgency
from tests.faults.exchange import Exchange
from tests.faults.passing import Program

try:
    from orjson import loads as _quickly  # As the library reads what it hears.
except ImportError:
    _quickly = json.loads  # type: ignore[assignment]  # it takes more
TIMEOUT_S = 10
TIMED_OUT = Reply(sent=True, error="TimeoutError")
KEEP_ALIVE_S = 1_200
"""How often a listen key is kept alive."""
UNNOTICED_MS = 30_000
"""After so long without a pong the library takes a connection for dead."""
PREFIX = {
    "fapiPublic": "/fapi/v1/",
    "fapiPrivate": "/fapi/v1/",
    "fapiPrivateV2": "/fapi/v2/",
    "fapiPrivateV3": "/fapi/v3/",
    "sapi": "/sapi/v1/",
}


class Caller:
    """Signs and sends requests of one account, from one program."""

    def __init__(self, exchange: Exchange, program: Program, key: ApiKey, epoch: int) -> None:
        """``epoch`` is the program's, for the ledger."""
        self.exchange = exchange
        self.program = program
        self.key = key
        self.epoch = epoch
        self._headers = {"x-mbx-apikey": key.key}
        self.now_ms: Callable[[], int] = lambda: 0
        """The exchange's clock as the program knows it."""

    async def call(self, request: Request) -> Reply:
        """Send once and take what comes."""
        api = request.api if isinstance(request.api, str) else request.api[0]
        signed = api != "fapiPublic"
        return await self.send(
            request.method, PREFIX[api] + request.path, dict(request.params), signed=signed
        )

    async def send(self, method: str, path: str, params: dict[str, Any], *, signed: bool) -> Reply:
        """Send once; what takes longer than the library waits is lost."""
        if signed:
            params |= {"timestamp": self.now_ms(), "recvWindow": 3_000}
        query = "&".join([f"{name}={_quoted(value)}" for name, value in params.items()])
        if signed:
            query += "&signature=" + signature_of(self.key.secret, query)
        call = Call(method=method, host="fapi.binance.com", path=path, query=query, headers=self._headers)
        waiting: asyncio.Future[Reply] = self.program.create_future()

        def deliver(reply: Reply) -> bool:
            self.program.hear(_settle, waiting, reply)
            return not waiting.done()

        self.exchange.ask(self.epoch, self.key.account, call, deliver)
        alarm = self.program.call_later(TIMEOUT_S, _settle, waiting, TIMED_OUT)
        try:
            return await waiting
        finally:
            alarm.cancel()

    async def close(self) -> None:
        """There is nothing to close."""


def _quoted(value: object) -> str:
    """As it stands in a query. Nearly everything stands there as it is."""
    text = str(value)
    return text if text.isascii() and text.isalnum() else quote_plus(text)


def _settle(waiting: asyncio.Future[Any], value: Any) -> None:
    if not waiting.done():
        waiting.set_result(value)


class StreamLine(Line):
    """A line of the simulator that ends in a program instead of a socket."""

    def __init__(
        self, call: Call, exchange: Exchange, program: Program, hears: Callable[[str], None]
    ) -> None:
        super().__init__(call, exchange.world.faults)
        self._exchange = exchange
        self._program = program
        self._hears = hears
        self._late_ms = 0.0
        """Nothing overtakes what is on its way."""
        self._number = next(exchange.lines)
        self.open = True
        self.ended: asyncio.Future[str] = program.create_future()

    def send(self, text: str, topic: str = "") -> None:
        if not self.open:
            return
        if self._program.gone:
            self.cut("reset: nobody is there any more")
            return
        target = f"{self.call.target} {topic}"
        faults = self._exchange.world.faults
        if self.silence is None:
            fault = faults.take(SILENCE, "WS", target, self.key)
            if fault is not None:
                self._fall_mute(fault)
        if self.silence is not None:
            return
        fault = faults.take(FRAMES, "WS", target, self.key)
        if fault is None:
            self._carry(text)
            if self._held is not None:
                held, self._held = self._held, None
                self._carry(held[0])
            return
        self._exchange.acted(fault)
        self._send_wrongly(text, topic, fault)

    def __hash__(self) -> int:
        """The exchange keeps lines in sets, whose order must not depend on where they lie in memory."""
        return self._number

    def pong(self, text: str) -> None:
        """The library answers pings itself."""

    def close(self) -> None:
        """The exchange hangs up."""
        self.cut("closed by the exchange")

    def cut(self, why: str) -> None:
        """The connection is gone, and the program notices at once."""
        if self.open:
            self.open = False
            # Later: the exchange may be going through its lines just now.
            self._exchange.time.after(0, lambda: self._exchange.wire.leave(self))
            self._program.hear(_settle, self.ended, why)

    def _fall_mute(self, fault: Fault) -> None:
        self._exchange.acted(fault)
        self.silence = fault.kind
        if fault.kind is FaultKind.HALF_OPEN:
            self._exchange.time.after(UNNOTICED_MS, lambda: self.cut("RequestTimeout: no pong"))

    def _send_wrongly(self, text: str, topic: str, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.CUT_FRAME:
                self._carry(text[: len(text) // 2])
            case FaultKind.CLOSE:
                self.cut("NetworkError: connection closed")
            case FaultKind.DUPLICATE:
                self._carry(text)
                self._carry(text)
            case FaultKind.REORDER:
                self._held = (text, topic)
            case FaultKind.DELAY_FRAME:
                self._carry(text, fault.ms)
            case FaultKind.REPLACE_FRAME:
                self._carry(self._exchange.replaced(fault, text))
            case _:
                pass

    def _carry(self, text: str, more_ms: int = 0) -> None:
        now_ms = self._exchange.time.now_us / 1_000
        self._late_ms = max(self._late_ms, now_ms + self._exchange.way_ms() + more_ms)
        self._exchange.time.at(self._late_ms, lambda: self._program.hear(self._hears, text))


class Streams:
    """What stands in for the library's client of streams: its calls, and nothing else of it."""

    def __init__(self, caller: Caller, say: Callable[[str], None]) -> None:
        self._caller = caller
        self._lines: list[StreamLine] = []
        self._garbled = Flaws(say).counting("a frame of a stream")
        self.hears: Hears = lambda _: True
        self.connected: Callable[[], None] = nothing
        self.options: dict[str, Any] = {}
        self.ws_dial_backoff: Mapping[str, Any] = {}
        self.learns: Callable[[Reply], None] = lambda _: None

    async def watch_mark_prices(self, symbols: Sequence[str] | None) -> Never:
        await self._stay("/market/ws/!markPrice@arr@1s")

    async def watch_tickers(self, symbols: Sequence[str]) -> Never:
        names = "/".join(f"{_id(symbol)}@miniTicker" for symbol in symbols)
        await self._stay("/market/stream", f"streams={names}")

    async def watch_ohlcv_for_symbols(self, bars: Sequence[Sequence[str]]) -> Never:
        names = "/".join(f"{_id(symbol)}@kline_{interval}" for symbol, interval in bars)
        await self._stay("/market/stream", f"streams={names}")

    async def watch_bids_asks(self, symbols: Sequence[str]) -> Never:
        names = "/".join(f"{_id(symbol)}@bookTicker" for symbol in symbols)
        await self._stay("/public/stream", f"streams={names}")

    async def watch_balance(self) -> Never:
        """Get a listen key, stay on its line, and keep the key alive."""
        reply = await self._caller.send("POST", "/fapi/v1/listenKey", {}, signed=False)
        self.learns(reply)
        if reply.status != 200:
            raise ConnectionError(f"no listen key: {reply.status} {reply.error} {reply.body[:80]}")
        key = json.loads(reply.body)["listenKey"]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_alive())
            await self._stay("/private/ws", f"listenKey={key}")

    async def close(self) -> None:
        """Whoever stays on a line finds it closed under him."""
        for line in self._lines:
            line.open = False
            self._caller.exchange.wire.leave(line)
            line.ended.cancel()

    async def _keep_alive(self) -> Never:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            reply = await self._caller.send("PUT", "/fapi/v1/listenKey", {}, signed=False)
            self.learns(reply)
            if reply.status != 200:
                raise ConnectionError("the listen key was not kept alive")

    async def _stay(self, path: str, query: str = "") -> Never:
        exchange, program = self._caller.exchange, self._caller.program
        call = Call(method="GET", host="fstream.binance.com", path=path, query=query)
        await asyncio.sleep(3 * exchange.way_ms() / 1000)
        if exchange.unreachable:
            raise ConnectionError("Cannot connect to host")
        refused = exchange.world.faults.take(frozenset({FaultKind.REFUSE}), "WS", call.target)
        if refused is not None:
            exchange.acted(refused)
            raise ConnectionError(f"answered {refused.status}")
        line = StreamLine(call, exchange, program, self._hear)
        status = exchange.wire.connect(line)
        if status:
            raise ConnectionError(f"answered {status}")
        self._lines.append(line)
        self.connected()
        try:
            raise ConnectionError(await line.ended)
        finally:
            self._lines.remove(line)
            if line.open:
                line.open = False
                exchange.wire.leave(line)

    def _hear(self, text: str) -> None:
        try:
            message = _quickly(text)
        except ValueError:
            try:
                message = json.loads(text)
            except ValueError as error:
                self._garbled(str(error))
                return
        self.hears(message)


def _id(symbol: str) -> str:
    base, _, rest = symbol.partition("/")
    quote, _, dated = rest.partition(":")
    expiry = dated.partition("-")[2]
    return (base + quote + (f"_{expiry}" if expiry else "")).lower()


class _End:
    """One of the two clients of an account: what it carries, and on the one that listens the streams."""

    def __init__(self, caller: Caller, say: Callable[[str], None]) -> None:
        self.call = caller.call
        self.close = caller.close
        self.exchange = Streams(caller, say)


class SimClients(Clients):
    """Both clients of an account, without sockets."""

    def __init__(
        self,
        dialect: Dialect,
        caller: Caller,
        *,
        gate: Gate,
        now_ms: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(dialect, Access(), gate, now_ms)
        self._say = say
        self._caller = caller
        caller.now_ms = self.clock.now_ms
        self._feed = self._end()  # type: ignore[assignment]  # it is what the rest needs of one
        self._act = self._end()  # type: ignore[assignment]  # the same
        self._markets: Sequence[Mapping[str, Any]] = ()

    @property
    def account(self) -> AccountName:
        return self._caller.key.account

    @property
    def markets(self) -> Sequence[Mapping[str, Any]]:
        return self._markets

    async def connect(self) -> None:
        """Read the exchange's clock, and its list of markets as the library would."""
        await self.read_clock()
        await self._load_markets()

    async def _load_markets(self, *, reload: bool = False) -> None:
        request = Request(api=("fapiPublic",), method="GET", path="exchangeInfo")
        payload = await self.reads.read(request, Urgency.ACCOUNT)
        self._markets = [_market(row) for row in payload["symbols"]]

    async def renew(self) -> None:
        old = self._feed.exchange
        await asyncio.sleep(0.05)
        end = self._end()
        end.exchange.hears, end.exchange.connected = self._hears, self._connected
        self._feed = end  # type: ignore[assignment]  # as above
        await old.close()

    async def close(self) -> None:
        await self._feed.exchange.close()

    def _end(self) -> _End:
        end = _End(self._caller, self._say)
        end.exchange.learns = self._learn
        return end


def _market(row: Mapping[str, Any]) -> Mapping[str, Any]:
    unified = f"{row['baseAsset']}/{row['quoteAsset']}:{row['marginAsset']}"
    dated = row["symbol"].partition("_")[2]
    return {
        "symbol": f"{unified}-{dated}" if dated else unified,
        "active": row["status"] == "TRADING",
        "spot": False,
        "swap": not dated,
        "info": row,
    }
