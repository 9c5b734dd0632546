"""How long a mark takes from the exchange's socket to a request on its wire, and what 500 symbols cost.

The simulated exchange runs in a process of its own and stamps both ends itself: when it sends a frame, and
when the request that answers it has arrived. Between them is everything: TLS, ccxt's client, the inbox, the
engine with its rules and guard, the intent committed to a journal on disk, the gate, and the way back. Beside
it the floor: the same exchange, a bare socket, and a signed request for every frame that is low enough.
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
from dataclasses import replace
from decimal import Decimal
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from urllib.parse import urlencode

import orjson

from bot.core.capabilities import YES, Capabilities
from bot.core.contracts import Contract, Tier
from bot.core.engine import Engine
from bot.core.margin.venues import rules_for
from bot.core.settings import EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, RuleName, Side, Symbol
from bot.runtime.clock import SystemClock
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.shell import Shell
from bot.simulator import Answer, ApiKey, Call, Clock, SimulatorServer, World
from bot.simulator.binance import BinanceWire
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.feed import Feed
from bot.venues.live.gate import Gate
from bot.venues.live.session import Loopback, open_session
from bot.venues.live.starting import read_listing
from bot.venues.live.terms import Window
from bot.venues.live.venue import LiveVenue
from bot.venues.paper import MarketModel, Opening, PaperAccount
from strategies.top_up import TopUp, TopUpParams

ACCOUNT = AccountName("bench")
BTC = Symbol("BTC/USDT:USDT")
LONG = PositionId(ACCOUNT, BTC, Side.LONG)
KEY = ApiKey(key="bench-key", secret="bench-secret", passphrase="", account=ACCOUNT)  # noqa: S106 - nobody's
SYMBOLS = 500
TRIALS = 60
APART_S = 0.25
WATCHED_S = 15
PRICE = Decimal(100)
STEP = Decimal("0.994")
"""Each fall brings the position below the trigger of the rule, which restores it."""
WIDE = {
    name: Window(capacity=10**6, per_ms=w.per_ms, reserve=1) for name, w in DIALECT.traits.windows.items()
}
"""The limits of the exchange are not what is measured."""


class Stamping(BinanceWire):
    """Notes when a change of margin arrives; counts nobody's weights."""

    arrived_ns: int = 0
    peers = count()

    def answer(self, call: Call) -> Answer:
        """Answer it, as from another address each time."""
        if call.method == "POST" and "positionMargin" in call.path:
            self.arrived_ns = self.arrived_ns or time.perf_counter_ns()
        return super().answer(replace(call, peer=str(next(self.peers))))


def world_of(symbols: int) -> World:
    """A market of so many symbols; the account holds ten bitcoin."""
    names = [BTC, *(Symbol(f"C{number}/USDT:USDT") for number in range(1, symbols))]
    contracts = [
        Contract(
            symbol=name,
            tick=Decimal("0.0001"),
            lot=Decimal("0.01"),
            tiers=(Tier(floor=Decimal(0), cap=None, rate=Decimal("0.01")),),
            rules=rules_for("binance_usdm"),
        )
        for name in names
    ]
    world = World(
        accounts=[PaperAccount(name=ACCOUNT, balance=Decimal(1_000_000))],
        contracts=contracts,
        keys=[KEY],
        model=MarketModel(),
        clock=Clock(lambda: time.time_ns() // 1_000_000),
    )
    for name in names:
        world.move(name, PRICE, gap=True)
    world.open(Opening(id=LONG, quantity=Decimal(10), leverage=Decimal(10), mode=MarginMode.ISOLATED))
    return world


def exchange(pipe: Pipe, folder: str, symbols: int) -> None:
    """The other process: serves, and at a word lets the price fall again and again."""

    async def serve() -> None:
        world = world_of(symbols)
        wire = Stamping(world)
        async with SimulatorServer(world, [wire], folder=Path(folder)) as server:
            pipe.send((server.port, str(server.ca_file)))
            while (word := await asyncio.to_thread(pipe.recv)) != "end":
                pipe.send(await falls(world, wire, Decimal(word)))

    asyncio.run(serve())


async def falls(world: World, wire: Stamping, price: Decimal) -> list[int]:
    """Nanoseconds from each frame to the request that answers it."""
    took: list[int] = []
    for _ in range(TRIALS):
        price *= STEP
        wire.arrived_ns, sent_ns = 0, time.perf_counter_ns()
        world.move(BTC, price.quantize(Decimal("0.0001")))
        await asyncio.sleep(APART_S)
        if wire.arrived_ns:
            took.append(wire.arrived_ns - sent_ns)
    return took


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
async def guarding(loopback: Loopback, folder: Path) -> AsyncIterator[tuple[Shell, Feed]]:
    """The whole bot on the simulated exchange, journal on disk."""
    clock = SystemClock()
    access = Access(credentials=Credentials(key=KEY.key, secret=KEY.secret), loopback=loopback)
    clients = await Clients.open(DIALECT, access, gate=Gate(WIDE), now_ms=clock.now_ms, say=print)
    listing = await read_listing(DIALECT, clients)
    connection = Connection(
        account=ACCOUNT, dialect=DIALECT, listing=listing, wires=clients, now_ms=clock.now_ms, say=print
    )
    venue = LiveVenue(connection, PositionMode.ONE_WAY)
    feed = Feed(connection, venue, also=listing.by_symbol)
    async with open_journal(folder / "bench.db", opened_ms=clock.now_ms()) as journal:
        shell = Shell(engine=engine(), venue=venue, journal=journal, clock=clock, feeds={"bench": feed.run})
        running = asyncio.ensure_future(shell.run({}))
        try:
            await asyncio.sleep(3)
            yield shell, feed
        finally:
            shell.stop("the figures are had")
            await running
            await clients.close()


async def asked(pipe: Pipe, price: Decimal) -> list[int]:
    """Let the price fall from ``price``; the times it took."""
    pipe.send(str(price))
    took: list[int] = await asyncio.to_thread(pipe.recv)
    return took


async def cpu_share(seconds: float) -> float:
    """The share of a core this process uses while it listens."""
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)


