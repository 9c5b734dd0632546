"""Every lever at Bybit, parameter for parameter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.core.intents import OpenHedge
from bot.core.types import ClientId, Order, OrderKind, PositionMode, PriceKind, Side, Symbol
from bot.venues.live.wire import Request
from tests.building.frames import golden, signed
from tests.venues.live.bybit.desk import BTC, DATED, DIALECT, INVERSE, D, a_position, instrument

ONE_WAY = DIALECT.acting(PositionMode.ONE_WAY)
HEDGE = DIALECT.acting(PositionMode.HEDGE)
ID = ClientId("hf-3-17")


def of(request: Request, path: str) -> dict[str, Any]:
    assert (request.api, request.method, request.path) == (("private",), "POST", path)
    return dict(request.params)


def test_margin_is_added_to_the_last_digit() -> None:
    request = ONE_WAY.add_margin(a_position(), instrument(), D("123.4567"))
    assert of(request, "v5/position/add-margin") == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "margin": "123.4567",
        "positionIdx": 0,
    }


def test_margin_is_taken_out_by_a_negative_amount_of_the_coin() -> None:
    request = ONE_WAY.add_margin(a_position(INVERSE, quantity="300"), instrument(INVERSE), D("-0.0010"))
    assert of(request, "v5/position/add-margin") == {
        "category": "inverse",
        "symbol": "BTCUSD",
        "margin": "-0.001",
        "positionIdx": 0,
    }


def test_leverage_is_set_for_both_sides_of_a_one_way_position() -> None:
    (request,) = ONE_WAY.set_leverage(a_position(), instrument(), D("7.50"))
    assert of(request, "v5/position/set-leverage") == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "buyLeverage": "7.5",
        "sellLeverage": "7.5",
    }


def test_leverage_of_one_side_is_not_changed_at_the_cost_of_the_other() -> None:
    with pytest.raises(ValueError, match="resets the margin of both"):
        HEDGE.set_leverage(a_position(), instrument(), D(5))


def test_a_part_is_closed_at_market_and_reduce_only() -> None:
    request = ONE_WAY.reduce(a_position(), instrument(), D("0.200"), ID)
    assert of(request, "v5/order/create") == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Sell",
        "orderType": "Market",
        "qty": "0.2",
        "timeInForce": "IOC",
        "reduceOnly": True,
        "positionIdx": 0,
        "orderLinkId": "hf-3-17",
    }


def test_a_part_of_a_short_is_closed_within_a_limit() -> None:
    request = ONE_WAY.reduce(a_position(side=Side.SHORT), instrument(), D("0.2"), ID, D("60100.5"))
    sent = of(request, "v5/order/create")
    assert (sent["side"], sent["orderType"], sent["price"], sent["timeInForce"]) == (
        "Buy",
        "Limit",
        "60100.5",
        "IOC",
    )
    assert sent["reduceOnly"] is True


@pytest.mark.parametrize(("side", "trigger", "direction"), [(Side.LONG, "Sell", 2), (Side.SHORT, "Buy", 1)])
def test_a_stop_rests_on_the_mark_on_its_own_side(side: Side, trigger: str, direction: int) -> None:
    request = ONE_WAY.place_stop(a_position(side=side), instrument(), D("55000.00"), ID)
    assert of(request, "v5/order/create") == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": trigger,
        "orderType": "Market",
        "qty": "0.5",
        "triggerPrice": "55000",
        "triggerDirection": direction,
        "triggerBy": "MarkPrice",
        "reduceOnly": True,
        "closeOnTrigger": True,
        "positionIdx": 0,
        "orderLinkId": "hf-3-17",
    }


def test_a_stop_may_go_by_the_last_price() -> None:
    request = ONE_WAY.place_stop(a_position(), instrument(), D(55000), ID, PriceKind.LAST)
    assert request.params["triggerBy"] == "LastPrice"


def test_a_take_profit_waits_on_the_other_side() -> None:
    request = ONE_WAY.place_take_profit(a_position(), instrument(), D(65000), D("0.1"), ID)
    assert (request.params["triggerDirection"], request.params["qty"]) == (1, "0.1")
    request = ONE_WAY.place_take_profit(a_position(side=Side.SHORT), instrument(), D(55000), D("0.1"), ID)
    assert (request.params["triggerDirection"], request.params["side"]) == (2, "Buy")


@pytest.mark.parametrize(
    ("symbol", "side", "index"),
    [(BTC, Side.LONG, 1), (BTC, Side.SHORT, 2), (INVERSE, Side.LONG, 0), (DATED, Side.SHORT, 0)],
)
def test_in_hedge_mode_the_index_names_the_side_where_there_are_two(
    symbol: Symbol, side: Side, index: int
) -> None:
    found = a_position(symbol, side)
    requests = [
        HEDGE.add_margin(found, instrument(symbol), D(1)),
        HEDGE.reduce(found, instrument(symbol), D(1), ID),
        HEDGE.place_stop(found, instrument(symbol), D(1), ID),
    ]
    assert [request.params["positionIdx"] for request in requests] == [index] * 3
    assert requests[1].params["reduceOnly"] is True


def an_order(client_id: str) -> Order:
    return Order(
        client_id=ClientId(client_id),
        id=a_position().id,
        kind=OrderKind.STOP_MARKET,
        reduces=True,
        quantity=D("0.5"),
        trigger=D(55000),
    )


def test_an_order_is_cancelled_by_our_id() -> None:
    assert of(ONE_WAY.cancel(instrument(), an_order("hf-3-17")), "v5/order/cancel") == {
        "category": "linear",
        "symbol": "BTCUSDT",
        "orderLinkId": "hf-3-17",
    }


def test_a_foreign_order_is_not_touched() -> None:
    with pytest.raises(ValueError, match="no order of ours"):
        ONE_WAY.cancel(instrument(), an_order("test-000005"))


def test_a_hedge_sets_leverage_first_and_fills_at_its_limit_or_not() -> None:
    intent = OpenHedge(
        id=a_position().id, symbol=DATED, quantity=D("0.4"), leverage=D(3), limit=D("60500.10")
    )
    leverage, order = ONE_WAY.open_hedge(intent, a_position(), instrument(DATED), ID)
    assert of(leverage, "v5/position/set-leverage")["buyLeverage"] == "3"
    assert of(order, "v5/order/create") == {
        "category": "linear",
        "symbol": "BTCUSDT-25DEC26",
        "side": "Sell",
        "orderType": "Limit",
        "price": "60500.1",
        "timeInForce": "IOC",
        "qty": "0.4",
        "reduceOnly": False,
        "positionIdx": 0,
        "orderLinkId": "hf-3-17",
    }


GOLDEN: list[tuple[str, Request, frozenset[str]]] = [
    (
        "reduceOnly market",
        ONE_WAY.reduce(a_position(), instrument(), D(10), ClientId("cid1")),
        frozenset({"timeInForce", "positionIdx"}),
    ),
    (
        "reduceOnly market quarterly",
        ONE_WAY.reduce(a_position(DATED), instrument(DATED), D(10), ClientId("cid1")),
        frozenset({"timeInForce", "positionIdx"}),
    ),
    ("setLeverage", ONE_WAY.set_leverage(a_position(), instrument(), D(5))[0], frozenset()),
    (
        "stopLossPrice market RO mark",
        ONE_WAY.place_stop(a_position(quantity="10"), instrument(), D(49000), ID),
        frozenset({"closeOnTrigger", "positionIdx", "orderLinkId"}),
    ),
]


@pytest.mark.parametrize(("case", "request_", "more"), GOLDEN, ids=[case for case, _, _ in GOLDEN])
def test_requests_are_those_of_the_client_and_what_it_leaves_out(
    shared: Path, case: str, request_: Request, more: frozenset[str]
) -> None:
    theirs, ours = golden(shared, "bybit", case), signed("bybit", request_)
    for part in ("host", "path", "method", "query"):
        assert ours[part] == theirs[part]
    assert {name: value for name, value in ours["body"].items() if name not in more} == theirs["body"]
    assert set(ours["body"]) - set(theirs["body"]) == more


def test_a_close_in_hedge_mode_keeps_the_reduce_only_that_the_client_drops(shared: Path) -> None:
    theirs = golden(shared, "bybit", "reduceOnly hedged")
    ours = signed("bybit", HEDGE.reduce(a_position(), instrument(), D(10), ID))
    assert "reduceOnly" not in theirs["body"]
    assert ours["body"]["reduceOnly"] is True
    assert ours["body"]["positionIdx"] == theirs["body"]["positionIdx"] == 1


def test_margin_is_moved_although_the_client_has_no_call_for_it() -> None:
    ours = signed("bybit", ONE_WAY.add_margin(a_position(), instrument(), D("123.4567")))
    assert (ours["host"], ours["path"]) == ("api.bybit.com", "/v5/position/add-margin")
    assert ours["body"]["margin"] == "123.4567"
