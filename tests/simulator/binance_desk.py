"""Requests to the Binance wire, signed by hand, with and without a socket."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.core.types import Symbol
from bot.simulator import ApiKey, Call, SimulatorServer, World
from bot.simulator.binance import USDM, BinanceWire, Section
from bot.simulator.certificates import make_certificate
from tests.building.contracts import ONE_TIER, a_contract
from tests.building.simulator import ALICES_KEY, Hands, a_world

T = TypeVar("T")
QUARTERLY = Symbol("BTC/USDT:USDT-261225")
DELIVERY_MS = 1_798_185_600_000
ALGO_STOP = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "10",
    "triggerPrice": "95",
    "workingType": "MARK_PRICE",
    "reduceOnly": "true",
}


def run(main: Callable[[], Awaitable[T]], seconds: float = 20) -> T:
    """Run a test that talks, and fail it where it waits for ever."""

    async def bounded() -> T:
        return await asyncio.wait_for(main(), seconds)

    return asyncio.run(bounded())


def binance(world: World | None = None, section: Section = USDM) -> BinanceWire:
    return BinanceWire(world or a_world(), section)


@asynccontextmanager
async def served(world: World, folder: Path) -> AsyncIterator[SimulatorServer]:
    """The world behind the wire of Binance USD-M. The certificate of ``folder`` is made once."""
    wire = BinanceWire(world)
    certificate = (folder / "simulator.crt", folder / "simulator.key.pem")
    if not certificate[0].exists():
        make_certificate(folder, wire.hosts)
    async with SimulatorServer(world, [wire], folder=folder, certificate=certificate) as server:
        yield server


def signed(key: ApiKey, now_ms: int, params: dict[str, Any]) -> str:
    """A query with time stamp and signature."""
    query = urlencode({"timestamp": now_ms} | params)
    return f"{query}&signature={hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"


class Client:
    """Asks a wire without a socket between."""

    def __init__(self, wire: BinanceWire, key: ApiKey = ALICES_KEY) -> None:
        self.wire, self.key = wire, key

    def ask(self, method: str, path: str, **params: Any) -> Any:
        """The payload of the answer, an error's too."""
        now_ms = self.wire.world.clock.now_ms()
        query = signed(self.key, now_ms, params)
        return self.raw(method, path, query)

    def raw(self, method: str, path: str, query: str = "", key: str | None = None) -> Any:
        name = self.key.key if key is None else key
        call = Call(
            method=method,
            host="fapi.binance.com",
            path=path,
            query=query,
            headers={"x-mbx-apikey": name} if name else {},
        )
        answer = self.wire.answer(call)
        self.status, self.headers = answer.status, answer.headers
        return json.loads(answer.body)


def a_binance(hands: Hands | None = None, **world: Any) -> Client:
    return Client(binance(a_world(hands=hands, **world)))


def with_quarterly(hands: Any = None) -> World:
    """Bitcoin with its quarterly, beside it ether."""
    return a_world(
        a_contract(tiers=ONE_TIER),
        a_contract(Symbol("ETH/USDT:USDT"), tiers=ONE_TIER),
        a_contract(QUARTERLY, tiers=ONE_TIER, expiry_ms=DELIVERY_MS),
        hands=hands,
    )
