"""A simulated exchange in a thread of its own, and a hand on its control endpoint."""

import asyncio
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.core.types import PositionMode
from bot.simulator import Clock, SimulatorServer, World
from bot.simulator.binance import BinanceWire
from bot.simulator.certificates import make_certificate
from bot.venues.paper import PaperAccount
from tests.building.contracts import TIERS, a_contract
from tests.building.simulator import ALICE, BOB, ETH, a_holding, a_world

MARKS_S = 0.2


def a_real_time_world(mode: PositionMode = PositionMode.ONE_WAY) -> World:
    """Alice holds 10 BTC bought at 100 with leverage 10; the clock is that of this machine."""
    contracts = (a_contract(tiers=TIERS), a_contract(ETH, tiers=TIERS))
    accounts = tuple(
        PaperAccount(name=each, balance=Decimal(10_000), position_mode=mode) for each in (ALICE, BOB)
    )
    world = a_world(*contracts, hands=lambda: time.time_ns() // 1_000_000, accounts=accounts)
    assert isinstance(world.clock, Clock)
    world.open(a_holding(quantity="10", leverage="10"))
    return world


class Exchange:
    """What a test may do with the exchange that runs."""

    def __init__(self, world: World, port: int, ca_file: Path) -> None:
        self.world, self.port, self.ca_file = world, port, ca_file

    def control(self, method: str, path: str, **body: Any) -> Any:
        """One request to the control endpoint."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=5)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Host": "localhost"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def mark(self, price: str) -> None:
        """The mark of BTC goes there."""
        self.control("POST", "/market", symbol="BTC/USDT:USDT", mark=price)

    def books(self, account: str = "alice") -> Any:
        """What the exchange has in its books of an account."""
        return self.control("GET", "/state")["accounts"][account]

    def until(self, holds: Callable[[Any], bool], within_s: float = 20.0) -> Any:
        """The books once something holds of them."""
        end = time.monotonic() + within_s
        while True:
            books = self.books()
            if holds(books):
                return books
            assert time.monotonic() < end, f"it did not happen within {within_s} s: {books}"
            time.sleep(0.05)


@contextmanager
def running(world: World, folder: Path) -> Iterator[Exchange]:
    """The exchange while the block runs. It tells its marks five times a second."""
    wire = BinanceWire(world)
    certificate = (folder / "simulator.crt", folder / "simulator.key.pem")
    if not certificate[0].exists():
        make_certificate(folder, wire.hosts)
    ready: list[tuple[int, Path]] = []
    loop, started = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        async with SimulatorServer(world, [wire], folder=folder, certificate=certificate) as server:
            ready.append((server.port, server.ca_file))
            started.set()
            while not stop.is_set():
                for symbol, mark in world.marks().items():
                    world.move(symbol, Decimal(mark))
                await asyncio.sleep(MARKS_S)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10), "the exchange did not start"
    try:
        yield Exchange(world, *ready[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
