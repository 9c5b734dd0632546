"""Every lever at OKX, parameter for parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.core.intents import OpenHedge
from bot.core.types import ClientId, MarginMode, Order, OrderKind, PositionMode, PriceKind, Side
from bot.venues.live.wire import Request
from tests.building.frames import golden, signed
from tests.venues.live.okx.desk import DATED, DIALECT, INVERSE, LISTING, MARKETS, D, a_position, instrument

NET = DIALECT.acting(PositionMode.ONE_WAY)
HEDGE = DIALECT.acting(PositionMode.HEDGE)
ID = ClientId("hf-3-17")


def of(request: Request, path: str) -> dict[str, Any]:
    assert (request.api, request.method, request.path) == (("private",), "POST", path)
    return dict(request.params)


def test_margin_is_added_in_words_and_to_the_last_digit() -> None:
    request = NET.add_margin(a_position(), instrument(), D("123.4500"))
    assert of(request, "account/position/margin-balance") == {
        "instId": "BTC-USDT-SWAP",
        "posSide": "net",
        "type": "add",
        "amt": "123.45",
    }


def test_margin_is_reduced_by_the_amount_without_its_sign() -> None:
    request = HEDGE.add_margin(a_position(INVERSE, Side.SHORT, "300"), instrument(INVERSE), D("-0.0010"))
    assert of(request, "account/position/margin-balance") == {
        "instId": "BTC-USD-SWAP",
        "posSide": "short",
        "type": "reduce",
        "amt": "0.001",
    }


@pytest.mark.parametrize(
    ("acting", "mode", "more"),
    [
        (NET, MarginMode.ISOLATED, {}),
        (HEDGE, MarginMode.ISOLATED, {"posSide": "long"}),
        (NET, MarginMode.CROSS, {}),
        (HEDGE, MarginMode.CROSS, {}),
    ],
)
def test_leverage_is_set_for_the_mode_and_the_side_of_the_position(
    acting: Any, mode: MarginMode, more: dict[str, str]
) -> None:
    (request,) = acting.set_leverage(a_position(mode=mode), instrument(), D("7.50"))
    assert of(request, "account/set-leverage") == {
        "instId": "BTC-USDT-SWAP",
        "lever": "7.5",
        "mgnMode": mode.value,
        **more,
    }


@pytest.mark.parametrize("mode", MarginMode)
def test_a_part_is_closed_at_market_in_the_mode_of_its_position(mode: MarginMode) -> None:
    request = NET.reduce(a_position(mode=mode), instrument(), D("0.200"), ID)
    assert of(request, "trade/order") == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": mode.value,
        "side": "sell",
        "sz": "20",
        "reduceOnly": True,
        "ordType": "market",
        "clOrdId": "hfZ3Z17",
    }


def test_a_part_of_a_short_is_closed_within_a_limit() -> None:
    request = HEDGE.reduce(a_position(side=Side.SHORT), instrument(), D("0.2"), ID, D("60100.50"))
    assert of(request, "trade/order") == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "isolated",
        "side": "buy",
        "posSide": "short",
        "sz": "20",
        "reduceOnly": True,
        "ordType": "ioc",
        "px": "60100.5",
        "clOrdId": "hfZ3Z17",
    }


def test_a_slice_keeps_its_number() -> None:
    request = NET.reduce(a_position(), instrument(), D("0.2"), ClientId("hf-3-17-2"))
    assert request.params["clOrdId"] == "hfZ3Z17Z2"


@pytest.mark.parametrize(("side", "towards"), [(Side.LONG, "sell"), (Side.SHORT, "buy")])
def test_a_stop_rests_on_the_mark(side: Side, towards: str) -> None:
    request = NET.place_stop(a_position(side=side), instrument(), D("55000.00"), ID)
    assert of(request, "trade/order-algo") == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "isolated",
        "side": towards,
        "sz": "50",
        "reduceOnly": True,
        "ordType": "conditional",
        "slTriggerPx": "55000",
        "slTriggerPxType": "mark",
        "slOrdPx": "-1",
        "algoClOrdId": "hfZ3Z17",
        "clOrdId": "hfZ3Z17",
    }


def test_a_stop_in_hedge_mode_names_its_position_and_may_go_by_the_last_price() -> None:
    request = HEDGE.place_stop(a_position(), instrument(), D(55000), ID, PriceKind.LAST)
    assert (request.params["posSide"], request.params["slTriggerPxType"]) == ("long", "last")


def test_a_take_profit_has_the_other_fields() -> None:
    request = NET.place_take_profit(a_position(), instrument(), D(65000), D("0.1"), ID)
    assert of(request, "trade/order-algo") == {
        "instId": "BTC-USDT-SWAP",
        "tdMode": "isolated",
        "side": "sell",
        "sz": "10",
        "reduceOnly": True,
        "ordType": "conditional",
        "tpTriggerPx": "65000",
        "tpTriggerPxType": "mark",
        "tpOrdPx": "-1",
        "algoClOrdId": "hfZ3Z17",
        "clOrdId": "hfZ3Z17",
    }


def an_order(client_id: str, kind: OrderKind) -> Order:
    return Order(
        client_id=ClientId(client_id),
        id=a_position().id,
        kind=kind,
        reduces=True,
        quantity=D("0.5"),
        trigger=None if kind is OrderKind.LIMIT else D(55000),
        limit=D(55000) if kind is OrderKind.LIMIT else None,
    )


@pytest.mark.parametrize("kind", [OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET])
def test_a_conditional_order_is_cancelled_by_our_id_in_a_list(kind: OrderKind) -> None:
    request = NET.cancel(instrument(), an_order("hf-3-17", kind))
    assert of(request, "trade/cancel-algos") == {"instId": "BTC-USDT-SWAP", "algoClOrdId": "hfZ3Z17"}
    assert signed("okx", request)["body"] == [{"instId": "BTC-USDT-SWAP", "algoClOrdId": "hfZ3Z17"}]


def test_an_order_in_the_book_is_cancelled_by_our_id() -> None:
    request = NET.cancel(instrument(), an_order("hf-3-17", OrderKind.LIMIT))
    assert of(request, "trade/cancel-order") == {"instId": "BTC-USDT-SWAP", "clOrdId": "hfZ3Z17"}
    assert not request.listed


@pytest.mark.parametrize("client_id", ["oktswap6", "hfZ3Z17", "hf-3-17Z", "hf-3_17", "hf-3-" + "1" * 30])
def test_an_id_that_is_not_ours_or_cannot_be_spelt_is_not_sent(client_id: str) -> None:
    with pytest.raises(ValueError, match=r"no order of ours|cannot be spelt"):
        NET.cancel(instrument(), an_order(client_id, OrderKind.STOP_MARKET))


@pytest.mark.parametrize("mode", MarginMode)
def test_a_hedge_goes_out_in_the_mode_of_what_it_guards(mode: MarginMode) -> None:
    intent = OpenHedge(
        id=a_position().id, symbol=DATED, quantity=D("0.4"), leverage=D(3), limit=D("60500.10")
    )
    leverage, order = HEDGE.open_hedge(intent, a_position(mode=mode), instrument(DATED), ID)
    assert of(leverage, "account/set-leverage") == {
        "instId": "BTC-USDT-261225",
        "lever": "3",
        "mgnMode": mode.value,
        **({"posSide": "short"} if mode is MarginMode.ISOLATED else {}),
    }
    assert of(order, "trade/order") == {
        "instId": "BTC-USDT-261225",
        "tdMode": mode.value,
        "side": "sell",
        "posSide": "short",
        "sz": "40",
        "ordType": "ioc",
        "px": "60500.1",
        "reduceOnly": False,
        "clOrdId": "hfZ3Z17",
    }


def test_a_quantity_is_never_rounded() -> None:
    assert NET.reduce(a_position(), instrument(), D("0.12345"), ID).params["sz"] == "12.345"


GOLDEN: list[tuple[str, Request, dict[str, str], frozenset[str]]] = [
    (
        "reduceOnly market",
        NET.reduce(a_position(), instrument(), D("0.1"), ID),
        {"tdMode": "isolated", "clOrdId": "hfZ3Z17"},
        frozenset(),
    ),
    (
        "reduceOnly market quarterly",
        NET.reduce(a_position(DATED), instrument(DATED), D("0.1"), ID),
        {"tdMode": "isolated", "clOrdId": "hfZ3Z17"},
        frozenset(),
    ),
    (
        "reduceOnly hedged",
        HEDGE.reduce(a_position(), instrument(), D("0.1"), ID),
        {"tdMode": "isolated", "clOrdId": "hfZ3Z17"},
        frozenset({"reduceOnly"}),
    ),
    (
        "stopLossPrice market RO mark",
        NET.place_stop(a_position(quantity="0.1"), instrument(), D(49000), ID),
        {"tdMode": "isolated", "clOrdId": "hfZ3Z17"},
        frozenset({"algoClOrdId"}),
    ),
    (
        "setLeverage",
        NET.set_leverage(a_position(), instrument(), D(5))[0],
        {"mgnMode": "isolated", "lever": "5"},
        frozenset(),
    ),
    (
        "setLeverage quarterly",
        NET.set_leverage(a_position(DATED), instrument(DATED), D(5))[0],
        {"mgnMode": "isolated", "lever": "5"},
        frozenset(),
    ),
    (
        "addMargin",
        NET.add_margin(a_position(), instrument(), D("123.456789")),
        {"amt": "123.456789"},
        frozenset(),
    ),
]


@pytest.mark.parametrize(("case", "request_", "other", "more"), GOLDEN, ids=[case for case, *_ in GOLDEN])
def test_requests_are_those_of_the_client_but_for_what_it_gets_wrong(
    shared: Path, case: str, request_: Request, other: dict[str, str], more: frozenset[str]
) -> None:
    """The client sends cross, floats, ids of its own making and a tag of its own."""
    theirs, ours = golden(shared, "okx", case), signed("okx", request_)
    sent = theirs["body"][0] if isinstance(theirs["body"], list) else theirs["body"]
    expected = {name: value for name, value in sent.items() if name != "tag"} | other
    assert {name: value for name, value in ours["body"].items() if name not in more} == expected
    assert set(ours["body"]) - set(expected) == more
    assert (ours["host"], ours["method"]) == (theirs["host"], theirs["method"])
    if not isinstance(theirs["body"], list):
        assert ours["path"] == theirs["path"]


@pytest.mark.parametrize("case", ["reduceOnly market", "stopLossPrice market RO mark", "closePosition"])
def test_the_client_closes_and_stops_in_cross_whatever_the_position_is_in(shared: Path, case: str) -> None:
    """Why no request of ours is built by it: in isolated mode these would open a cross position."""
    body = golden(shared, "okx", case)["body"]
    sent = body[0] if isinstance(body, list) else body
    assert sent.get("tdMode", sent.get("mgnMode")) == "cross"


@pytest.mark.parametrize("acting", [NET, HEDGE], ids=["net", "hedge"])
def test_nothing_of_the_clients_own_is_put_into_our_orders(acting: Any) -> None:
    sent = [
        acting.reduce(a_position(), instrument(), D("0.1"), ID),
        acting.place_stop(a_position(), instrument(), D(55000), ID),
        acting.place_take_profit(a_position(), instrument(), D(65000), D("0.1"), ID),
        acting.add_margin(a_position(), instrument(), D(1)),
        *acting.set_leverage(a_position(), instrument(), D(5)),
    ]
    for request in sent:
        before = dict(request.params)
        assert signed("okx", request)["body"] == before
        assert dict(request.params) == before


def test_orders_expire_within_three_seconds_and_nothing_else_can() -> None:
    hedge = OpenHedge(id=a_position().id, symbol=DATED, quantity=D("0.1"), leverage=D(5), limit=D(59_000))
    leverage, opening = NET.open_hedge(hedge, a_position(), instrument(DATED), ID)
    orders = [opening, NET.reduce(a_position(), instrument(), D("0.1"), ID)]
    for order in orders:
        assert order.expiry is not None
        assert (order.path, order.expiry.header, order.expiry.within_ms) == ("trade/order", "expTime", 3_000)
    others = [
        leverage,
        NET.place_stop(a_position(), instrument(), D(55000), ID),
        NET.place_take_profit(a_position(), instrument(), D(65000), D("0.1"), ID),
        NET.add_margin(a_position(), instrument(), D(1)),
        NET.cancel(instrument(), an_order("hf-3-17", OrderKind.LIMIT)),
    ]
    assert [request.expiry for request in others] == [None] * 5


def test_every_request_has_the_window_of_its_endpoint() -> None:
    windows = DIALECT.traits.windows
    reading = DIALECT.reading
    sent = [
        NET.reduce(a_position(), instrument(), D("0.1"), ID),
        NET.place_stop(a_position(), instrument(), D(55000), ID),
        NET.cancel(instrument(), an_order("hf-3-17", OrderKind.STOP_MARKET)),
        NET.cancel(instrument(), an_order("hf-3-17", OrderKind.LIMIT)),
        NET.add_margin(a_position(), instrument(), D(1)),
        *NET.set_leverage(a_position(), instrument(), D(5)),
        *reading.account_requests(LISTING).values(),
        *reading.order_requests(instrument(), ID, conditional=True),
        *reading.order_requests(instrument(), ID, conditional=False),
        *reading.setup_requests(),
        *DIALECT.contracts.tier_requests(MARKETS),
        reading.bars_request(instrument(), 60_000, 5),
        *DIALECT.beside.payment_requests([instrument()], 1),
        *DIALECT.beside.interest_requests([instrument()]),
        *DIALECT.recent.requests(instrument()),
    ]
    assert {request.window for request in sent} == set(windows) - {"requests"}
    shared = [reading.time_request(), *reading.market_requests([instrument()])]
    assert {request.window for request in shared} == {"requests"}
