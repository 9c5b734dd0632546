"""The unmodified client of ccxt, every host of which leads to a simulator on loopback, over verified TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import ccxt.pro
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.simulator import ApiKey, SimulatorServer, Wire, World

PATIENCE_S = 5.0


class LoopbackResolver(AbstractResolver):
    """Every name is this machine, at one port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def trading(
    world: World, wire: Wire, key: ApiKey, folder: Path, **config: Any
) -> AsyncIterator[tuple[Any, SimulatorServer]]:
    """The client of the wire's exchange with a key of an account, and the server it talks to."""
    async with SimulatorServer(world, [wire], folder=folder) as server:
        context = ssl.create_default_context(cafile=str(server.ca_file))
        connector = aiohttp.TCPConnector(resolver=LoopbackResolver(server.port), ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            settings = {
                "apiKey": key.key,
                "secret": key.secret,
                "password": key.passphrase,
                "session": session,
                "enableRateLimit": False,
            }
            client = getattr(ccxt.pro, wire.name)(settings | config)
            try:
                await client.load_markets()
                yield client, server
            finally:
                await client.close()


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
