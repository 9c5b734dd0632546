"""The real, unmodified client on a socket of this machine: what it sends for us, and how its streams end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.pro
import pytest
from aiohttp import WSMsgType, web
from ccxt.base.errors import NetworkError

from bot.core.facts import MarkPrice
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.terms import Subscription, Wanted
from tests.venues.live.xt.recorded import BTC, ME, frame, listing


class Exchange:
    """One listen key, one socket for each path; it answers pings unless it is mute."""

    def __init__(self, *, mute: bool = False) -> None:
        self.mute = mute
        self.heard: list[str] = []
        self.pinged = asyncio.Event()
        self.sockets: list[web.WebSocketResponse] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/future/user/v1/user/listen-key", self._key)
        app.router.add_get("/ws/{tail}", self._socket)
        return app

    async def _key(self, request: web.Request) -> web.Response:
        assert request.headers["xt-validate-appkey"] == "key"
        return web.json_response({"returnCode": 0, "msgInfo": "success", "error": None, "result": "K1"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, message.data)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, text: str) -> None:
        self.heard.append(text)
        if text == "ping":
            self.pinged.set()
            if not self.mute:
                await socket.send_str("pong")
        elif "SUBSCRIBE" in text:
            await socket.send_json({"id": json.loads(text)["id"], "code": 0, "msg": "success"})
            if "agg_ticker" in text:
                await socket.send_json(frame("agg_ticker"))


class Hearing(ccxt.pro.xt):  # type: ignore[misc]  # ccxt is untyped
    """The client with our ear: nothing goes on to ccxt's own handlers."""

    def listen(self, hears: Callable[[Any], None]) -> None:
        self.hears = hears

    def handle_message(self, client: Any, message: Any) -> None:
        self.hears(message)


Play = Callable[[Exchange, Any, list[Any], asyncio.Event], Awaitable[None]]


def on_a_socket(play: Play, *, mute: bool = False, keep_alive_ms: int = 5_000) -> None:
    async def run() -> None:
        exchange = Exchange(mute=mute)
        runner = web.AppRunner(exchange.app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        options = DIALECT.streams.client_options()["options"]
        ws = {**options["ws"], "keepAlive": keep_alive_ms}
        client = Hearing({"apiKey": "key", "secret": "secret", "options": {**options, "ws": ws}})
        client.urls["api"] |= {
            "linear": f"http://127.0.0.1:{port}",
            "ws": {"contract": f"ws://127.0.0.1:{port}/ws"},
        }
        messages: list[Any] = []
        got = asyncio.Event()

        def hear(message: Any) -> None:
            messages.append(message)
            if isinstance(message, dict) and ("topic" in message or message.get("id") == "account"):
                got.set()

        client.listen(hear)
        try:
            await asyncio.wait_for(play(exchange, client, messages, got), 10)
        finally:
            await client.close()
            await runner.cleanup()

    asyncio.run(run())


def started(subscription: Subscription, client: Any) -> asyncio.Future[object]:
    return asyncio.ensure_future(subscription.start(client))


def test_a_stream_stays_open_while_its_messages_are_ours() -> None:
    async def play(exchange: Exchange, client: Any, messages: list[Any], got: asyncio.Event) -> None:
        (subscription,) = DIALECT.streams.streams(Wanted(symbols=(BTC,)), listing())
        held = started(subscription, client)
        await got.wait()
        assert not held.done()
        (heard,) = [DIALECT.streams.hear(ME, m, listing(), 0) for m in messages if "topic" in m]
        assert isinstance(heard.facts[0], MarkPrice)
        assert json.loads(exchange.heard[0])["params"] == ["agg_ticker@btc_usdt", "fund_rate@btc_usdt"]
        await exchange.sockets[0].close()
        with pytest.raises(NetworkError):
            await held

    on_a_socket(play)


def test_a_flat_account_is_subscribed_to_and_freezes_nothing() -> None:
    async def play(exchange: Exchange, client: Any, messages: list[Any], got: asyncio.Event) -> None:
        (subscription,) = DIALECT.streams.private_streams()
        held = started(subscription, client)
        await got.wait()
        assert not held.done()
        topics = json.loads(exchange.heard[0])["params"]
        assert topics == ["order@K1", "trade@K1", "balance@K1", "position@K1"]
        held.cancel()

    on_a_socket(play)


def test_a_stream_that_answers_pings_stays_and_one_that_does_not_is_given_up() -> None:
    async def answered(exchange: Exchange, client: Any, messages: list[Any], got: asyncio.Event) -> None:
        (subscription,) = DIALECT.streams.private_streams()
        held = started(subscription, client)
        for _ in range(6):
            exchange.pinged.clear()
            await exchange.pinged.wait()
        assert not held.done()
        held.cancel()

    async def mute(exchange: Exchange, client: Any, messages: list[Any], got: asyncio.Event) -> None:
        (subscription,) = DIALECT.streams.private_streams()
        with pytest.raises(NetworkError, match="ping-pong"):
            await started(subscription, client)
        assert exchange.heard.count("ping") >= 1

    on_a_socket(answered, keep_alive_ms=150)
    on_a_socket(mute, mute=True, keep_alive_ms=150)
