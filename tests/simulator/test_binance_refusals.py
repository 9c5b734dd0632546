"""What the Binance wire refuses, in Binance's codes."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.types import MarginMode, PositionMode
from bot.simulator.binance.weights import PATIENCE, WEIGHT_MAX
from bot.venues.paper import MarketModel
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, START_MS, Hands, a_holding
from tests.simulator.binance_desk import ALGO_STOP, Client, a_binance, signed

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
LIMIT = MARKET | {"type": "LIMIT", "price": "99", "timeInForce": "GTC"}


def with_position(**world: Any) -> Client:
    client = a_binance(**world)
    client.wire.world.open(a_holding())
    return client


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"side": "LONG"}, -1117),
        ({"type": "ODD"}, -1116),
        ({"quantity": ""}, -1102),
        ({"quantity": "abc"}, -1102),
        ({"quantity": "NaN"}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "1.001"}, -1111),
        ({"quantity": "20000"}, -4005),
        ({"quantity": "0.04"}, -4164),
        ({"quantity": "9000"}, -2019),
        ({"price": "99"}, -1106),
        ({"priceMatch": "OPPONENT"}, -5038),
        ({"reduceOnly": "true"}, -2022),
        ({"positionSide": "LONG"}, -4061),
        ({"newClientOrderId": "not good!"}, -4015),
        ({"type": "STOP_MARKET", "stopPrice": "95"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
    ],
)
def test_a_market_order_is_refused(changes: dict[str, str], code: int) -> None:
    client = a_binance()
    answer = client.ask("POST", "/fapi/v1/order", **(MARKET | changes))
    assert (client.status, answer["code"]) == (400, code)
    assert client.wire.world.view(ALICE).orders == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": ""}, -1102),
        ({"price": "98.95"}, -1111),
        ({"price": "106"}, -4016),
        ({"side": "SELL", "price": "94"}, -4024),
        ({"timeInForce": "EVER"}, -1115),
        ({"timeInForce": "GTX", "price": "101"}, -5022),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(START_MS + 600_000)}, -5040),
        ({"timeInForce": "GTD", "goodTillDate": "253402300799000"}, -5040),
        ({"priceMatch": "QUEUE"}, -1106),
        ({"priceMatch": "MIDDLE", "price": ""}, -5037),
        ({"selfTradePreventionMode": "EVER"}, -5039),
        ({"newOrderRespType": "FULL"}, -1136),
    ],
)
def test_a_limit_order_is_refused(changes: dict[str, str], code: int) -> None:
    assert a_binance().ask("POST", "/fapi/v1/order", **(LIMIT | changes))["code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"triggerPrice": "101"}, -2021),
        ({"triggerPrice": ""}, -1102),
        ({"triggerPrice": "95.55"}, -1111),
        ({"algoType": "VP"}, -1130),
        ({"type": "LIMIT"}, -1116),
        ({"type": "TAKE_PROFIT", "triggerPrice": "105"}, -1102),
        ({"type": "STOP", "price": "90.2"}, -4184),
        ({"type": "STOP", "priceMatch": "QUEUE"}, -5037),
        ({"type": "STOP", "price": "95", "closePosition": "true", "quantity": ""}, -4136),
        ({"type": "TRAILING_STOP_MARKET"}, -1102),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "0.09"}, -1130),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "10.1"}, -1130),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "activatePrice": "100"}, -2021),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "activatePrice": "101.01"}, -1111),
        ({"type": "STOP", "price": "95", "timeInForce": "EVER"}, -1115),
        ({"workingType": "INDEX_PRICE"}, -4031),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": str(START_MS + 600_000)}, -5040),
        ({"closePosition": "true"}, -4137),
        ({"closePosition": "true", "quantity": ""}, -1106),
        ({"side": "BUY", "triggerPrice": "105"}, -2022),
    ],
)
def test_a_conditional_order_is_refused(changes: dict[str, str], code: int) -> None:
    assert with_position().ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | changes))["code"] == code


def test_a_second_stop_that_closes_the_position_is_refused() -> None:
    client = with_position()
    whole = {k: v for k, v in ALGO_STOP.items() if k not in ("quantity", "reduceOnly")} | {
        "closePosition": "true"
    }
    assert client.ask("POST", "/fapi/v1/algoOrder", **whole)["algoStatus"] == "NEW"
    assert client.ask("POST", "/fapi/v1/algoOrder", **(whole | {"triggerPrice": "94"}))["code"] == -4130
    # A take-profit order closes in the same direction and is of another kind.
    profit = whole | {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "110"}
    assert client.ask("POST", "/fapi/v1/algoOrder", **profit)["algoStatus"] == "NEW"


def test_an_order_that_is_to_fill_whole_or_not_at_all_does() -> None:
    # 100,000 move the price by one percent: within four of them are no 600,000.
    client = a_binance(model=MarketModel(depth={BTC: Decimal(100_000)}))
    whole = LIMIT | {"timeInForce": "FOK", "price": "104"}
    assert client.ask("POST", "/fapi/v1/order", **(whole | {"quantity": "6000"}))["code"] == -5021
    assert client.wire.world.view(ALICE).positions == {}
    filled = client.ask("POST", "/fapi/v1/order", **whole, newOrderRespType="RESULT")
    assert filled["status"] == "FILLED"


def test_a_client_id_in_use_is_refused_and_one_that_is_over_is_not() -> None:
    client = a_binance()
    mine = LIMIT | {"newClientOrderId": "hf-1-1"}
    assert client.ask("POST", "/fapi/v1/order", **mine)["clientOrderId"] == "hf-1-1"
    assert client.ask("POST", "/fapi/v1/order", **mine)["code"] == -4116
    gone = client.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="hf-1-1")
    assert gone["status"] == "CANCELED"
    assert client.ask("POST", "/fapi/v1/order", **mine)["status"] == "NEW"


def test_an_order_that_is_not_there_has_two_codes() -> None:
    client = a_binance()
    named = {"symbol": "BTCUSDT", "origClientOrderId": "nobody"}
    assert client.ask("GET", "/fapi/v1/order", **named)["code"] == -2013
    assert client.ask("DELETE", "/fapi/v1/order", **named)["code"] == -2011
    assert client.ask("GET", "/fapi/v1/algoOrder", clientAlgoId="nobody")["code"] == -2013
    assert client.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId="nobody")["code"] == -2011
    assert client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT")["code"] == -1102


def test_a_conditional_order_is_unknown_to_the_plain_endpoints() -> None:
    client = with_position()
    placed = client.ask("POST", "/fapi/v1/algoOrder", **ALGO_STOP)
    assert client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed["algoId"])["code"] == -2013
    assert client.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed["algoId"])["code"] == -2011
    assert client.ask("GET", "/fapi/v1/openOrders") == []
    assert [o["algoId"] for o in client.ask("GET", "/fapi/v1/openAlgoOrders")] == [placed["algoId"]]


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("positionMargin", {"amount": "1", "type": 3}, -1130),
        ("positionMargin", {"amount": "0", "type": 1}, -4055),
        ("positionMargin", {"amount": "100000", "type": 1}, -4051),
        ("positionMargin", {"amount": "1000", "type": 2}, -4051),
        ("positionMargin", {"amount": "1", "type": 1, "positionSide": "LONG"}, -4061),
        ("positionMargin", {"symbol": "ETHUSDT", "amount": "1", "type": 1}, -4054),
        ("leverage", {"leverage": 5}, -4161),
        ("leverage", {"leverage": 126}, -4028),
        ("leverage", {"leverage": 0}, -4028),
        ("marginType", {"marginType": "ISOLATED"}, -4046),
        ("marginType", {"marginType": "CROSSED"}, -4048),
        ("marginType", {"marginType": "BOTH"}, -1130),
        ("positionSide/dual", {"dualSidePosition": "false"}, -4059),
        ("positionSide/dual", {"dualSidePosition": "true"}, -4068),
        ("multiAssetsMargin", {"multiAssetsMargin": "false"}, -4171),
    ],
)
def test_a_setting_is_refused(path: str, params: dict[str, Any], code: int) -> None:
    client = with_position()
    answer = client.ask("POST", f"/fapi/v1/{path}", **({"symbol": "BTCUSDT"} | params))
    assert answer["code"] == code


def test_resting_orders_hold_both_modes() -> None:
    client = a_binance()
    client.ask("POST", "/fapi/v1/order", **LIMIT)
    dual = client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    mode = client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="CROSSED")
    assert (dual["code"], mode["code"]) == (-4067, -4047)


def test_multi_assets_mode_is_said_to_whoever_asks() -> None:
    client = a_binance()
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")["code"] == 200
    assert client.ask("GET", "/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": True}
    for path in ("v1/accountConfig", "v2/account"):
        assert client.ask("GET", f"/fapi/{path}")["multiAssetsMargin"] is True
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")["code"] == -4171


def test_the_rights_of_a_key_are_told_on_the_spot_host() -> None:
    client = a_binance()
    rights = client.ask("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enableWithdrawals"], rights["ipRestrict"]) == (True, False, True)
    keys = client.wire.world.keys
    keys.add(replace(client.key, withdraw=True, trade=False))
    rights = client.ask("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enableWithdrawals"]) == (False, True)
    # A key that may not trade may read.
    assert client.ask("POST", "/fapi/v1/order", **MARKET)["code"] == -2015
    assert client.ask("GET", "/fapi/v3/balance")[0]["asset"] == "USDT"


def test_portfolio_margin_takes_futures_from_a_key_and_leaves_it_its_rights() -> None:
    client = a_binance()
    client.wire.world.keys.add(replace(client.key, portfolio_margin=True))
    for path in ("v1/positionSide/dual", "v2/positionRisk"):
        assert client.ask("GET", f"/fapi/{path}")["code"] == -2015
    rights = client.ask("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enablePortfolioMarginTrading"]) == (False, True)


def test_settings_that_are_free_change() -> None:
    client = a_binance()
    assert client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")["code"] == 200
    assert client.ask("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": True}
    assert client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="CROSSED")["code"] == 200
    world = client.wire.world
    assert world.exchange.desk.position_mode(ALICE) is PositionMode.HEDGE
    (row,) = client.ask("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert row["marginType"] == "CROSSED"
    assert world.exchange.desk.terms(a_holding().id)[1] is MarginMode.CROSS


def test_in_hedge_mode_the_side_says_what_reduces() -> None:
    client = a_binance()
    client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    long, short = MARKET | {"positionSide": "LONG"}, MARKET | {"positionSide": "SHORT", "side": "SELL"}
    assert client.ask("POST", "/fapi/v1/order", **MARKET)["code"] == -4061
    assert client.ask("POST", "/fapi/v1/order", **(long | {"reduceOnly": "true"}))["code"] == -1106
    for order in (long, short, long | {"side": "SELL", "quantity": "0.5"}):
        assert client.ask("POST", "/fapi/v1/order", **order)["positionSide"] in ("LONG", "SHORT")
    rows = client.ask("GET", "/fapi/v3/positionRisk")
    assert [(r["positionSide"], r["positionAmt"]) for r in rows] == [("LONG", "0.5"), ("SHORT", "-1")]


# --- who asks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "params", "code"),
    [
        (START_MS - 5001, {}, -1021),
        (START_MS - 5000, {}, 0),
        (START_MS + 999, {}, 0),
        (START_MS + 1000, {}, -1021),
        (START_MS - 20_000, {"recvWindow": 20_000}, 0),
        (START_MS, {"recvWindow": 60_001}, -1131),
    ],
)
def test_a_request_has_a_window_of_time(stamp: int, params: dict[str, Any], code: int) -> None:
    client = a_binance()
    answer = client.raw("GET", "/fapi/v3/balance", signed(client.key, stamp, params))
    assert (answer["code"] if isinstance(answer, dict) else 0) == code


def test_a_skewed_clock_refuses_what_was_right() -> None:
    hands = Hands()
    client = a_binance(hands)
    query = signed(client.key, hands.now_ms, {})
    client.wire.world.clock.skew_ms = -2000
    assert client.raw("GET", "/fapi/v3/balance", query)["code"] == -1021


@pytest.mark.parametrize(
    ("key", "query", "status", "code"),
    [
        ("", "timestamp=1", 401, -2014),
        ("nobody", "timestamp=1", 401, -2015),
        (None, "", 400, -1102),
        (None, f"timestamp={START_MS}", 400, -1102),
        (None, f"timestamp={START_MS}&signature=00", 400, -1022),
    ],
)
def test_a_request_that_is_not_signed_right_is_refused(
    key: str | None, query: str, status: int, code: int
) -> None:
    client = a_binance()
    answer = client.raw("GET", "/fapi/v3/balance", query, key)
    assert (client.status, answer["code"]) == (status, code)


def test_the_signature_is_over_the_query_as_it_was_sent() -> None:
    client = a_binance()
    query = signed(client.key, START_MS, {"symbol": "BTCUSDT", "origClientOrderId": "a b"})
    assert client.raw("GET", "/fapi/v1/order", query)["code"] == -2013
    assert client.raw("GET", "/fapi/v1/order", query.replace("a+b", "a%20b"))["code"] == -1022


def test_a_revoked_key_is_refused_and_can_come_back() -> None:
    client = a_binance()
    client.wire.world.keys.revoke("alice-key")
    assert client.ask("GET", "/fapi/v3/balance")["code"] == -2015
    client.wire.world.keys.revoke("alice-key", revoked=False)
    assert client.ask("GET", "/fapi/v3/balance")[0]["asset"] == "USDT"


def test_an_unknown_path_is_no_refusal_of_the_account() -> None:
    client = a_binance()
    assert client.ask("GET", "/fapi/v9/order")["code"] == -5000
    assert client.status == 404


def test_weights_are_counted_and_too_many_are_banned() -> None:
    hands = Hands()
    client = a_binance(hands)
    client.raw("GET", "/fapi/v1/time")
    assert client.headers["x-mbx-used-weight-1m"] == "1"
    client.ask("GET", "/fapi/v1/openAlgoOrders")
    assert client.headers["x-mbx-used-weight-1m"] == "41"
    while client.status == 200:
        client.ask("GET", "/fapi/v1/openOrders")
    assert (client.status, int(client.headers["x-mbx-used-weight-1m"]) > WEIGHT_MAX) == (429, True)
    assert 0 < int(client.headers["Retry-After"]) <= 60
    for _ in range(PATIENCE):
        client.raw("GET", "/fapi/v1/time")
    assert (client.status, client.headers["Retry-After"]) == (418, "120")
    hands.now_ms += 61_000
    assert client.raw("GET", "/fapi/v1/time")["code"] == -1003
    assert client.status == 418
    hands.now_ms += 60_000
    assert client.raw("GET", "/fapi/v1/time")["serverTime"] == hands.now_ms


def test_a_halted_symbol_is_shown_and_not_traded() -> None:
    client = a_binance()
    client.wire.world.market[BTC].halted = True
    rows = {s["symbol"]: s["status"] for s in client.raw("GET", "/fapi/v1/exchangeInfo")["symbols"]}
    assert rows == {"BTCUSDT": "BREAK", "ETHUSDT": "TRADING"}
    assert client.ask("POST", "/fapi/v1/order", **MARKET)["code"] == -4108
