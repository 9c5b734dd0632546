"""How long a mark takes from the exchange's socket to a request on its wire, and what 500 symbols cost.

Between the two stamps of the exchange is everything: TLS, ccxt's client, the inbox, the engine with its rules
and guard, the intent and the memory committed to a journal on disk, the gate, and the way back. Beside it the
floors: the same exchange, a bare socket, and a signed request for every frame that is low enough; and what
this disk takes at this moment to keep a page, on which every commit waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import orjson
from aiohttp import ClientSession, TraceConfig, TraceRequestHeadersSentParams

from benchmarks.exchange import ACCOUNT, KEY, PRICE, Fall, Served, serving
from bot.core.capabilities import YES, Capabilities
from bot.core.engine import Engine
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.step import Step
from bot.core.types import MarginMode, PositionMode, RuleName
from bot.runtime.checkpoint import CheckpointedJournal
from bot.runtime.clock import SystemClock
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.shell import Shell
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.feed import Feed
from bot.venues.live.gate import Gate
from bot.venues.live.session import open_session
from bot.venues.live.starting import read_listing
from bot.venues.live.terms import Window
from bot.venues.live.venue import LiveVenue
from strategies.top_up import TopUp, TopUpParams

SYMBOLS = 500
WATCHED_S = 15
SETTLING_S = 3
NEXT = Decimal("0.999")
"""The same price again, once a second, is no fall."""
PAGES = 60
PAGE = 4096
WIDE = {
    name: Window(capacity=10**6, per_ms=w.per_ms, reserve=1) for name, w in DIALECT.traits.windows.items()
}
"""The limits of the exchange are not what is measured."""


@dataclass(slots=True)
class Measured:
    """What was seen of one side: milliseconds of commits and of pages kept, and the share of a core."""

    share: float = 0
    falls: list[Fall] = field(default_factory=list)
    wired_ns: list[int] = field(default_factory=list)
    committing: list[float] = field(default_factory=list)
    keeping: list[float] = field(default_factory=list)

    def sending(self) -> list[float]:
        """Milliseconds from each frame on the socket to its request on the wire."""
        return [
            (wired_ns - fall.written_ns) / 1e6
            for fall in self.falls
            for wired_ns in self.wired_ns
            if fall.written_ns < wired_ns < fall.arrived_ns
        ]

    def arriving(self) -> list[float]:
        """The same until the exchange has read it, which may be busy with something else."""
        return [(fall.arrived_ns - fall.written_ns) / 1e6 for fall in self.falls]


def watch(session: ClientSession, wired_ns: list[int]) -> None:
    """Note the moments when a request that changes margin is handed to the socket."""

    async def leaves(_: object, __: object, sent: TraceRequestHeadersSentParams) -> None:
        if sent.method == "POST" and "positionMargin" in sent.url.path:
            wired_ns.append(time.perf_counter_ns())

    traces = TraceConfig()
    traces.on_request_headers_sent.append(leaves)
    traces.freeze()
    session.trace_configs.append(traces)


class TimedJournal(CheckpointedJournal):
    """The journal of a live run, with a watch on the commits that actions wait for."""

    def time_to(self, committing: list[float]) -> None:
        """Leave the milliseconds of each there."""
        self._committing = committing
        self._acts = False

    def append(self, step: Step) -> None:
        """Take a step."""
        super().append(step)
        self._acts = bool(step.actions)

    async def commit(self) -> None:
        """Make it safe."""
        began, acts, self._acts = time.perf_counter(), self._acts, False
        await super().commit()
        if acts:
            self._committing.append((time.perf_counter() - began) * 1e3)


def engine() -> Engine:
    """One rule that tops up as often as it takes, and the guard."""
    rule = TopUp(
        RuleName("top_up"),
        TopUpParams(below=Decimal("0.087"), restore_to=Decimal("0.0905"), max_times=100),
    )
    levers = {("AddMargin", mode): YES for mode in MarginMode}
    return Engine(
        EngineSettings(
            rules=(RuleEntry(rule=rule, cooldown_ms=0),),
            limits=Limits(actions_per_hour=10_000, equal_actions=10_000),
            seatbelt=SeatbeltSettings(enabled=False),
            capabilities={ACCOUNT: Capabilities(venue="bench", levers=levers)},
        )
    )


@asynccontextmanager
async def guarding(served: Served, folder: Path, measured: Measured) -> AsyncIterator[None]:
    """The whole bot on the simulated exchange, journal on disk."""
    clock = SystemClock()
    access = Access(credentials=Credentials(key=KEY.key, secret=KEY.secret), loopback=served.loopback)
    clients = await Clients.open(DIALECT, access, gate=Gate(WIDE), now_ms=clock.now_ms, say=print)
    watch(clients._act.session, measured.wired_ns)  # noqa: SLF001 - the wire itself
    listing = await read_listing(DIALECT, clients)
    connection = Connection(
        account=ACCOUNT, dialect=DIALECT, listing=listing, wires=clients, now_ms=clock.now_ms, say=print
    )
    venue = LiveVenue(connection, PositionMode.ONE_WAY)
    feed = Feed(connection, venue, also=listing.by_symbol)
    guard = engine()
    async with open_journal(folder / "bench.db", opened_ms=clock.now_ms()) as kept:
        journal = TimedJournal(kept, guard)
        journal.time_to(measured.committing)
        shell = Shell(engine=guard, venue=venue, journal=journal, clock=clock, feeds={"bench": feed.run})
        running = asyncio.ensure_future(shell.run({}))
        try:
            await asyncio.sleep(SETTLING_S)
            yield
        finally:
            shell.stop("the figures are had")
            await running
            await clients.close()


async def cpu_share(seconds: float) -> float:
    """The share of a core this process uses while it listens."""
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)


async def whole(served: Served, folder: Path) -> Measured:
    """The bot; the disk just before and just after it, where its journal is."""
    measured = Measured()
    measured.keeping += await asyncio.to_thread(disk, folder)
    async with guarding(served, folder, measured):
        measured.share = await cpu_share(WATCHED_S)
        measured.falls = await served.fall(PRICE)
    measured.keeping += await asyncio.to_thread(disk, folder)
    return measured


async def bare(served: Served) -> Measured:
    """The floor: a socket, a decoder, a comparison and a signed request."""
    wanted, measured = [PRICE], Measured()
    low = asyncio.Event()

    async with open_session(DIALECT.traits.hosts, served.loopback) as session:
        watch(session, measured.wired_ns)

        async def listen() -> None:
            async with session.ws_connect("wss://fstream.binance.com/ws") as socket:
                await socket.send_str('{"method":"SUBSCRIBE","params":["!markPrice@arr@1s"],"id":1}')
                async for message in socket:
                    for row in rows(message.data):
                        if row["s"] == "BTCUSDT" and Decimal(row["p"]) < wanted[0]:
                            wanted[0] = Decimal(row["p"]) * NEXT
                            low.set()

        async def act() -> None:
            while True:
                await low.wait()
                low.clear()
                query = urlencode(
                    {"symbol": "BTCUSDT", "amount": "1", "type": 1, "timestamp": time.time_ns() // 10**6}
                )
                signature = hmac.new(KEY.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
                url = f"https://fapi.binance.com/fapi/v1/positionMargin?{query}&signature={signature}"
                async with session.post(url, headers={"X-MBX-APIKEY": KEY.key}) as response:
                    await response.read()

        tasks = [asyncio.ensure_future(listen()), asyncio.ensure_future(act())]
        await asyncio.sleep(SETTLING_S)
        measured.share = await cpu_share(WATCHED_S)
        measured.falls = await served.fall(PRICE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return measured


def rows(data: str) -> Sequence[dict[str, str]]:
    """The marks of a frame."""
    payload = orjson.loads(data)
    return payload if isinstance(payload, list) else ()


def disk(folder: Path) -> list[float]:
    """Milliseconds this disk takes to keep one page in a file that does not grow."""
    times = []
    with (folder / "page").open("wb") as page:
        page.write(bytes(PAGE * PAGES))
        page.flush()
        os.fsync(page.fileno())
        page.seek(0)
        for _ in range(PAGES):
            began = time.perf_counter()
            page.write(bytes(PAGE))
            page.flush()
            os.fdatasync(page.fileno())
            times.append((time.perf_counter() - began) * 1e3)
            time.sleep(0.02)
    return times


def figures(symbols: int = SYMBOLS) -> list[tuple[str, str]]:
    """Both, each against an exchange of its own."""
    with tempfile.TemporaryDirectory() as name, serving(folder := Path(name), symbols) as served:
        bot = asyncio.run(whole(served, folder))
        load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, serving(Path(name), symbols) as served:
        floor = asyncio.run(bare(served))
    both, least = p(50, bot.sending()), p(50, floor.sending()) + p(50, bot.keeping)
    return [
        *described("bot", bot, symbols),
        ("bot: of that the commit, p50", f"{p(50, bot.committing):.2f} ms"),
        ("bot: the commit, p99", f"{p(99, bot.committing):.2f} ms"),
        *described("floor", floor, symbols),
        ("floor: one page kept by this disk, p50", f"{p(50, bot.keeping):.2f} ms"),
        ("floor: the same, p99", f"{p(99, bot.keeping):.2f} ms"),
        ("bot / (floor + page kept), p50", f"{both / least:.1f}"),
        ("bot: the commit / page kept, p50", f"{p(50, bot.committing) / p(50, bot.keeping):.1f}"),
        ("load of the machine", f"{load:.1f} on {os.cpu_count()} cores"),
    ]


def described(name: str, side: Measured, symbols: int) -> list[tuple[str, str]]:
    """The rows of one side."""
    sending, arriving = side.sending(), side.arriving()
    return [
        (f"{name}: {symbols} symbols at 1 Hz", f"{side.share:.1%} of a core"),
        (f"{name}: mark frame on the socket to request on the wire, p50", f"{p(50, sending):.2f} ms"),
        (f"{name}: the same, p99 of {len(sending)}", f"{p(99, sending):.2f} ms"),
        (f"{name}: until the exchange has read it, p50", f"{p(50, arriving):.2f} ms"),
        (f"{name}: the same, p99", f"{p(99, arriving):.2f} ms"),
    ]


def p(percent: int, times: Sequence[float]) -> float:
    """A percentile of what was measured, never between two measurements."""
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]


if __name__ == "__main__":
    for row in figures():
        print("{:<60} {:>18}".format(*row))
