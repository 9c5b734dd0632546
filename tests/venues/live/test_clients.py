"""The real client of ccxt over TLS to loopback: what leaves, where it may go, and what is known of it."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import WSMsgType, web

from bot.venues.live.client import Client, Credentials, client_class
from bot.venues.live.clients import Access, Clients
from bot.venues.live.gate import Gate
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.session import Loopback, Refused, open_session
from bot.venues.live.wire import Expiry, Reply, Request, Urgency
from tests.venues.live.fake import TRAITS, FakeDialect, FakeExchange
from tests.venues.live.server import Certificate, Server, cut, make_certificate, serving

T = TypeVar("T")
HOSTS = frozenset({"fapi.binance.com", "fstream.binance.com"})
NOW_MS = 1_790_000_000_000
TIME = Request(api=("fapiPublic",), method="GET", path="time")
ORDER = Request(
    api=("fapiPrivate",), method="POST", path="order", params={"symbol": "BTCUSDT", "quantity": "1"}
)
CANCEL = Request(api=("fapiPrivate",), method="DELETE", path="order", params={"symbol": "BTCUSDT"})
KEYS = Credentials(key="the-key", secret="the-secret")


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await work()

    return asyncio.run(bounded())


@asynccontextmanager
async def a_client(server: Server, ca_file: Path, said: list[str] | None = None) -> AsyncIterator[Client]:
    """The real class of Binance USD-M with ours laid over it."""
    session = open_session(HOSTS, Loopback(port=server.port, ca_file=ca_file))
    exchange = client_class("binanceusdm")(
        {"session": session, "apiKey": KEYS.key, "secret": KEYS.secret, "enableRateLimit": False}
    )
    exchange.bind(HOSTS, lambda: NOW_MS, (said if said is not None else []).append)
    exchange.options["recvWindow"] = 3_000
    exchange.timeout_on_exit = 0
    client = Client(exchange, session)
    try:
        yield client
    finally:
        await client.close()


def says(status: int = 200, body: str = "{}", **headers: str) -> Callable[[web.Request], Awaitable[Any]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    return answer


def calls(
    certificate: Certificate, answer: Callable[[web.Request], Awaitable[Any]], *requests: Request
) -> tuple[list[Reply], Server]:
    async def work() -> tuple[list[Reply], Server]:
        async with serving(certificate, answer) as server, a_client(server, certificate.file) as client:
            return [await client.call(request) for request in requests], server

    return run(work)


BODIES = {
    "an answer": (200, '{"serverTime":1}'),
    "an error": (400, '{"code":-2019,"msg":"Margin is insufficient."}'),
    "a revoked key": (401, '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}'),
    "a limit": (429, '{"code":-1003,"msg":"Too many requests."}'),
    "a page with 200": (200, "<html>maintenance</html>"),
    "a page with 502": (502, "<html>Bad Gateway</html>"),
    "nothing": (200, ""),
    "null": (200, "null"),
    "a list": (200, "[]"),
    "half of it": (200, '{"orderId":47'),
}


@pytest.mark.parametrize(("status", "body"), BODIES.values(), ids=BODIES.keys())
def test_the_reply_is_what_came_whatever_ccxt_makes_of_it(
    status: int, body: str, certificate: Certificate
) -> None:
    (reply,), _ = calls(certificate, says(status, body, Retry_After="7"), ORDER)
    assert (reply.sent, reply.status, reply.body) == (True, status, body)
    assert reply.headers["retry-after"] == "7"


def test_requests_are_signed_by_the_exchange_s_clock_with_a_short_window(certificate: Certificate) -> None:
    _, server = calls(certificate, says(), ORDER)
    (asked,) = server.asked

    async def body() -> str:
        return await asked.text()

    sent = run(body)
    assert f"timestamp={NOW_MS}" in sent
    assert "recvWindow=3000" in sent
    assert "symbol=BTCUSDT&quantity=1" in sent
    assert asked.headers["X-MBX-APIKEY"] == "the-key"
    assert asked.host == "fapi.binance.com"


def test_a_request_that_expires_says_until_when_and_no_other_does(certificate: Certificate) -> None:
    expires = replace(ORDER, expiry=Expiry(header="expTime", within_ms=3_000))
    _, server = calls(certificate, says(), expires, ORDER)
    assert [asked.headers.get("expTime") for asked in server.asked] == [str(NOW_MS + 3_000), None]


def test_without_a_connection_nothing_was_sent(certificate: Certificate) -> None:
    async def work() -> Reply:
        async with serving(certificate, says()) as server:
            gone = Server(says(), port=server.port)
        async with a_client(gone, certificate.file) as client:
            return await client.call(ORDER)

    reply = run(work)
    assert (reply.sent, reply.status) == (False, None)
    assert reply.error.startswith("ClientConnectorError")


def test_a_certificate_that_nobody_trusts_ends_it_before_anything_is_sent(
    certificate: Certificate, tmp_path: Path
) -> None:
    async def work() -> tuple[Reply, Server]:
        other = make_certificate(tmp_path)
        async with serving(certificate, says()) as server, a_client(server, other.file) as client:
            return await client.call(ORDER), server

    reply, server = run(work)
    assert (reply.sent, reply.error.partition(":")[0]) == (False, "ClientConnectorCertificateError")
    assert not server.asked


@pytest.mark.parametrize("request_", [ORDER, CANCEL], ids=["POST", "DELETE"])
def test_a_reply_that_is_lost_leaves_it_open(request_: Request, certificate: Certificate) -> None:
    (reply,), server = calls(certificate, cut, request_)
    assert (reply.sent, reply.status) == (True, None)
    assert len(server.asked) == 1


@pytest.mark.parametrize("request_", [ORDER, CANCEL], ids=["POST", "DELETE"])
def test_nothing_is_sent_a_second_time_on_a_connection_that_died(
    request_: Request, certificate: Certificate
) -> None:
    async def at_the_second(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("time"):
            return web.Response(text="{}")
        return await cut(request)

    # The connection is a kept one, on which aiohttp by itself would repeat a DELETE.
    (_, reply), server = calls(certificate, at_the_second, TIME, request_)
    assert (reply.sent, reply.status) == (True, None)
    assert server.paths == ["/fapi/v1/time", "/fapi/v1/order"]


def test_an_answer_that_breaks_off_is_no_answer(certificate: Certificate) -> None:
    async def breaks_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"orderId":')
        assert request.transport is not None
        request.transport.abort()
        return response

    (reply,), _ = calls(certificate, breaks_off, ORDER)
    assert (reply.sent, reply.status, reply.body) == (True, None, "")


@pytest.mark.parametrize("to", ["https://elsewhere.example/x", "https://fapi.binance.com/x", "/x"])
def test_no_redirect_is_followed(to: str, certificate: Certificate) -> None:
    (reply,), server = calls(certificate, says(307, "", Location=to), ORDER)
    assert (reply.sent, reply.status) == (True, None)
    assert reply.error == "Refused: answered 307: redirects are not followed"
    assert len(server.asked) == 1


REWRITTEN = {
    "another host": "https://elsewhere.example/fapi/v1",
    "without TLS": "http://fapi.binance.com/fapi/v1",
    "an address": "https://127.0.0.1/fapi/v1",
    "a name in front": "https://fapi.binance.com@elsewhere.example/fapi/v1",
    "a longer name": "https://fapi.binance.com.elsewhere.example/fapi/v1",
}


@pytest.mark.parametrize("url", REWRITTEN.values(), ids=REWRITTEN.keys())
def test_no_key_goes_to_another_host_whatever_the_client_was_talked_into(
    url: str, certificate: Certificate
) -> None:
    async def work() -> tuple[Reply, Server]:
        async with serving(certificate, says()) as server, a_client(server, certificate.file) as client:
            client.exchange.urls["api"]["fapiPrivate"] = url
            return await client.call(ORDER), server

    reply, server = run(work)
    assert not reply.sent
    assert reply.error.startswith("Refused: ")
    assert not server.asked


@pytest.mark.parametrize("url", ["wss://elsewhere.example/ws", "ws://fstream.binance.com/ws"])
def test_no_stream_is_opened_at_another_host(url: str, certificate: Certificate) -> None:
    async def work() -> Server:
        async with serving(certificate, says()) as server, a_client(server, certificate.file) as client:
            with pytest.raises(Refused):
                client.exchange.client(url)
            with pytest.raises(Refused):
                await client.session.ws_connect(url)
            return server

    assert not run(work).asked


def test_proxies_of_the_environment_are_ignored(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (reply,), _ = calls(certificate, says(), ORDER)
    assert reply.status == 200


def test_keys_are_never_printed() -> None:
    assert "the-" not in repr(Access(credentials=KEYS))


# -- streams -------------------------------------------------------------------------------------------

FRAMES = ("first", '{"cut', '{"what ccxt": "throws at"}', "last")


async def speaks(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    for text in FRAMES:
        await socket.send_str(text)
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
    return socket


def test_every_message_is_heard_and_a_garbled_one_does_not_end_the_stream(certificate: Certificate) -> None:
    async def work() -> tuple[list[Any], list[str]]:
        heard, said, all_of_it = list[Any](), list[str](), asyncio.Event()
        async with (
            serving(certificate, speaks) as server,
            a_client(server, certificate.file, said) as client,
        ):

            def hears(message: Any) -> bool:
                heard.append(message)
                if message == "last":
                    all_of_it.set()
                return isinstance(message, dict)

            def throws(*_: Any) -> None:
                raise AttributeError("nothing expected this")

            client.exchange.hears = hears
            client.exchange.handle_subscription_status = throws
            client.exchange.safe_string = throws
            held = asyncio.ensure_future(client.exchange.watch("wss://fstream.binance.com/ws", "x", {}, "x"))
            await all_of_it.wait()
            held.cancel()
            return heard, said

    heard, said = run(work)
    assert heard == ["first", {"what ccxt": "throws at"}, "last"]
    assert len(said) == 1  # At first, and then every hundred.


async def pings_and_dies(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await asyncio.sleep(0.05)
    await socket.ping(b"there?")
    assert request.transport is not None
    request.transport.abort()
    return socket


def test_no_error_of_ccxt_is_left_for_nobody_to_take(certificate: Certificate) -> None:
    async def fails() -> None:
        raise ValueError("nobody waits for this")

    async def work() -> tuple[list[str], list[str]]:
        stray, said = list[str](), list[str]()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(str(context)))
        async with (
            serving(certificate, pings_and_dies) as server,
            a_client(server, certificate.file, said) as client,
        ):
            for _ in range(5):
                held = client.exchange.watch("wss://fstream.binance.com/ws", "x", {}, "x")
                await asyncio.gather(held, return_exceptions=True)
            client.exchange.spawn(fails)
            await asyncio.sleep(0.1)
        gc.collect()
        return stray, said

    assert run(work) == ([], ["an errand of ccxt: ValueError: nobody waits for this"])


def test_a_ping_is_answered(certificate: Certificate) -> None:
    answered = asyncio.Event()

    async def pings(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.ping(b"there?")
        async for message in socket:
            if message.type is WSMsgType.PONG and message.data == b"there?":
                answered.set()
        return socket

    async def work() -> None:
        async with serving(certificate, pings) as server, a_client(server, certificate.file) as client:
            held = asyncio.ensure_future(client.exchange.watch("wss://fstream.binance.com/ws", "x", {}, "x"))
            await answered.wait()
            held.cancel()

    run(work)


# -- both clients of an account -------------------------------------------------------------------------

SYMBOL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4_133_404_800_000,
    "onboardDate": 1_569_398_400_000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "filters": [],
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC"],
}


class OfBinance(FakeDialect):
    """The parts of a dialect that opening the clients needs."""

    def client_options(self) -> dict[str, Any]:
        return {"options": {"fetchCurrencies": False, "fetchMargins": False}}

    def time_request(self) -> Request:
        return TIME

    def time_ms(self, payload: Any) -> int:
        return int(payload["serverTime"])

    def whole(self) -> Any:
        return replace(super().whole(), traits=replace(TRAITS, ccxt_id="binanceusdm", hosts=HOSTS))


def exchange_at(ahead_ms: int) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("exchangeInfo"):
            return web.Response(text=json.dumps({"symbols": [SYMBOL], "rateLimits": []}))
        if request.path.endswith("time"):
            return web.Response(text=json.dumps({"serverTime": NOW_MS + ahead_ms}))
        return web.Response(text='{"done":true}')

    return answer


async def opened(
    server: Server, certificate: Certificate, said: list[str], now_ms: Callable[[], int] = lambda: NOW_MS
) -> Clients:
    dialect = OfBinance(FakeExchange()).whole()
    loopback = Loopback(port=server.port, ca_file=certificate.file)
    access = Access(credentials=KEYS, loopback=loopback)
    gate = Gate(TRAITS.windows)
    return await Clients.open(dialect, access, gate=gate, now_ms=now_ms, say=said.append)


def test_markets_are_loaded_once_and_known_to_both(certificate: Certificate) -> None:
    async def work() -> tuple[list[str], list[str], bool]:
        said: list[str] = []
        async with serving(certificate, exchange_at(ahead_ms=0)) as server:
            clients = await opened(server, certificate, said)
            names = [str(market["symbol"]) for market in clients.markets]
            shared = clients.feed.markets is clients._act.exchange.markets
            await clients.close()
            return names, server.paths, shared

    names, paths, shared = run(work)
    assert names == ["BTC/USDT:USDT"]
    assert sorted(paths) == ["/fapi/v1/exchangeInfo", "/fapi/v1/time"]
    assert shared


def test_a_skewed_clock_is_said_and_signatures_follow_it(certificate: Certificate) -> None:
    async def work() -> tuple[list[str], str]:
        said: list[str] = []
        async with serving(certificate, exchange_at(ahead_ms=5_000)) as server:
            clients = await opened(server, certificate, said)
            await clients.writes.send(ORDER, Urgency.EMERGENCY)
            await clients.close()
            return said, await server.asked[-1].text()

    said, sent = run(work)
    assert said == ["the exchange's clock is 5000 ms ahead of ours"]
    assert f"timestamp={NOW_MS + 5_000}" in sent


def test_what_a_question_for_the_time_waited_at_the_gate_skews_no_clock(certificate: Certificate) -> None:
    async def work() -> int:
        loop = asyncio.get_running_loop()

        def now_ms() -> int:
            return NOW_MS + int(loop.time() * 1000)

        async def answer(request: web.Request) -> web.StreamResponse:
            if request.path.endswith("time"):
                return web.Response(text=json.dumps({"serverTime": now_ms()}))
            return await exchange_at(0)(request)

        async with serving(certificate, answer) as server:
            clients = await opened(server, certificate, [], now_ms)
            clients.clock.doubt()
            clients.gate.close(1_000, emergencies=True)
            await clients.read_clock()
            await clients.close()
            return clients.clock.offset_ms

    assert abs(run(work)) < 200


def test_what_ccxt_asks_of_its_own_accord_waits_like_everybody_and_tells_of_limits(
    certificate: Certificate,
) -> None:
    async def work() -> tuple[int, int, bool, list[str]]:
        said: list[str] = []
        banned = False

        async def answer(request: web.Request) -> web.StreamResponse:
            if banned:
                return web.Response(status=418, headers={"Retry-After": "120"})
            return await exchange_at(0)(request)

        async with serving(certificate, answer) as server:
            clients = await opened(server, certificate, said)
            clients.gate.close(400, emergencies=True)
            before = len(server.paths)
            asking = asyncio.ensure_future(clients.feed.fapiPrivatePutListenKey())
            await asyncio.sleep(0.2)
            meanwhile = len(server.paths) - before
            await asking
            afterwards = len(server.paths) - before
            banned = True
            with pytest.raises(Exception, match="418"):
                await clients.feed.fapiPrivatePutListenKey()
            shut = clients.gate.banned
            await clients.close()
            return meanwhile, afterwards, shut, said

    meanwhile, afterwards, shut, said = run(work)
    assert (meanwhile, afterwards, shut) == (0, 1, True)
    assert "418: everything, emergencies too, waits 120 s" in said[-1]


def test_another_client_takes_the_place_of_one_that_went_deaf(certificate: Certificate) -> None:
    async def work() -> tuple[bool, list[Any], list[str]]:
        heard: list[Any] = []
        async with serving(certificate, exchange_at(ahead_ms=0)) as server:
            clients = await opened(server, certificate, [])

            def hears(message: Any) -> bool:
                heard.append(message)
                return False

            clients.listen(hears, lambda: None)
            old = clients.feed
            await clients.renew()
            clients.feed.handle_message(None, "heard")
            another = clients.feed is not old and clients.feed.markets is old.markets
            await clients.reads.read(TIME, Urgency.MARKET)
            await clients.close()
            return another, heard, server.paths

    another, heard, paths = run(work)
    assert another
    assert heard == ["heard"]
    assert paths.count("/fapi/v1/exchangeInfo") == 1


def test_a_dead_socket_holds_nobody_up(certificate: Certificate) -> None:
    at_the_exchange = exchange_at(0)

    async def deaf(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/fapi"):
            return await at_the_exchange(request)
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        await asyncio.sleep(15)  # Not even a farewell is answered.
        return socket

    async def work() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with serving(certificate, deaf) as server:
            clients = await opened(server, certificate, [])
            held = asyncio.ensure_future(clients.feed.watch("wss://fstream.binance.com/ws", "x", {}, "x"))
            await asyncio.sleep(0.2)
            began = loop.time()
            await clients.renew()
            renewed = loop.time()
            await asyncio.gather(held, return_exceptions=True)
            await clients.close()
            return renewed - began, loop.time() - renewed

    renewing, closing = run(work)
    assert renewing < 1
    assert closing < 4


def test_an_exchange_that_cannot_be_talked_to_is_one_sentence(certificate: Certificate) -> None:
    async def work() -> str:
        async with serving(certificate, says(503, "<html>maintenance</html>")) as server:
            with pytest.raises(Unreadable) as raised:
                await opened(server, certificate, [])
            return str(raised.value)

    assert run(work) == "GET time: HTTP 503: <html>maintenance</html>"


# -- pages ---------------------------------------------------------------------------------------------


def turning(last: int) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("page", "1"))
        return web.Response(text=json.dumps({"page": page, "next": page + 1 if page < last else None}))

    return answer


def following(payload: Any) -> dict[str, str] | None:
    return {"page": str(payload["next"])} if payload["next"] else None


PAGED = Request(api=("fapiPublic",), method="GET", path="time", following=following)


@pytest.mark.parametrize("last", [1, 3])
def test_all_pages_are_read(last: int, certificate: Certificate) -> None:
    async def work() -> list[Any]:
        async with (
            serving(certificate, turning(last)) as server,
            a_client(server, certificate.file) as client,
        ):
            return [page["page"] for page in await a_line(client).pages(PAGED, Urgency.ACCOUNT)]

    assert run(work) == list(range(1, last + 1))


def test_pages_without_end_are_unreadable(certificate: Certificate) -> None:
    async def work() -> None:
        async with (
            serving(certificate, turning(1_000)) as server,
            a_client(server, certificate.file) as client,
        ):
            with pytest.raises(Unreadable, match="more than 50 pages"):
                await a_line(client).pages(PAGED, Urgency.ACCOUNT)

    run(work)


def a_line(client: Client) -> Line:
    dialect = FakeDialect(FakeExchange())
    gate = Gate(TRAITS.windows)
    return Line(lambda: client, gate, TRAITS.codes, dialect, noticed=lambda _: None, say=lambda _: None)
