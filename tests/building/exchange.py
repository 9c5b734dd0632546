"""A simulated exchange in a thread of its own, a hand on its controls, and an eye on what happens there."""

import asyncio
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from bot.core.types import PositionMode
from bot.simulator import Answer, Call, Clock, SimulatorServer, Wire, World
from bot.simulator.certificates import CERTIFICATE, KEY, make_certificate
from bot.simulator.standing import marks_of
from bot.simulator.venues import WIRES
from bot.venues.paper import PaperAccount
from tests.building.contracts import TIERS, a_contract
from tests.building.history import History
from tests.building.simulator import ALICE, BOB, ETH, a_holding, a_world

MARKS_S = 0.2
T = TypeVar("T")


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


class Counted:
    """A wire that counts what it answered, and with what status.

    ``peer`` is the address that all requests seem to come from: an exchange counts by it.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.statuses: list[int] = []
        self.peer = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def answer(self, call: Call) -> Answer:
        """What the wire answers."""
        answer = self._wire.answer(replace(call, peer=self.peer) if self.peer else call)
        self.statuses.append(answer.status)
        return answer


class Exchange:
    """What a test may do with the exchange that runs."""

    def __init__(
        self, world: World, wire: Counted, server: SimulatorServer, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.world, self.wire, self._loop = world, wire, loop
        self.port, self.ca_file, self._server = server.port, server.ca_file, server
        self.history = History(world)
        self._happened = threading.Event()
        world.listen(events=lambda _: self._happened.set(), prices=lambda _: self._happened.set())

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        """One request to the control endpoint."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=5)
        try:
            connection.request(method, path, json.dumps(body) if body else None, {"Host": "localhost"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def mark(self, price: str, symbol: str = "BTC/USDT:USDT") -> None:
        """The mark of a symbol goes there."""
        self.control("POST", "/market", symbol=symbol, mark=price)

    def order(self, **fault: Any) -> None:
        """A fault, as ``bot.simulator.faults`` knows them."""
        told = self.control("POST", "/faults", **fault)
        assert "error" not in told, told

    def books(self, account: str = "alice") -> Any:
        """What the exchange has in its books of an account."""
        return self.control("GET", "/state")["accounts"][account]

    def by_hand(self, act: Callable[[World], T]) -> T:
        """What the holder of an account does on the exchange's own site."""
        done: Future[T] = Future()

        def work() -> None:
            try:
                done.set_result(act(self.world))
            except Exception as error:  # noqa: BLE001  # it is raised where the test is
                done.set_exception(error)

        self._loop.call_soon_threadsafe(work)
        return done.result(5)

    def accept(self) -> None:
        """Connections are accepted again, before the outage that refuses them is over."""
        self._loop.call_soon_threadsafe(self._server.accept)

    def until(self, holds: Callable[[Any], bool], within_s: float = 20.0, account: str = "alice") -> Any:
        """The books once something holds of them. They are looked at whenever something has happened."""
        end = time.monotonic() + within_s
        while True:
            self._happened.clear()
            books = self.books(account)
            if holds(books):
                return books
            left_s = end - time.monotonic()
            assert left_s > 0, f"it did not happen within {within_s} s: {books}"
            self._happened.wait(left_s)


@contextmanager
def running(world: World, folder: Path, venue: str = "binanceusdm") -> Iterator[Exchange]:
    """The exchange while the block runs. It tells its marks five times a second."""
    wire: Any = Counted(WIRES[venue](world))
    own = folder / venue
    certificate = (own / CERTIFICATE, own / KEY)
    if not certificate[0].exists():
        make_certificate(own, wire.hosts)
    ready: list[SimulatorServer] = []
    loop, started = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def serve() -> None:
        async with SimulatorServer(world, [wire], folder=own, certificate=certificate) as server:
            ready.append(server)
            started.set()
            while not stop.is_set():
                for symbol, mark in marks_of(world).items():
                    world.move(symbol, Decimal(mark))
                await asyncio.sleep(MARKS_S)

    def work() -> None:
        loop.run_until_complete(serve())
        hanging = asyncio.all_tasks(loop)  # Requests that are never answered.
        for task in hanging:
            task.cancel()
        if hanging:
            loop.run_until_complete(asyncio.wait(hanging))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(10), "the exchange did not start"
    try:
        yield Exchange(world, wire, ready[0], loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
