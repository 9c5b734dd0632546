"""Spikes and a crash on real sockets: the unmodified client of ccxt, over TLS, against the simulated Binance.

Alice's long of ten is liquidated at 91.3; the rule adds margin where that is nearer than 7 %, below 98.2.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.capabilities import YES, Capabilities
from bot.core.engine import Engine
from bot.core.settings import EngineSettings, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionMode, RuleName
from bot.runtime.clock import SystemClock
from bot.runtime.journal import MemoryJournal
from bot.runtime.shell import Shell
from bot.simulator import Fault, FaultKind
from bot.simulator.certificates import make_certificate
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.feed import Feed
from bot.venues.live.gate import Gate
from bot.venues.live.session import Loopback
from bot.venues.live.starting import read_listing
from bot.venues.live.venue import LiveVenue
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import BTC, D
from tests.building.exchange import Exchange, a_real_time_world, running
from tests.building.simulator import ALICES_KEY

MAIN = AccountName("main")


@dataclass
class Bot:
    """It guards Alice's position at an exchange."""

    exchange: Exchange
    feed: Feed
    said: list[str]

    async def margin(self) -> Decimal:
        books = await asyncio.to_thread(self.exchange.books)
        return D(books["positions"]["BTC/USDT:USDT/long"]["margin"])

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20):
            while not await holds():  # noqa: ASYNC110  # it is asked across sockets
                await asyncio.sleep(0.02)

    def replace(self, price: str, ahead_ms: int = 500) -> None:
        """One of the next frames says ``price`` instead, dated so that it is not overtaken."""
        row = {
            "e": "markPriceUpdate",
            "E": time.time_ns() // 1_000_000 + ahead_ms,
            "s": "BTCUSDT",
            "p": price,
            "i": price,
            "r": "0.0001",
            "T": time.time_ns() // 1_000_000 + 3_600_000,
        }
        fault = Fault(kind=FaultKind.REPLACE_FRAME, path="markPrice", body=json.dumps([row]))
        self.exchange.world.faults.order(fault)


def engine() -> Engine:
    rule = TopUp(RuleName("top_up"), TopUpParams(below=D("0.07"), restore_to=D("0.10")))
    levers = {("AddMargin", mode): YES for mode in MarginMode}
    return Engine(
        EngineSettings(
            rules=(RuleEntry(rule=rule),),
            seatbelt=SeatbeltSettings(enabled=False),
            capabilities={MAIN: Capabilities(venue="binanceusdm", levers=levers)},
        )
    )


@asynccontextmanager
async def guarding(exchange: Exchange) -> AsyncIterator[Bot]:
    clock, said = SystemClock(), list[str]()
    access = Access(
        credentials=Credentials(key=ALICES_KEY.key, secret=ALICES_KEY.secret),
        loopback=Loopback(port=exchange.port, ca_file=exchange.ca_file),
    )
    gate = Gate(DIALECT.traits.windows)
    clients = await Clients.open(DIALECT, access, gate=gate, now_ms=clock.now_ms, say=said.append)
    listing = await read_listing(DIALECT, clients)
    connection = Connection(
        account=MAIN, dialect=DIALECT, listing=listing, wires=clients, now_ms=clock.now_ms, say=said.append
    )
    venue = LiveVenue(connection, PositionMode.ONE_WAY)
    feed = Feed(connection, venue)
    shell = Shell(
        engine=engine(), venue=venue, journal=MemoryJournal(), clock=clock, feeds={"main": feed.run}
    )
    run = asyncio.ensure_future(shell.run({}))
    try:
        yield Bot(exchange, feed, said)
    finally:
        shell.stop("it is over")
        await run
        await clients.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("exchange")
    make_certificate(found, DIALECT.traits.hosts)
    return found


def plays(folder: Path, work: Callable[[Bot], Awaitable[None]]) -> None:
    with running(a_real_time_world(), folder) as exchange:

        async def main() -> None:
            async with guarding(exchange) as bot:

                async def hears() -> bool:
                    return BTC in bot.feed.ear.marks_ms

                await bot.until(hears)
                await work(bot)

        asyncio.run(main())


@pytest.mark.parametrize("price", ["96", "92", "10", "1000"])
def test_spikes_on_the_stream_move_nothing(folder: Path, price: str) -> None:
    async def work(bot: Bot) -> None:
        async def dropped() -> bool:
            return bot.feed.ear.corroboration.dropped > 0

        bot.replace(price)
        await bot.until(dropped)
        assert bot.said == [f"{BTC}: a mark of {price} is dropped: it is 100"]
        await asyncio.sleep(0.3)
        assert await bot.margin() == 100

    plays(folder, work)


def test_a_crash_is_defended_after_one_reading(folder: Path) -> None:
    took: list[float] = []

    async def work(bot: Bot) -> None:
        async def defended() -> bool:
            return await bot.margin() > 100

        began = time.monotonic()
        await asyncio.to_thread(bot.exchange.mark, "96")
        await bot.until(defended)
        took.append(time.monotonic() - began)
        assert [line for line in bot.said if "a second source agrees" in line]

    plays(folder, work)
    assert took[0] < 1


@pytest.mark.parametrize("price", ["nan", "0", "-5", "inf", "10"])
def test_a_stream_that_keeps_lying_is_connected_anew_and_moves_nothing(folder: Path, price: str) -> None:
    async def work(bot: Bot) -> None:
        async def anew() -> bool:
            return any(line.startswith("connecting anew") for line in bot.said)

        for number in range(1, 31):
            bot.replace(price, ahead_ms=200 * number)
        await bot.until(anew)
        bot.exchange.world.faults.clear()
        assert await bot.margin() == 100

    plays(folder, work)
