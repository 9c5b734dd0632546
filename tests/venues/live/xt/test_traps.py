"""Every trap of ccxt's XT driver, shown with the real class, and that our way does not lead through it."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt.pro
import pytest

from bot.core.facts import MarkPrice
from bot.core.types import PositionMode, Side
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.dialects.xt.streams import PONGS_MISSED
from bot.venues.live.wire import Request
from tests.venues.live.xt.recorded import ME, OURS, a_position, btc, frame, listing

D = Decimal
ACTING = DIALECT.acting(PositionMode.HEDGE)
LONG = a_position(quantity="0.001")
Signed = tuple[str, str, str, dict[str, object]]


def exchange() -> Any:
    return ccxt.pro.xt({"apiKey": "key", "secret": "secret", **DIALECT.streams.client_options()})


def signed(request: Request) -> Signed:
    """Method, host, path and parameters of what the real client would send."""
    raw = exchange().sign(request.path, request.api, request.method, dict(request.params))
    url = urlsplit(raw["url"])
    body = json.loads(raw["body"]) if raw["body"] else dict(parse_qsl(url.query))
    return raw["method"], str(url.hostname), url.path, body


def golden(shared: Path, name: str) -> Signed:
    (row,) = json.loads((shared / "data/venues/golden_requests.json").read_text())["xt"][name]["requests"]
    return row["method"], row["host"], row["path"], row["body"] or row["query"]


READING = DIALECT.reading
ACCOUNT = READING.account_requests(listing())

# Ours, what differs in it, what of ccxt's is not sent, and what is sent beside it.
RIGHT: list[tuple[str, Callable[[], Request], dict[str, object], set[str], dict[str, object]]] = [
    (
        "addMargin",
        lambda: ACTING.add_margin(LONG, btc(), D("123.456789")),
        {"margin": "123.456789"},
        set(),
        {},
    ),
    ("setLeverage", lambda: ACTING.set_leverage(LONG, btc(), D(5))[0], {}, set(), {}),
    # reduceOnly is no parameter of XT's; the pair of sides says it.
    (
        "reduceOnly market",
        lambda: ACTING.reduce(LONG, btc(), D("0.001"), OURS),
        {"clientOrderId": "hf_3_17"},
        {"reduceOnly"},
        {},
    ),
    # XT's page: plans at market take IOC only.
    (
        "triggerPrice no direction",
        lambda: ACTING.place_stop(LONG, btc(), D(49000), OURS),
        {"timeInForce": "IOC"},
        {"reduceOnly"},
        {"clientOrderId": "hf_3_17"},
    ),
    ("fetchBalance", lambda: ACCOUNT["balances"], {}, set(), {}),
    ("fetchFundingRate", lambda: READING.market_requests([btc()])[1], {}, set(), {}),
    ("fetchLeverageTiers", lambda: DIALECT.contracts.tier_requests([])[0], {}, set(), {}),
]


@pytest.mark.parametrize(("name", "ours", "changed", "dropped", "added"), RIGHT, ids=[r[0] for r in RIGHT])
def test_a_request_is_what_ccxt_builds_where_ccxt_is_right(
    shared: Path,
    name: str,
    ours: Callable[[], Request],
    changed: dict[str, object],
    dropped: set[str],
    added: dict[str, object],
) -> None:
    method, host, path, params = golden(shared, name)
    expected = {key: value for key, value in params.items() if key not in dropped} | changed | added
    assert signed(ours()) == (method, host, path, expected)


def test_positions_and_liquidation_prices_are_two_requests_as_in_ccxt(shared: Path) -> None:
    rows = json.loads((shared / "data/venues/golden_requests.json").read_text())["xt"]["fetchPositions"]
    expected = [(row["method"], row["host"], row["path"], row["query"]) for row in rows["requests"]]
    assert [signed(ACCOUNT["positions"]), signed(ACCOUNT["liquidations"])] == expected


def test_a_stop_is_never_an_order_that_sells_at_once(shared: Path) -> None:
    method, _, path, params = golden(shared, "stopLossPrice market RO mark")
    assert (method, path, params["orderType"]) == ("POST", "/future/trade/v1/order/create", "MARKET")
    for stop in (
        ACTING.place_stop(LONG, btc(), D(49000), OURS),
        ACTING.place_take_profit(LONG, btc(), D(49000), D("0.001"), OURS),
    ):
        _, _, path, params = signed(stop)
        assert path == "/future/trade/v1/entrust/create-plan"
        assert params["stopPrice"] == "49000"
        assert str(params["entrustType"]).endswith("_MARKET")
        assert not {"orderType", "stopLossPrice", "triggerPrice"} & set(params)


def test_no_order_carries_a_trigger_that_would_be_ignored() -> None:
    for order in (
        ACTING.reduce(LONG, btc(), D("0.001"), OURS),
        ACTING.reduce(LONG, btc(), D("0.001"), OURS, D(49000)),
    ):
        assert not [name for name in signed(order)[3] if "trigger" in name.lower() or "stop" in name.lower()]


def test_the_first_tier_begins_at_nought_and_not_at_the_cap_of_the_last() -> None:
    theirs = exchange().parse_market_leverage_tiers(frame("brackets")["result"][0])
    assert theirs[0]["minNotional"] == 5_000_000
    assert btc().contract.tiers[0].floor == 0


def test_a_quantity_goes_out_in_contracts_and_comes_back_in_coins() -> None:
    assert signed(ACTING.reduce(LONG, btc(), D("0.001"), OURS))[3]["origQty"] == "10"
    payloads = {what: frame("empty page") for what in ("plans", "by hand", "orders")} | {
        what: frame(what) for what in ("positions", "liquidations", "balances")
    }
    (position,) = READING.account(ME, payloads, listing()).positions
    assert (position.id.side, position.quantity) == (Side.SHORT, D("0.001"))


def test_a_ping_does_not_tell_that_a_pong_has_come() -> None:
    async def pinged(exchange_: Any) -> tuple[int | None, str, float]:
        client = exchange_.client("wss://fstream.xt.com/ws/user")
        client.last_message_at = 1_000
        said = client.ping(client)
        await exchange_.close()
        return client.lastPong, said, client.keepAlive

    heard, said, keep_alive = asyncio.run(pinged(exchange()))
    assert (heard, said) == (1_000, "ping")
    # XT closes what was silent for 30 s.
    assert keep_alive * (PONGS_MISSED + 1) < 30_000
    theirs, _, _ = asyncio.run(pinged(ccxt.pro.xt()))
    assert theirs is not None
    assert theirs > 1_000


def test_a_pong_never_reaches_the_handler_that_dies_of_it() -> None:
    async def theirs() -> None:
        ex = ccxt.pro.xt()
        try:
            ex.handle_message(ex.client("wss://fstream.xt.com/ws/user"), frame("pong event"))
        finally:
            await ex.close()

    with pytest.raises(AttributeError, match="onPong"):
        asyncio.run(theirs())
    for message in (frame("pong"), frame("pong event")):
        heard = DIALECT.streams.hear(ME, message, listing(), 0)
        assert not heard.pass_on
        assert not heard.flaw


@pytest.mark.parametrize("what", ["position push", "agg_ticker", "subscribed", "token expired"])
def test_nothing_at_all_is_passed_on(what: str) -> None:
    assert not DIALECT.streams.hear(ME, frame(what), listing(), 0).pass_on


class Recording:
    """A client that writes down what is called on it; any other call of ccxt's is an error."""

    def __init__(self) -> None:
        self.urls = {"api": {"ws": {"contract": "wss://fstream.xt.com/ws"}}}
        self.requested: list[tuple[object, ...]] = []
        self.watched: list[tuple[object, ...]] = []

    async def request(self, *arguments: object) -> object:
        self.requested.append(arguments)
        return {"returnCode": 0, "msgInfo": "success", "error": None, "result": "3BC1D71D"}

    async def watch(self, *arguments: object) -> None:
        self.watched.append(arguments)


def test_the_private_stream_is_a_listen_key_and_one_message_and_never_watch_positions() -> None:
    (subscription,) = DIALECT.streams.private_streams()
    client = Recording()
    asyncio.run(subscription.start(client))  # type: ignore[arg-type]  # the start of ours is a coroutine
    assert client.requested == [("future/user/v1/user/listen-key", ("private", "linear"), "GET", {})]
    ((url, _, message, key, _),) = client.watched
    assert url == "wss://fstream.xt.com/ws/user"
    assert message == {
        "method": "SUBSCRIBE",
        "params": ["order@3BC1D71D", "trade@3BC1D71D", "balance@3BC1D71D", "position@3BC1D71D"],
        "id": "account",
    }
    assert key == "account@3BC1D71D"
    assert subscription.renew_ms == 7 * 3_600_000


def test_the_mark_price_comes_although_ccxt_finds_none() -> None:
    message = frame("agg_ticker")
    assert exchange().parse_ticker(message["data"])["markPrice"] is None
    heard = DIALECT.streams.hear(ME, message, listing(), 0)
    assert [fact.price for fact in heard.facts if isinstance(fact, MarkPrice)] == [D("86464.2")]
