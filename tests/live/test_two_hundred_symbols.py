"""Two hundred symbols, once a second each: no frame is lost, with ccxt's real client over TLS.

Its own calls for several symbols lose most of what they are sent.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.facts import LastPrice, MarkPrice
from bot.core.types import Symbol
from bot.simulator import SimulatorServer, World
from bot.simulator.venues import WIRES
from bot.venues.live.client import Credentials
from bot.venues.live.clients import Access, Clients
from bot.venues.live.connection import Connection
from bot.venues.live.feed import Feed
from bot.venues.live.gate import Gate
from bot.venues.live.registry import dialect
from bot.venues.live.session import Loopback
from bot.venues.live.starting import read_listing
from bot.venues.port import Batch
from tests.building.contracts import a_contract
from tests.building.simulator import ALICE, ALICES_KEY, a_world
from tests.building.venues import BINANCE, BYBIT, OKX, XT, Venue, machine_ms

SYMBOLS = [Symbol(f"C{number}/USDT:USDT") for number in range(200)]
PRICES = [Decimal("100.1"), Decimal("100.2"), Decimal("100.3")]
WITHIN_S = 20


class Heard:
    """Which prices came of which symbol."""

    def __init__(self) -> None:
        self.marks: dict[Symbol, list[Decimal]] = defaultdict(list)
        self.last: dict[Symbol, list[Decimal]] = defaultdict(list)
        self.more = asyncio.Event()

    async def put(self, batch: Batch) -> None:
        self.put_now(batch)

    def put_now(self, batch: Batch) -> None:
        for fact in batch:
            if isinstance(fact, MarkPrice | LastPrice):
                of = self.marks if isinstance(fact, MarkPrice) else self.last
                of[fact.symbol].append(fact.price)
        self.more.set()

    def all_heard(self, prices: Sequence[Decimal]) -> bool:
        """Whether each symbol's marks and last prices have all been there, the newest last."""
        return all(
            set(prices) <= set(of[symbol]) and of[symbol][-1] == prices[-1]
            for of in (self.marks, self.last)
            for symbol in SYMBOLS
        )


def _move(world: World, price: Decimal) -> None:
    for symbol in SYMBOLS:
        world.move(symbol, price)


async def _heard(heard: Heard, prices: Sequence[Decimal]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not heard.all_heard(prices):
            heard.more.clear()
            await heard.more.wait()


@pytest.mark.slow
@pytest.mark.parametrize("venue", [BINANCE, BYBIT, OKX, XT], ids=lambda venue: venue.name)
def test_every_frame_of_two_hundred_symbols_comes_through(venue: Venue, tmp_path: Path) -> None:
    async def main() -> None:
        steps = venue.steps | {"tiers": venue.tiers, "venue": venue.rules}
        world = a_world(*(a_contract(symbol, **steps) for symbol in SYMBOLS), hands=machine_ms)
        spoken, said = dialect(venue.name), list[str]()
        credentials = Credentials(
            key=ALICES_KEY.key, secret=ALICES_KEY.secret, password=ALICES_KEY.passphrase
        )
        async with SimulatorServer(world, [WIRES[venue.name](world)], folder=tmp_path) as server:
            loopback = Loopback(port=server.port, ca_file=server.ca_file)
            clients = await Clients.open(
                spoken,
                Access(credentials=credentials, loopback=loopback),
                gate=Gate(spoken.traits.windows),
                now_ms=machine_ms,
                say=said.append,
            )
            listing = await read_listing(spoken, clients)
            connection = Connection(
                account=ALICE,
                dialect=spoken,
                listing=listing,
                wires=clients,
                now_ms=machine_ms,
                say=said.append,
            )
            heard = Heard()
            running = asyncio.create_task(Feed(connection, None, also=SYMBOLS).run(heard))
            beginning = asyncio.create_task(_heard(heard, [Decimal(100)]))
            while not beginning.done():
                _move(world, Decimal(100))
                await asyncio.sleep(0.2)
            await beginning
            for price in PRICES:
                _move(world, price)
                await asyncio.sleep(1)
            await _heard(heard, PRICES)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await clients.close()
        assert said == []

    asyncio.run(main())
