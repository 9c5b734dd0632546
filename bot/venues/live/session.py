"""The HTTP session under ccxt's client: where it may connect to, and what is known of each call.

ccxt takes a session that it is given and never closes it. Ours connects to the exchange's own hosts and to
nothing else whatever the client was talked into, verifies every certificate, follows no redirect, sends
nothing twice behind our back, and ignores proxies of the environment.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.venues.live.wire import Expiry, Reply

KEEP_ALIVE_S = 90
"""How long an idle connection is kept: longer than the pings that keep it from becoming idle are apart."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECURE = frozenset({"https", "wss"})
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loopback:
    """All hosts of an exchange are at ``port`` of this machine, with certificates that ``ca_file`` signed.

    There is no way to name another address: this is for a simulator and can be nothing else.
    """

    port: int
    ca_file: Path


class Refused(aiohttp.ClientError):
    """A request that must not leave."""


@dataclass(slots=True)
class Call:
    """What the transport saw of one call: whether anything left, and the reply as it came.

    ``expiry`` is what it has to be told of the request.
    """

    expiry: Expiry | None = None
    sent: bool = False
    attempts: int = 0
    reply: Reply | None = None


CALL: ContextVar[Call | None] = ContextVar("call", default=None)
"""The call that the running task is about. Unset for what ccxt asks of its own accord."""


def open_session(hosts: Collection[str], loopback: Loopback | None) -> aiohttp.ClientSession:
    """A session that reaches ``hosts`` and nothing else. Whoever opens it closes it."""
    context = ssl.create_default_context(cafile=str(loopback.ca_file) if loopback else None)
    connector = aiohttp.TCPConnector(
        ssl=context,
        resolver=_ToLoopback(loopback.port) if loopback else None,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    traces = aiohttp.TraceConfig()
    traces.on_request_headers_sent.append(_left)
    return aiohttp.ClientSession(
        connector=connector,
        middlewares=(_guard(frozenset(hosts)),),
        trace_configs=[traces],
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


class _ToLoopback(AbstractResolver):
    """Every name is this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=_LOOPBACK,
                port=self._port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _guard(hosts: frozenset[str]) -> aiohttp.ClientMiddlewareType:
    async def guard(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if request.url.scheme not in _SECURE or request.url.host not in hosts:
            raise Refused(f"{request.url.scheme} to {request.url.host} is no way to this exchange")
        call = CALL.get()
        if call is not None:
            call.attempts += 1
            # aiohttp repeats PUT and DELETE by itself where a kept connection turns out to be dead.
            if call.attempts > 1 and request.method != "GET":
                raise Refused(f"{request.method} is not sent a second time")
        response = await handler(request)
        if response.status in _REDIRECTS:
            response.close()
            raise Refused(f"answered {response.status}: redirects are not followed")
        return response

    return guard


async def _left(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, _: aiohttp.TraceRequestHeadersSentParams
) -> None:
    """The request is about to be written: from here on nobody can say that nothing left."""
    call = CALL.get()
    if call is not None:
        call.sent = True
