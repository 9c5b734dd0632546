"""A simulated exchange in a process of its own: what the live figures are measured against.

It stamps when a frame is about to be written to the socket, and when a request has arrived, by the clock of
the machine, so that whoever is measured can stamp as well. Nothing of it runs on the loop that is measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from bot.core.contracts import Contract, Tier
from bot.core.margin.venues import rules_for
from bot.core.types import AccountName, MarginMode, PositionId, Side, Symbol
from bot.simulator import Answer, ApiKey, Call, Clock, SimulatorServer, World
from bot.simulator.binance import BinanceWire
from bot.simulator.faults import FRAMES, Fault, FaultKind, Faults
from bot.venues.live.session import Loopback
from bot.venues.paper import MarketModel, Opening, PaperAccount

ACCOUNT = AccountName("bench")
BTC = Symbol("BTC/USDT:USDT")
LONG = PositionId(ACCOUNT, BTC, Side.LONG)
KEY = ApiKey(key="bench-key", secret="bench-secret", passphrase="", account=ACCOUNT)  # noqa: S106 - nobody's
TRIALS = 60
APART_S = 0.25
PRICE = Decimal(100)
STEP = Decimal("0.994")
"""Each fall brings the position below the trigger of the rule, which restores it."""


class Watching(Faults):
    """Is asked before every frame, and notes when the next one with marks leaves."""

    written_ns: int = 0

    def take(
        self, kinds: frozenset[FaultKind], method: str, path: str, key: str = "", content: str = ""
    ) -> Fault | None:
        """No fault."""
        if kinds is FRAMES and "markPrice" in path:
            self.written_ns = self.written_ns or time.perf_counter_ns()
        return super().take(kinds, method, path, key, content)


@dataclass(frozen=True, slots=True)
class Fall:
    """When the frame of a fall was written and when its answer arrived, on the machine's clock."""

    written_ns: int
    arrived_ns: int


class Stamping(BinanceWire):
    """Notes when a change of margin arrives; counts nobody's weights."""

    arrived_ns: int = 0
    peers = count()

    def answer(self, call: Call) -> Answer:
        """Answer it, as from another address each time."""
        if call.method == "POST" and "positionMargin" in call.path:
            self.arrived_ns = self.arrived_ns or time.perf_counter_ns()
        return super().answer(replace(call, peer=str(next(self.peers))))


@dataclass(frozen=True, slots=True)
class Served:
    """The exchange as its clients know it, and the pipe to its process."""

    loopback: Loopback
    pipe: Pipe

    async def fall(self, price: Decimal) -> list[Fall]:
        """Let the price fall from ``price`` again and again."""
        self.pipe.send(str(price))
        took: list[Fall] = await asyncio.to_thread(self.pipe.recv)
        return took


@contextmanager
def serving(folder: Path, symbols: int) -> Iterator[Served]:
    """An exchange of so many symbols, while the block runs."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_exchange, args=(there, folder, symbols), daemon=True)
    process.start()
    port, ca_file = here.recv()
    try:
        yield Served(Loopback(port=port, ca_file=ca_file), here)
    finally:
        here.send("end")
        process.join()


def _world(symbols: int) -> World:
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


def _exchange(pipe: Pipe, folder: Path, symbols: int) -> None:
    """The other process: serves, and at a word lets the price fall."""

    async def serve() -> None:
        world = _world(symbols)
        world.faults = Watching()
        wire = Stamping(world)
        async with SimulatorServer(world, [wire], folder=folder) as server:
            pipe.send((server.port, server.ca_file))
            while (word := await asyncio.to_thread(pipe.recv)) != "end":
                pipe.send(await _falls(world, wire, Decimal(word)))

    asyncio.run(serve())


async def _falls(world: World, wire: Stamping, price: Decimal) -> list[Fall]:
    """Each fall, and time enough for all that follows it."""
    took: list[Fall] = []
    assert isinstance(world.faults, Watching), "nobody watches the frames"
    for _ in range(TRIALS):
        price *= STEP
        wire.arrived_ns = world.faults.written_ns = 0
        world.move(BTC, price.quantize(Decimal("0.0001")))
        await asyncio.sleep(APART_S)
        if wire.arrived_ns > world.faults.written_ns > 0:
            took.append(Fall(world.faults.written_ns, wire.arrived_ns))
    return took
