"""The real, unmodified clients of ccxt.pro, whose every host name leads to a simulator on loopback."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.simulator import ApiKey


class LoopbackResolver(AbstractResolver):
    """Every name is 127.0.0.1 at one port; the name stays in the Host header and in the check of TLS."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def a_client(
    exchange: str, port: int, ca_file: Path, key: ApiKey, **options: Any
) -> AsyncIterator[Any]:
    """The ccxt.pro class of that name with a key of the simulator; closed with its session."""
    context = ssl.create_default_context(cafile=str(ca_file))
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(port), ssl=context)
    session = aiohttp.ClientSession(connector=connector)
    config: dict[str, Any] = {
        "apiKey": key.key,
        "secret": key.secret,
        "password": key.passphrase,
        "session": session,
        "enableRateLimit": False,
        "options": {"fetchCurrencies": False} | options,
    }
    client = getattr(import_module("ccxt.pro"), exchange)(config)
    try:
        yield client
    finally:
        await client.close()
        await session.close()


@asynccontextmanager
async def a_session(port: int, ca_file: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain session that goes to the simulator, for what ccxt would not send."""
    context = ssl.create_default_context(cafile=str(ca_file))
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(port), ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
