"""Resting orders of Binance that are changed, several at once, and cancelled by a countdown."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.building.contracts import BTC
from tests.building.simulator import ALICE, Hands, a_holding
from tests.simulator.binance_desk import ALGO_STOP, Client, a_binance, run
from tests.simulator.test_binance_streams import a_desk, heard

D = Decimal
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "1",
    "price": "99",
    "timeInForce": "GTC",
    "newClientOrderId": "mine",
}
CHANGE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "origClientOrderId": "mine",
    "quantity": "2",
    "price": "98",
}


def with_order(**changes: str) -> Client:
    client = a_binance(Hands())
    assert client.ask("POST", "/fapi/v1/order", **(LIMIT | changes))["status"] == "NEW"
    return client


def amend(client: Client, **changes: str) -> Any:
    return client.ask("PUT", "/fapi/v1/order", **(CHANGE | changes))


def rests(client: Client) -> list[tuple[str, str, str]]:
    rows = client.ask("GET", "/fapi/v1/openOrders")
    return [(row["clientOrderId"], row["origQty"], row["price"]) for row in rows]


def test_a_changed_order_is_the_same_order() -> None:
    client = with_order()
    before = client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")["orderId"]
    assert amend(client)["orderId"] == before
    assert rests(client) == [("mine", "2", "98")]
    client.wire.world.move(BTC, D("98.5"))
    assert rests(client) == [("mine", "2", "98")]
    client.wire.world.move(BTC, D("97.9"))
    filled = client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert (filled["status"], filled["executedQty"], filled["avgPrice"]) == ("FILLED", "2", "98")
    (position,) = client.wire.world.view(ALICE).positions.values()
    assert position.quantity == D(2)


def test_one_that_is_changed_so_that_it_trades_does_so_once() -> None:
    client = with_order()
    assert amend(client, price="101")["status"] == "FILLED"
    assert rests(client) == []
    (position,) = client.wire.world.view(ALICE).positions.values()
    assert position.quantity == D(2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": "1", "price": "99"}, -5027),
        ({"price": "98.01"}, -1111),
        ({"quantity": "0.0001"}, -1111),
        ({"price": "150"}, -4016),
        ({"side": "SELL"}, -2013),
        ({"origClientOrderId": "nobodys"}, -2013),
        ({"quantity": ""}, -1102),
        ({"price": ""}, -1102),
    ],
)
def test_a_change_that_is_refused_leaves_the_order_as_it_is(changes: dict[str, str], code: int) -> None:
    client = with_order()
    assert amend(client, **changes)["code"] == code
    assert rests(client) == [("mine", "1", "99")]


def test_one_that_may_only_be_a_maker_is_cancelled_where_it_would_trade() -> None:
    client = with_order(timeInForce="GTX")
    assert amend(client, price="101")["status"] == "CANCELED"
    assert client.wire.world.view(ALICE).positions == {}


def test_a_reduce_only_order_is_changed_and_still_goes_with_its_position() -> None:
    client = a_binance(Hands())
    world = client.wire.world
    world.open(a_holding())
    order = LIMIT | {"side": "SELL", "price": "101", "reduceOnly": "true"}
    assert client.ask("POST", "/fapi/v1/order", **order)["status"] == "NEW"
    assert amend(client, side="SELL", price="102", quantity="10")["status"] == "NEW"
    close = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "10", "reduceOnly": "true"}
    assert client.ask("POST", "/fapi/v1/order", **close, newOrderRespType="RESULT")["status"] == "FILLED"
    gone = client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert gone["status"] == "EXPIRED"


def test_a_change_is_told_as_one_step(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.client.ask("POST", "/fapi/v1/order", **LIMIT)
            socket = await desk.listen()
            amend(desk.client)
            told = (await heard(socket))["o"]
            assert (told["x"], told["X"], told["c"], told["q"], told["p"]) == (
                "AMENDMENT",
                "NEW",
                "mine",
                "2",
                "98",
            )
            desk.client.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")
            assert (await heard(socket))["o"]["x"] == "CANCELED"

    run(main)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("POST", {"batchOrders": "no list"}),
        ("POST", {"batchOrders": "[]"}),
        ("POST", {"batchOrders": "[1]"}),
        ("POST", {"batchOrders": json.dumps([LIMIT] * 6)}),
        ("DELETE", {"symbol": "BTCUSDT"}),
        ("DELETE", {"symbol": "BTCUSDT", "orderIdList": "7"}),
    ],
)
def test_a_batch_that_makes_no_sense_does_nothing(method: str, params: dict[str, str]) -> None:
    client = a_binance(Hands())
    assert client.ask(method, "/fapi/v1/batchOrders", **params)["code"] < 0
    assert rests(client) == []


def test_several_orders_at_once_count_as_many() -> None:
    client = a_binance(Hands())
    several = json.dumps([LIMIT, LIMIT | {"newClientOrderId": "other", "price": "97"}])
    placed = client.ask("POST", "/fapi/v1/batchOrders", batchOrders=several)
    assert [row["clientOrderId"] for row in placed] == ["mine", "other"]
    assert client.headers["x-mbx-order-count-10s"] == "5"
    changed = client.ask("PUT", "/fapi/v1/batchOrders", batchOrders=json.dumps([CHANGE]))
    assert [(row["clientOrderId"], row["price"]) for row in changed] == [("mine", "98")]
    names = json.dumps(["mine", "nobodys"])
    gone = client.ask("DELETE", "/fapi/v1/batchOrders", symbol="BTCUSDT", origClientOrderIdList=names)
    assert (gone[0]["status"], gone[1]["code"]) == ("CANCELED", -2011)


def test_what_the_exchange_closed_is_listed_by_its_kind() -> None:
    client = a_binance(Hands())
    client.wire.world.open(a_holding())
    client.wire.world.move(BTC, D(80), D(100))
    (forced,) = client.ask("GET", "/fapi/v1/forceOrders", autoCloseType="LIQUIDATION")
    assert forced["clientOrderId"].startswith("autoclose-")
    assert client.ask("GET", "/fapi/v1/forceOrders", autoCloseType="ADL") == []
    assert client.ask("GET", "/fapi/v1/forceOrders", autoCloseType="NONE")["code"] == -1130


def test_a_countdown_that_nobody_begins_anew_cancels_what_rests_and_leaves_stops_alone() -> None:
    hands = Hands()
    client = a_binance(hands)
    client.wire.world.open(a_holding())
    client.ask("POST", "/fapi/v1/order", **LIMIT)
    client.ask("POST", "/fapi/v1/algoOrder", **ALGO_STOP)
    count = {"symbol": "BTCUSDT", "countdownTime": 5000}
    assert client.ask("POST", "/fapi/v1/countdownCancelAll", **count)["countdownTime"] == "5000"
    hands.now_ms += 4_000
    client.wire.tick()
    assert client.ask("POST", "/fapi/v1/countdownCancelAll", **count)["symbol"] == "BTCUSDT"
    hands.now_ms += 4_000
    client.wire.tick()
    assert len(rests(client)) == 1
    hands.now_ms += 1_000
    client.wire.tick()
    assert rests(client) == []
    assert len(client.ask("GET", "/fapi/v1/openAlgoOrders")) == 1
    assert (
        client.ask("POST", "/fapi/v1/countdownCancelAll", **(count | {"countdownTime": -1}))["code"] == -1130
    )
