"""Orders of Binance that wait for something: trailing stops, profits at a limit, dates."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.types import OrderKind, PositionId, Side
from bot.simulator import World
from bot.simulator.world import OrderTerms, Refusal
from bot.venues.paper import MarketModel
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, START_MS, Hands, a_holding, a_world
from tests.simulator.binance_desk import ALGO_STOP, Client, a_binance, run
from tests.simulator.test_binance_streams import a_desk, heard

D = Decimal
TRAIL = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "TRAILING_STOP_MARKET",
    "quantity": "10",
    "callbackRate": "5",
    "reduceOnly": "true",
}
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "1", "timeInForce": "GTC"}
GOOD_TILL = {"timeInForce": "GTD", "goodTillDate": str(START_MS + 700_999)}
TILL_MS = START_MS + 700_999 - (START_MS + 700_999) % 1000


def with_position(**world: Any) -> Client:
    client = a_binance(Hands(), **world)
    client.wire.world.open(a_holding())
    return client


def trailed(client: Client, **changes: str) -> Any:
    placed = client.ask("POST", "/fapi/v1/algoOrder", **(TRAIL | changes))
    assert placed["algoStatus"] == "NEW", placed
    return placed


def asked(client: Client, placed: Any) -> Any:
    return client.ask("GET", "/fapi/v1/algoOrder", algoId=placed["algoId"])


def test_a_trailing_stop_says_what_it_was_sent_with() -> None:
    placed = trailed(with_position(), activatePrice="110")
    names = ("orderType", "activatePrice", "callbackRate", "triggerPrice", "workingType", "reduceOnly")
    assert [placed[name] for name in names] == [
        "TRAILING_STOP_MARKET",
        "110",
        "5",
        "0",
        "CONTRACT_PRICE",
        True,
    ]


def test_a_trailing_stop_follows_the_price_it_is_told_to_and_closes_behind_it() -> None:
    client = with_position()
    placed = trailed(client, activatePrice="110", workingType="MARK_PRICE")
    world = client.wire.world
    for price in ("109", "95", "120", "114.1"):
        world.move(BTC, D(price))
        assert asked(client, placed)["algoStatus"] == "NEW"
    world.move(BTC, D(110))
    finished = asked(client, placed)
    # 120 less 5 % is 114.
    assert (finished["algoStatus"], finished["actualPrice"]) == ("FINISHED", "114")
    child = client.ask("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=finished["actualOrderId"])
    assert (child["type"], child["origType"]) == ("MARKET", "TRAILING_STOP_MARKET")
    assert (child["activatePrice"], child["priceRate"], child["avgPrice"]) == ("110", "5", "114")
    assert world.view(ALICE).positions == {}


def test_one_without_an_activation_shows_the_price_it_began_at() -> None:
    client = with_position()
    assert trailed(client)["activatePrice"] == "100"
    client.wire.world.move(BTC, D("94.9"))
    assert client.ask("GET", "/fapi/v1/openAlgoOrders") == []


def test_a_trailing_stop_that_is_met_is_told_with_its_distance(certificates: Path) -> None:
    async def main() -> None:
        async with a_desk(certificates) as desk:
            desk.world.open(a_holding())
            trailed(desk.client)
            socket = await desk.listen()
            desk.world.move(BTC, D(90))
            frames = [await heard(socket) for _ in range(7)]
            (new,) = [f["o"] for f in frames if f.get("o", {}).get("x") == "NEW"]
            assert (new["ot"], new["AP"], new["cr"]) == ("TRAILING_STOP_MARKET", "100", "5")
            told = [(f["e"], f["o"]["X"]) for f in frames if f["e"] == "ALGO_UPDATE"]
            assert told == [("ALGO_UPDATE", each) for each in ("TRIGGERING", "TRIGGERED", "FINISHED")]

    run(main)


def test_a_profit_is_taken_at_a_limit() -> None:
    client = with_position()
    terms = {"type": "TAKE_PROFIT", "triggerPrice": "110", "price": "109"}
    placed = client.ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | terms))
    assert (placed["orderType"], placed["price"]) == ("TAKE_PROFIT", "109")
    client.wire.world.move(BTC, D(111))
    finished = asked(client, placed)
    assert (finished["algoStatus"], finished["actualPrice"]) == ("FINISHED", "110")


def test_a_stop_whose_limit_was_passed_becomes_a_plain_order() -> None:
    client = with_position()
    terms = {"type": "STOP", "triggerPrice": "95", "price": "95"}
    placed = client.ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | terms))
    client.wire.world.move(BTC, D(93), gap=True)
    assert asked(client, placed)["algoStatus"] == "TRIGGERED"
    (resting,) = client.ask("GET", "/fapi/v1/openOrders")
    assert (resting["type"], resting["origType"], resting["price"]) == ("LIMIT", "STOP", "95")


def test_a_stop_that_is_for_now_or_never_is_gone_where_its_limit_was_passed() -> None:
    client = with_position()
    terms = {"type": "STOP", "triggerPrice": "95", "price": "95", "timeInForce": "IOC"}
    placed = client.ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | terms))
    client.wire.world.move(BTC, D(93), gap=True)
    assert asked(client, placed)["algoStatus"] == "EXPIRED"
    assert client.ask("GET", "/fapi/v1/openOrders") == []


def test_an_order_that_is_good_till_a_date_ends_then(certificates: Path) -> None:
    hands = Hands()

    async def main() -> None:
        async with a_desk(certificates, a_world(hands=hands)) as desk:
            placed = desk.client.ask("POST", "/fapi/v1/order", **(LIMIT | GOOD_TILL | {"price": "99"}))
            assert placed["goodTillDate"] == TILL_MS
            socket = await desk.listen()
            hands.now_ms = TILL_MS - 1
            desk.client.wire.tick()
            assert len(desk.client.ask("GET", "/fapi/v1/openOrders")) == 1
            hands.now_ms = TILL_MS
            desk.client.wire.tick()
            told = (await heard(socket))["o"]
            assert (told["x"], told["X"], told["gtd"]) == ("EXPIRED", "EXPIRED", TILL_MS)

    run(main)


def test_a_price_that_comes_too_late_finds_no_order() -> None:
    hands = Hands()
    client = a_binance(hands)
    client.ask("POST", "/fapi/v1/order", **(LIMIT | GOOD_TILL | {"price": "99"}))
    hands.now_ms = TILL_MS
    client.wire.world.move(BTC, D(98))
    assert client.wire.world.view(ALICE).positions == {}


def test_a_changed_order_keeps_its_date() -> None:
    hands = Hands()
    client = a_binance(hands)
    sent = LIMIT | GOOD_TILL | {"price": "99", "newClientOrderId": "mine"}
    client.ask("POST", "/fapi/v1/order", **sent)
    change = {"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "mine", "quantity": "2", "price": "98"}
    assert client.ask("PUT", "/fapi/v1/order", **change)["goodTillDate"] == TILL_MS
    hands.now_ms = TILL_MS
    client.wire.world.expire()
    assert client.ask("GET", "/fapi/v1/openOrders") == []


@pytest.mark.parametrize(
    ("side", "match", "price"),
    [
        # Half of a spread of 2 % from 100: bids from 99 and asks from 101, a level each tick of 0.1.
        ("BUY", "QUEUE", "99.0"),
        ("BUY", "QUEUE_5", "98.6"),
        ("BUY", "OPPONENT_20", "102.9"),
        ("SELL", "QUEUE", "101.0"),
        ("SELL", "OPPONENT_10", "98.1"),
    ],
)
def test_a_limit_can_be_taken_from_the_book(side: str, match: str, price: str) -> None:
    client = a_binance(model=MarketModel(spread=D("0.02")))
    placed = client.ask("POST", "/fapi/v1/order", **(LIMIT | {"side": side, "priceMatch": match}))
    assert (D(placed["price"]), placed["priceMatch"]) == (D(price), match)


def test_what_nothing_depends_on_comes_back_as_it_was_sent() -> None:
    sent = {"price": "99", "selfTradePreventionMode": "EXPIRE_BOTH"}
    placed = a_binance().ask("POST", "/fapi/v1/order", **(LIMIT | sent))
    assert placed["selfTradePreventionMode"] == "EXPIRE_BOTH"


def test_an_order_can_be_tried_without_being_placed() -> None:
    client = a_binance()
    tried = client.ask("POST", "/fapi/v1/order/test", **(LIMIT | {"price": "99"}))
    assert (tried["status"], tried["price"], tried["executedQty"]) == ("NEW", "99", "0")
    refused = client.ask("POST", "/fapi/v1/order/test", **(LIMIT | {"price": "150"}))
    assert refused["code"] == -4016
    assert client.wire.world.view(ALICE).orders == {}


def test_only_so_many_orders_rest_in_a_symbol() -> None:
    client = with_position(balance="100000")
    resting(client.wire.world, 100, OrderKind.STOP_MARKET, trigger=D(95))
    assert client.ask("POST", "/fapi/v1/algoOrder", **(ALGO_STOP | {"quantity": "0.1"}))["code"] == -4045
    resting(client.wire.world, 100, OrderKind.LIMIT, limit=D(105))
    assert client.ask("POST", "/fapi/v1/order", **(LIMIT | {"price": "95.5"}))["code"] == -2025


def resting(world: World, count: int, kind: OrderKind, **prices: Any) -> None:
    """So many orders that reduce Alice's long."""
    id_ = PositionId(ALICE, BTC, Side.LONG)
    for number in range(count):
        name = f"{kind}{number}"
        terms = OrderTerms(client_id=name, id=id_, kind=kind, quantity=D("0.1"), reduces=True, **prices)
        assert not isinstance(world.place(terms), Refusal)
