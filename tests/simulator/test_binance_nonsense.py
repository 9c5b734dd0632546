"""Whatever is sent, the wire answers in Binance's form and the books stay in order."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.binance.weights import ORDERS_10S_MAX
from tests.building.simulator import ALICE, START_MS, Hands, a_holding
from tests.simulator.binance_desk import ALGO_STOP, a_binance

D = Decimal
ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "1",
    "price": "99",
    "timeInForce": "GTC",
}
TRAIL = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "TRAILING_STOP_MARKET",
    "quantity": "1",
    "callbackRate": "1",
    "activatePrice": "101",
    "reduceOnly": "true",
}
WELL_FORMED = [
    ("POST", "order", ORDER),
    ("POST", "algoOrder", ALGO_STOP),
    ("POST", "order/test", ORDER | {"price": "", "priceMatch": "QUEUE"}),
    ("POST", "order", ORDER | {"timeInForce": "GTD", "goodTillDate": str(START_MS + 10**7)}),
    ("POST", "algoOrder", TRAIL),
    ("POST", "algoOrder", ALGO_STOP | {"type": "STOP", "price": "95", "timeInForce": "IOC"}),
    ("PUT", "order", {"symbol": "BTCUSDT", "side": "BUY", "orderId": "1", "quantity": "1", "price": "98"}),
    ("POST", "positionMargin", {"symbol": "BTCUSDT", "amount": "1", "type": "1"}),
    ("POST", "leverage", {"symbol": "BTCUSDT", "leverage": "11"}),
    ("GET", "klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "5", "startTime": "1"}),
    ("GET", "continuousKlines", {"pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "1m"}),
    ("GET", "aggTrades", {"symbol": "BTCUSDT", "fromId": "1"}),
    ("GET", "allOrders", {"symbol": "BTCUSDT", "startTime": "1", "endTime": "2", "orderId": "1"}),
    ("GET", "orderAmendment", {"symbol": "BTCUSDT", "orderId": "1", "limit": "1"}),
    ("GET", "userTrades", {"symbol": "BTCUSDT", "limit": "5"}),
    ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": "1"}),
    ("DELETE", "algoOrder", {"algoId": "1"}),
]
ODD = st.one_of(
    st.sampled_from(["", "0", "-1", "1e-30", "1e99", "1e999999", "NaN", "-Infinity", "true", "BOTH", "null"]),
    st.decimals(-1000, 1000, places=3).map(str),
    st.text(max_size=8),
)


@given(st.data())
def test_a_request_of_nonsense_gets_an_answer(data: st.DataObject) -> None:
    client = a_binance()
    client.wire.world.open(a_holding())
    for _ in range(4):
        method, path, params = data.draw(st.sampled_from(WELL_FORMED))
        sent: dict[str, Any] = dict(params)
        for name in data.draw(
            st.lists(st.sampled_from([*params, "reduceOnly", "closePosition"]), max_size=3)
        ):
            sent[name] = data.draw(ODD)
        answer = client.ask(method, f"/fapi/v1/{path}", **sent)
        assert client.status in (200, 400), answer
        assert client.status == 200 or isinstance(answer["code"], int)
    wallet, isolated = D(0), D(0)
    view = client.wire.world.view(ALICE)
    wallet = view.wallets["USDT"]
    isolated = sum((p.margin for p in view.positions.values()), D(0))
    earned = sum((i.amount for i in view.income), D(0))
    # What left the wallet is in positions or was paid, and is told as such.
    assert wallet + isolated == D(10_000) + earned


NAMES = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "interval": "1m",
    "period": "5m",
    "side": "BUY",
    "type": "LIMIT",
    "quantity": "1",
    "price": "99",
    "limit": "1",
    "batchOrders": "[{}]",
    "orderIdList": "[1]",
    "countdownTime": "0",
    "amount": "1",
    "leverage": "5",
    "marginType": "CROSSED",
    "dualSidePosition": "true",
    "multiAssetsMargin": "true",
    "startTime": "1",
    "fromId": "1",
    "orderId": "1",
}


@given(st.data())
def test_every_endpoint_has_an_answer_to_anything(data: st.DataObject) -> None:
    client = a_binance()
    method, path = data.draw(st.sampled_from(sorted(client.wire.served)))
    names = data.draw(st.lists(st.sampled_from(sorted(NAMES)), unique=True))
    sent = {name: data.draw(st.just(NAMES[name]) | ODD) for name in names}
    answer = client.ask(method, path, **sent)
    assert client.status in (200, 400), (path, answer)
    assert client.status == 200 or isinstance(answer["code"], int)


def test_too_many_orders_of_one_account_are_refused() -> None:
    hands = Hands()
    client = a_binance(hands)
    for _ in range(ORDERS_10S_MAX):
        client.ask("POST", "/fapi/v1/order", **(ORDER | {"side": "NONE"}))
    assert client.ask("POST", "/fapi/v1/order", **ORDER)["code"] == -1015
    assert client.status == 429
    hands.now_ms += 10_000
    assert client.ask("POST", "/fapi/v1/order", **ORDER)["status"] == "NEW"
    assert client.headers["x-mbx-order-count-10s"] == "1"