async def whole(pipe: Pipe, loopback: Loopback, folder: Path) -> tuple[list[int], float]:
    """The bot: times from frame to request, and its share of a core beside 500 symbols."""
    async with guarding(loopback, folder):
        share = await cpu_share(WATCHED_S)
        return await asked(pipe, PRICE), share


async def bare(pipe: Pipe, loopback: Loopback) -> tuple[list[int], float]:
    """The floor: a socket, a decoder, a comparison and a signed request."""
    wanted = [PRICE]
    low = asyncio.Event()

    async with open_session(DIALECT.traits.hosts, loopback) as session:

        async def listen() -> None:
            async with session.ws_connect("wss://fstream.binance.com/ws") as socket:
                await socket.send_str('{"method":"SUBSCRIBE","params":["!markPrice@arr@1s"],"id":1}')
                async for message in socket:
                    for row in rows(message.data):
                        if row["s"] == "BTCUSDT" and Decimal(row["p"]) < wanted[0]:
                            low.set()

        async def act() -> None:
            while True:
                await low.wait()
                low.clear()
                wanted[0] *= STEP
                query = urlencode(
                    {"symbol": "BTCUSDT", "amount": "1", "type": 1, "timestamp": time.time_ns() // 10**6}
                )
                signature = hmac.new(KEY.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
                url = f"https://fapi.binance.com/fapi/v1/positionMargin?{query}&signature={signature}"
                async with session.post(url, headers={"X-MBX-APIKEY": KEY.key}) as response:
                    await response.read()

        tasks = [asyncio.ensure_future(listen()), asyncio.ensure_future(act())]
        await asyncio.sleep(3)
        share = await cpu_share(WATCHED_S)
        took = await asked(pipe, PRICE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return took, share


def rows(data: str) -> Sequence[dict[str, str]]:
    """The marks of a frame."""
    payload = orjson.loads(data)
    return payload if isinstance(payload, list) else ()


def figures(symbols: int = SYMBOLS) -> list[tuple[str, str]]:
    """Both, each against an exchange of its own."""
    found = []
    for name in ("bot", "floor"):
        with tempfile.TemporaryDirectory() as folder:
            here, there = get_context("spawn").Pipe()
            other = get_context("spawn").Process(target=exchange, args=(there, folder, symbols), daemon=True)
            other.start()
            port, ca_file = here.recv()
            loopback = Loopback(port=port, ca_file=Path(ca_file))
            work = whole(here, loopback, Path(folder)) if name == "bot" else bare(here, loopback)
            took, share = asyncio.run(work)
            here.send("end")
            other.join()
        found += described(name, took, share, symbols)
    with tempfile.TemporaryDirectory() as folder:
        return found + disk(Path(folder))


def disk(folder: Path) -> list[tuple[str, str]]:
    """What the disk takes at this moment to keep one page: no intent can be committed in less."""
    times = []
    with (folder / "page").open("wb") as page:
        for _ in range(TRIALS):
            began = time.perf_counter()
            page.write(bytes(4096))
            page.flush()
            os.fdatasync(page.fileno())
            times.append((time.perf_counter() - began) * 1e3)
            time.sleep(APART_S / 10)
    times.sort()
    return [
        ("floor: one page kept by this disk, p50", f"{times[TRIALS // 2]:.2f} ms"),
        ("floor: the same, the longest", f"{times[-1]:.2f} ms"),
    ]


def described(name: str, took: list[int], share: float, symbols: int) -> list[tuple[str, str]]:
    """The rows of one side."""
    times = sorted(each / 1e6 for each in took)
    p50, p99 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.99))]
    return [
        (f"{name}: mark frame sent to request arrived, p50", f"{p50:.2f} ms"),
        (f"{name}: the same, p99 of {len(times)}", f"{p99:.2f} ms"),
        (f"{name}: {symbols} symbols at 1 Hz", f"{share:.1%} of a core"),
    ]


if __name__ == "__main__":
    for row in figures():
        print("{:<54} {:>16}".format(*row))
