"""The unmodified client of ccxt, every host of which leads to a simulator on loopback, over verified TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ccxt

from bot.simulator import ApiKey, Line, SimulatorServer, Wire, World
from bot.simulator.certificates import CERTIFICATE, KEY
from tests.simulator.client import a_client

PATIENCE_S = 5.0


class Ears:
    """A wire, and what clients said down its websockets."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def hear(self, line: Line, text: str) -> None:
        """Let the wire answer, then take note."""
        self._wire.hear(line, text)
        self._heard.append(text)

    async def catch(self, *words: str) -> None:
        """Wait until each of the words was said and answered: a subscription is in force then."""
        while True:
            if all(any(word in text for text in self._heard) for word in words):
                return
            await asyncio.sleep(0.005)


@asynccontextmanager
async def trading(
    world: World, wire: Wire, key: ApiKey, folder: Path, **options: Any
) -> AsyncIterator[tuple[Any, Ears]]:
    """The client of the wire's exchange with a key of an account, and ears at the other end."""
    ears: Any = Ears(wire)
    own = folder / wire.name
    made = (own / CERTIFICATE, own / KEY)
    certificate = made if made[0].exists() else None
    async with (
        SimulatorServer(world, [ears], folder=own, certificate=certificate) as server,
        a_client(wire.name, server.port, server.ca_file, key, **options) as client,
    ):
        await client.load_markets()
        yield client, ears


def play(scene: Callable[[], Awaitable[None]]) -> None:
    """Run a scene, and no longer than patience lasts."""
    asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))


async def caught(calling: Awaitable[Any]) -> Exception:
    """What a call was refused with."""
    try:
        done = await calling
    except ccxt.BaseError as error:
        refused: Exception = error
        return refused
    raise AssertionError(f"not refused: {done}")
