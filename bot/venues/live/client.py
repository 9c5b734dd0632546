"""One instance of ccxt's client, made to say what really came and to let us hear every message.

The library knows the endpoints, signs and keeps the sockets. What it makes of replies is not looked at: its
exception classes say nothing about what an exchange did, and its unified results are missing what matters.
The raw reply is taken from its hook before any of that.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.venues.live.flaws import Flaws
from bot.venues.live.session import CALL, Call, Refused
from bot.venues.live.wire import Reply, Request

WORDS_MAX = 200
CLOSING_S = 2.0
"""A socket whose other end is dead would take ten seconds to be closed."""
Ccxt = Any
"""What ccxt hands around: its classes are made at run time and have no types worth the name."""
Hears = Callable[[Any], bool]
"""Takes a decoded message of any stream; whether ccxt is to have it as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The keys of an account. They are never printed; ``password`` is OKX's passphrase."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)


def _nobody() -> None:
    """Nobody has to know."""


async def _at_once() -> None:
    """Nobody has to be waited for."""


class _Ours:
    """What is laid over ccxt's class of an exchange; ``bind`` says with what it works."""

    clients: dict[str, Ccxt]
    """The sockets by their address."""

    def bind(self, hosts: Collection[str], now_ms: Callable[[], int], say: Callable[[str], None]) -> None:
        """``now_ms`` is the exchange's clock as we know it."""
        self._hosts = hosts
        self._now_ms = now_ms
        self._say = say
        self.hears: Hears = lambda _: True
        self.connected: Callable[[], None] = _nobody
        self.passes: Callable[[], Awaitable[None]] = _at_once
        self.learns: Callable[[Reply], None] = lambda _: None
        flaws = Flaws(say)
        self.garbled: Callable[[str], None] = flaws.counting("a frame of a stream")
        self._broke: Callable[[str], None] = flaws.counting("an errand of ccxt")
        self._pongs: set[asyncio.Task[None]] = set()

    def milliseconds(self) -> int:
        """The exchange's time: signatures and log-ins of streams are stamped with it."""
        return self._now_ms()

    def seconds(self) -> int:
        return self._now_ms() // 1000

    def nonce(self) -> int:
        return self._now_ms()

    def sign(self, *args: Ccxt, **kwargs: Ccxt) -> Ccxt:
        signed = super().sign(*args, **kwargs)  # type: ignore[misc]  # ccxt's class comes behind in the order
        self._permit(signed["url"])
        call = CALL.get()
        if call is not None and call.expiry is not None:
            until_ms = self._now_ms() + call.expiry.within_ms
            signed["headers"] = {**(signed["headers"] or {}), call.expiry.header: str(until_ms)}
        return signed

    def client(self, url: str) -> Ccxt:
        if "://" in url:  # ccxt keeps the waiters for a log-in under a name that is no address.
            self._permit(url)
        known = url in self.clients
        made = super().client(url)  # type: ignore[misc]  # as above
        if not known:
            made.handle_text_or_binary_message = self._tolerant(made.handle_text_or_binary_message)
            made.handle_message = self._answering(made)
        return made

    def spawn(self, *args: Ccxt) -> Ccxt:
        """Run an errand of ccxt's. Nobody waits for most of them, and an error nobody takes ends the bot."""
        future = super().spawn(*args)  # type: ignore[misc]  # as above
        future.add_done_callback(self._errand_ended)
        return future

    async def fetch(self, *args: Ccxt, **kwargs: Ccxt) -> Ccxt:
        """What ccxt asks of its own accord, to keep a listen key alive, has to wait like everybody."""
        if CALL.get() is None:
            await self.passes()
        return await super().fetch(*args, **kwargs)  # type: ignore[misc]  # as above

    def on_rest_response(self, *args: Ccxt, **kwargs: Ccxt) -> Ccxt:
        status, _, _, _, headers, body = args[:6]
        named = {name.lower(): value for name, value in headers.items()}
        reply, call = Reply(sent=True, status=status, headers=named, body=body), CALL.get()
        if call is not None:
            call.reply = reply
        else:
            self.learns(reply)
        return super().on_rest_response(*args, **kwargs)  # type: ignore[misc]  # as above

    def on_connected(self, *args: Ccxt, **kwargs: Ccxt) -> None:
        super().on_connected(*args, **kwargs)  # type: ignore[misc]  # as above
        self.connected()

    def handle_message(self, client: Ccxt, message: Ccxt) -> None:
        """Every message is ours first. What ccxt throws at one must not end its reading of the socket."""
        if not self.hears(message):
            return
        try:
            super().handle_message(client, message)  # type: ignore[misc]  # as above
        except Exception as error:  # noqa: BLE001  # an error here would silently end the stream
            self.garbled(f"{type(error).__name__}: {error}")

    def _tolerant(self, reads: Callable[[Any], None]) -> Callable[[Any], None]:
        """A frame that is no JSON would end ccxt's reading of the socket, in silence."""

        def read(data: Ccxt) -> None:
            try:
                reads(data)
            except ValueError as error:
                self.garbled(str(error))

        return read

    def _answering(self, client: Ccxt) -> Callable[[Any], None]:
        """Pings are answered by us: ccxt's answer on a connection just lost is an error nobody takes."""
        handle = client.handle_message

        async def pong(data: bytes) -> None:
            with suppress(aiohttp.ClientError, OSError, RuntimeError):
                await client.connection.pong(data)

        def handle_or_answer(message: Ccxt) -> None:
            if message.type is not aiohttp.WSMsgType.PING:
                handle(message)
                return
            answering = asyncio.ensure_future(pong(message.data))
            self._pongs.add(answering)
            answering.add_done_callback(self._pongs.discard)

        return handle_or_answer

    def _errand_ended(self, future: asyncio.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._broke(_what_broke(error))

    def _permit(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "wss") or parts.hostname not in self._hosts:
            raise Refused(f"{parts.scheme} to {parts.hostname} is no way to this exchange")


def client_class(ccxt_id: str) -> type[Any]:
    """The streaming class of an exchange in ccxt, with ours laid over it. The first one takes seconds."""
    base = getattr(importlib.import_module("ccxt.pro"), ccxt_id)
    return type(f"Our{ccxt_id}", (_Ours, base), {})


class Client:
    """Requests out, replies in, whatever ccxt thinks of them."""

    def __init__(self, exchange: Ccxt, session: aiohttp.ClientSession) -> None:
        """``exchange`` is an instance of a ``client_class`` on ``session``."""
        self.exchange = exchange
        self.session = session

    async def call(self, request: Request) -> Reply:
        """Send a request once and take what comes. Never raises but for cancellation."""
        call = Call(expiry=request.expiry)
        api = list(request.api) if isinstance(request.api, tuple) else request.api
        token = CALL.set(call)
        try:
            await self.exchange.request(request.path, api, request.method, request.outgoing())
            error = "nothing was answered"
        except Exception as broken:  # noqa: BLE001  # no class of exception proves anything: see the module
            error = _what_broke(broken)
        finally:
            CALL.reset(token)
        return call.reply if call.reply is not None else Reply(sent=call.sent, error=error)

    async def close(self) -> None:
        """Close streams and session."""
        await self.close_streams()
        await self.session.close()

    async def close_streams(self) -> None:
        """Close the streams, in ``CLOSING_S`` at most: what is left goes with the session."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSING_S):
                await self.exchange.close()
        self.exchange.session = None


def _what_broke(error: BaseException) -> str:
    """The transport's own words, which ccxt keeps as the cause; never an address with a signature in it."""
    cause = error.__cause__ or error
    words = " ".join(str(cause).split())
    return (
        f"{type(cause).__name__}: {words[:WORDS_MAX]}"
        if words and "://" not in words
        else type(cause).__name__
    )
