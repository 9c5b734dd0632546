"""What the simulated Binance knows of its market and of an account beside prices and orders."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.types import MarginMode, PositionMode
from bot.simulator.market import Bar
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ETH, START_MS, Hands, a_holding, a_world
from tests.simulator.binance_desk import (
    DELIVERY_MS,
    QUARTERLY,
    Client,
    a_binance,
    binance,
    run,
    with_quarterly,
)
from tests.simulator.test_binance_streams import a_desk, heard, silent

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
HOUR_MS = 3_600_000


def test_a_quarterlys_basis_is_its_distance_from_the_perpetual() -> None:
    world = with_quarterly(Hands())
    hour = START_MS - START_MS % HOUR_MS
    for symbol, price in ((BTC, D(100)), (QUARTERLY, D("101.2"))):
        bars = [Bar(hour - n * HOUR_MS, price, price, price, price) for n in (2, 1)]
        world.market.seed(symbol, bars)
    asked = {"pair": "BTCUSDT", "contractType": "CURRENT_QUARTER", "period": "1h"}
    rows = Client(binance(world)).ask("GET", "/futures/data/basis", **asked)
    assert [row["timestamp"] for row in rows] == [hour - HOUR_MS, hour]
    # 1.2 % over the part of a year that is left from the end of the last of these hours.
    year = D("0.012") * 365 * 24 * HOUR_MS / (DELIVERY_MS - hour)
    assert rows[-1] == {
        "pair": "BTCUSDT",
        "contractType": "CURRENT_QUARTER",
        "indexPrice": "100",
        "futuresPrice": "101.2",
        "basis": "1.2",
        "basisRate": "0.0120",
        "annualizedBasisRate": str(year.quantize(D("0.0001"))),
        "timestamp": hour,
    }
    asked |= {"contractType": "PERPETUAL"}
    perpetual = Client(binance(world)).ask("GET", "/futures/data/basis", **asked)
    assert {(row["basis"], row["annualizedBasisRate"]) for row in perpetual} == {("0", "")}


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"period": "1m"}, -1130), ({"contractType": "NEXT_QUARTER"}, -4104), ({"pair": "XRPUSDT"}, -4144)],
)
def test_a_basis_of_nothing_is_refused(changes: dict[str, str], code: int) -> None:
    asked = {"pair": "BTCUSDT", "contractType": "PERPETUAL", "period": "1h"} | changes
    assert a_binance().ask("GET", "/futures/data/basis", **asked)["code"] == code


def test_bars_of_the_mark_are_its_own_since_it_left_the_last_price() -> None:
    hands = Hands(START_MS - START_MS % 60_000)
    client = a_binance(hands)
    for price in (("101", "101"), ("104", "102"), ("103", "99"), ("102", "102")):
        client.wire.world.move(BTC, D(price[0]), D(price[1]))
    asked = {"symbol": "BTCUSDT", "interval": "1m"}
    (trades,) = client.ask("GET", "/fapi/v1/klines", **asked)
    assert trades[1:5] == ["100", "102", "99", "102"]
    (marks,) = client.ask("GET", "/fapi/v1/markPriceKlines", **asked)
    assert marks[1:6] == ["100", "104", "100", "102", "0"]
    assert client.ask("GET", "/fapi/v1/indexPriceKlines", pair="BTCUSDT", interval="1m") == [marks]
    (others,) = client.ask("GET", "/fapi/v1/markPriceKlines", symbol="ETHUSDT", interval="1m")
    assert others[1:5] == ["100", "100", "100", "100"]


def test_bars_of_a_pair_are_those_of_a_type_of_contract() -> None:
    world = with_quarterly(Hands())
    world.move(QUARTERLY, D(104))
    client, asked = Client(binance(world)), {"pair": "BTCUSDT", "interval": "1m"}
    kinds = {"PERPETUAL": "100", "CURRENT_QUARTER": "104"}
    for kind, price in kinds.items():
        rows = client.ask("GET", "/fapi/v1/continuousKlines", contractType=kind, **asked)
        assert rows[-1][4] == price
    assert client.ask("GET", "/fapi/v1/continuousKlines", **asked)["code"] == -1102


def test_what_a_contract_was_delivered_at_is_remembered() -> None:
    hands = Hands()
    world = with_quarterly(hands)
    client = Client(binance(world))
    assert client.ask("GET", "/futures/data/delivery-price", pair="BTCUSDT") == []
    hands.now_ms = DELIVERY_MS
    world.deliver(QUARTERLY, D("105.5"))
    settled = [{"deliveryTime": DELIVERY_MS, "deliveryPrice": 105.5}]
    assert client.ask("GET", "/futures/data/delivery-price", pair="BTCUSDT") == settled
    assert client.ask("GET", "/futures/data/delivery-price", pair="NOPE")["code"] == -4144


def test_the_insurance_fund_is_that_of_the_exchange() -> None:
    client = a_binance()
    (group,) = client.ask("GET", "/fapi/v1/insuranceBalance")
    assert group["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert [(row["asset"], row["marginBalance"]) for row in group["assets"]] == [("USDT", "100000")]
    assert client.ask("GET", "/fapi/v1/insuranceBalance", symbol="ETHUSDT") == group


def test_changes_of_an_order_are_remembered_the_latest_first() -> None:
    client = a_binance(Hands())
    client.ask("POST", "/fapi/v1/order", **LIMIT)
    named = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    for quantity, price in (("2", "99"), ("2", "98")):
        client.ask("PUT", "/fapi/v1/order", side="BUY", quantity=quantity, price=price, **named)
    later, earlier = client.ask("GET", "/fapi/v1/orderAmendment", **named)
    assert later["amendment"] == {
        "price": {"before": "99", "after": "98"},
        "origQty": {"before": "2", "after": "2"},
        "count": 2,
    }
    assert earlier["amendment"]["origQty"] == {"before": "1", "after": "2"}
    assert later["amendmentId"] > earlier["amendmentId"]
    assert client.ask("GET", "/fapi/v1/orderAmendment", limit=1, **named) == [later]
    assert client.ask("GET", "/fapi/v1/orderAmendment", endTime=START_MS - 1, **named) == []
    assert client.ask("GET", "/fapi/v1/orderAmendment", symbol="BTCUSDT", orderId=1)["code"] == -2013


def test_trades_are_listed_from_an_id_on() -> None:
    client = a_binance(Hands())
    for price in ("101", "102", "103"):
        client.wire.world.move(BTC, D(price))
    every = client.ask("GET", "/fapi/v1/historicalTrades", symbol="BTCUSDT")
    asked = {"symbol": "BTCUSDT", "fromId": every[1]["id"], "limit": 2}
    assert client.ask("GET", "/fapi/v1/historicalTrades", **asked) == every[1:3]
    assert [row["a"] for row in client.ask("GET", "/fapi/v1/aggTrades", **asked)] == [
        row["id"] for row in every[1:3]
    ]
    assert client.raw("GET", "/fapi/v1/historicalTrades", "symbol=BTCUSDT", key="")["code"] == -2014


def test_an_accounts_trades_are_listed_from_an_id_on() -> None:
    client = a_binance(Hands())
    for _ in range(3):
        client.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    every = client.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    asked = {"symbol": "BTCUSDT", "fromId": every[1]["id"], "limit": 1}
    assert client.ask("GET", "/fapi/v1/userTrades", **asked) == [every[1]]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("indexInfo", []),
        ("feeBurn", {"feeBurn": False}),
        (
            "rateLimit/order",
            [
                {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
            ],
        ),
    ],
)
def test_what_is_the_same_for_everybody_is_told(path: str, told: Any) -> None:
    assert a_binance().ask("GET", f"/fapi/v1/{path}") == told


def test_the_book_weighs_by_its_levels() -> None:
    client = a_binance(Hands())
    used = 0
    for limit, weight in (("5", 2), ("100", 5), ("", 10), ("1000", 20)):
        client.raw("GET", "/fapi/v1/depth", f"symbol=BTCUSDT&limit={limit}" if limit else "symbol=BTCUSDT")
        used += weight
        assert client.headers["x-mbx-used-weight-1m"] == str(used)


def test_multi_assets_mode_waits_for_orders_and_isolated_positions_to_be_gone() -> None:
    client, on = a_binance(Hands()), {"multiAssetsMargin": "true"}
    client.ask("POST", "/fapi/v1/order", **LIMIT)
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", **on)["code"] == -4170
    client.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    client.wire.world.open(a_holding())
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", **on)["code"] == -4167
    client.ask(
        "POST",
        "/fapi/v1/order",
        symbol="BTCUSDT",
        side="SELL",
        type="MARKET",
        quantity="10",
        reduceOnly="true",
    )
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", **on)["code"] == 200
    client.wire.world.set_margin_mode(ALICE, BTC, MarginMode.CROSS)
    asked = {"symbol": "BTCUSDT", "marginType": "ISOLATED"}
    assert client.ask("POST", "/fapi/v1/marginType", **asked)["code"] == -4168


def test_closing_a_side_that_an_order_opens_is_refused() -> None:
    client = a_binance(Hands())
    client.wire.world.set_position_mode(ALICE, PositionMode.HEDGE)
    client.wire.world.open(a_holding())
    asked = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "BUY", "positionSide": "LONG"}
    stop = asked | {"type": "STOP_MARKET", "triggerPrice": "105", "closePosition": "true"}
    assert client.ask("POST", "/fapi/v1/algoOrder", **stop)["code"] == -2022


def test_of_a_second_the_largest_liquidation_is_told(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding(quantity="4"))
            desk.world.open(a_holding(symbol=ETH))
            every, one = await desk.subscribe("!forceOrder@arr"), await desk.subscribe("btcusdt@forceOrder")
            desk.world.move(BTC, D(80), D(100))
            desk.client.wire.tick()
            told = await heard(one)
            assert await heard(every) == told
            # Bankrupt at 90: the exchange takes it over there.
            names = ("s", "S", "o", "f", "q", "p", "X")
            assert (told["e"], *(told["o"][name] for name in names)) == (
                "forceOrder",
                "BTCUSDT",
                "SELL",
                "LIMIT",
                "IOC",
                "4",
                "90.0",
                "FILLED",
            )
            desk.client.wire.tick()
            assert await silent(one)

    run(main)


def test_a_contract_that_is_halted_is_told(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates, a_world()) as desk:
            socket = await desk.subscribe("!contractInfo")
            desk.world.market[BTC].halted = True
            desk.client.wire.tick()
            told = await heard(socket)
            names = ("e", "s", "ct", "cs")
            assert [told[name] for name in names] == ["contractInfo", "BTCUSDT", "PERPETUAL", "BREAK"]
            desk.world.market[BTC].halted = False
            desk.client.wire.tick()
            assert (await heard(socket))["cs"] == "TRADING"

    run(main)


def test_bars_are_told_of_a_pair_and_a_type_of_contract(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates, with_quarterly(Hands())) as desk:
            socket = await desk.subscribe("btcusdt_current_quarter@continuousKline_1m")
            desk.world.move(QUARTERLY, D(103))
            told = await heard(socket)
            assert (told["e"], told["ps"], told["ct"]) == ("continuous_kline", "BTCUSDT", "CURRENT_QUARTER")
            assert (told["k"]["c"], told["k"]["i"], "s" in told["k"]) == ("103", "1m", False)

    run(main)


DAY_MS = 24 * HOUR_MS


def with_two_orders(days: int) -> Client:
    """Alice bought, and so many days later again."""
    hands = Hands()
    client = a_binance(hands)
    for day in (0, days):
        hands.now_ms = START_MS + day * DAY_MS
        client.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    return client


@pytest.mark.parametrize("path", ["allOrders", "userTrades"])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 1),
        ({"startTime": START_MS}, 1),
        ({"startTime": START_MS - DAY_MS}, 1),
        ({"startTime": START_MS - 8 * DAY_MS}, 0),
        ({"endTime": START_MS + 7 * DAY_MS}, 2),
        ({"startTime": START_MS, "endTime": START_MS + 7 * DAY_MS}, 2),
        ({"orderId": 1}, 2),
    ],
)
def test_seven_days_are_listed_at_once(path: str, asked: dict[str, int], found: int) -> None:
    if path == "userTrades" and "orderId" in asked:
        asked = {"fromId": 1}
    rows = with_two_orders(7 if "endTime" in asked else 8).ask(
        "GET", f"/fapi/v1/{path}", symbol="BTCUSDT", **asked
    )
    assert len(rows) == found


def test_more_than_seven_days_are_refused() -> None:
    asked = {"symbol": "BTCUSDT", "startTime": START_MS, "endTime": START_MS + 7 * DAY_MS + 1}
    assert a_binance().ask("GET", "/fapi/v1/allOrders", **asked)["code"] == -4165


@pytest.mark.parametrize(("days", "code"), [(3, None), (4, -2013)])
def test_an_order_that_ended_unfilled_is_known_for_three_days(days: int, code: int | None) -> None:
    hands = Hands()
    client = a_binance(hands)
    client.ask("POST", "/fapi/v1/order", **LIMIT)
    client.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    hands.now_ms += days * DAY_MS
    found = client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert found.get("code") == code


def test_a_batch_of_another_length_is_refused() -> None:
    client = a_binance()
    assert client.ask("POST", "/fapi/v1/batchOrders", batchOrders="[]")["code"] == -4082
    many = {"symbol": "BTCUSDT", "orderIdList": str(list(range(11)))}
    assert client.ask("DELETE", "/fapi/v1/batchOrders", **many)["code"] == -4032
