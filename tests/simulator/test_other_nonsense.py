"""Whatever is sent to Bybit, OKX or XT, the wire answers in its form and the books stay in order."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.simulator import Call, Wire, World
from bot.simulator.spelling import base64_signature, hex_signature
from bot.simulator.venues import WIRES
from tests.building.simulator import ALICE, ALICES_KEY, a_holding
from tests.simulator.test_bybit import a_bybit
from tests.simulator.test_okx import an_okx
from tests.simulator.test_xt import an_xt

D = Decimal
KEY, SECRET = ALICES_KEY.key, ALICES_KEY.secret
HOSTS = {"bybit": "api.bybit.com", "okx": "www.okx.com", "xt": "fapi.xt.com"}
Asked = tuple[str, str, dict[str, Any]]

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
BYBIT: list[Asked] = [
    (
        "POST",
        "/v5/order/create",
        LINEAR | {"side": "Buy", "orderType": "Limit", "qty": "1", "price": "49000"},
    ),
    (
        "POST",
        "/v5/order/create",
        LINEAR
        | {"side": "Sell", "orderType": "Market", "qty": "1", "reduceOnly": True, "positionIdx": 0}
        | {"triggerPrice": "46000", "triggerDirection": 2, "triggerBy": "MarkPrice"},
    ),
    ("POST", "/v5/order/cancel", LINEAR | {"orderId": "1"}),
    ("POST", "/v5/position/add-margin", LINEAR | {"margin": "10", "positionIdx": 0}),
    ("POST", "/v5/position/set-leverage", LINEAR | {"buyLeverage": "5", "sellLeverage": "5"}),
    ("POST", "/v5/position/switch-mode", LINEAR | {"mode": 3}),
    ("GET", "/v5/order/realtime", LINEAR | {"limit": "5", "cursor": "", "orderFilter": "StopOrder"}),
    ("GET", "/v5/execution/list", LINEAR | {"limit": "5", "startTime": "1"}),
    ("GET", "/v5/market/kline", LINEAR | {"interval": "1", "limit": "5", "start": "1"}),
]
SWAP = {"instId": "BTC-USDT-SWAP"}
OKX: list[Asked] = [
    (
        "POST",
        "/api/v5/trade/order",
        SWAP | {"tdMode": "isolated", "side": "buy", "ordType": "limit", "sz": "1", "px": "49000"},
    ),
    (
        "POST",
        "/api/v5/trade/order-algo",
        SWAP
        | {"tdMode": "isolated", "side": "sell", "ordType": "conditional", "sz": "100", "reduceOnly": "true"}
        | {"slTriggerPx": "46000", "slTriggerPxType": "mark", "slOrdPx": "-1", "algoClOrdId": "a1"},
    ),
    ("POST", "/api/v5/trade/cancel-order", SWAP | {"ordId": "1"}),
    ("POST", "/api/v5/account/set-leverage", SWAP | {"lever": "5", "mgnMode": "isolated"}),
    ("POST", "/api/v5/account/set-position-mode", {"posMode": "net_mode"}),
    (
        "POST",
        "/api/v5/account/position/margin-balance",
        SWAP | {"posSide": "net", "type": "add", "amt": "10"},
    ),
    ("GET", "/api/v5/trade/orders-algo-pending", {"ordType": "conditional", "limit": "5", "after": "1"}),
    ("GET", "/api/v5/trade/orders-pending", {"instType": "SWAP", "limit": "5", "after": "1"}),
    ("GET", "/api/v5/account/bills", {"type": "6", "begin": "1", "limit": "5"}),
    ("GET", "/api/v5/market/candles", SWAP | {"bar": "1m", "limit": "5", "after": "9"}),
]
SIDE = {"symbol": "btc_usdt", "positionSide": "LONG"}
XT: list[Asked] = [
    (
        "POST",
        "/future/trade/v1/order/create",
        SIDE | {"orderSide": "BUY", "orderType": "LIMIT", "origQty": "100", "price": "49000"},
    ),
    (
        "POST",
        "/future/trade/v1/entrust/create-plan",
        SIDE
        | {"orderSide": "SELL", "entrustType": "STOP_MARKET", "origQty": "100", "stopPrice": "46000"}
        | {"triggerPriceType": "MARK_PRICE", "timeInForce": "IOC", "clientOrderId": "a1"},
    ),
    ("POST", "/future/trade/v1/order/cancel", {"orderId": "1"}),
    ("POST", "/future/trade/v1/entrust/cancel-plan", {"entrustId": "1"}),
    ("POST", "/future/user/v1/position/margin", SIDE | {"margin": "10", "type": "ADD"}),
    ("POST", "/future/user/v1/position/adjust-leverage", SIDE | {"leverage": 5}),
    ("POST", "/future/user/v1/position/change-type", SIDE | {"positionType": "CROSSED"}),
    ("GET", "/future/trade/v1/entrust/plan-list", {"state": "NOT_TRIGGERED", "page": "1", "size": "5"}),
    ("GET", "/future/trade/v1/order/list-history", {"symbol": "btc_usdt", "limit": "5", "id": "9"}),
    ("GET", "/future/market/v1/public/q/kline", {"symbol": "btc_usdt", "interval": "1m", "limit": "5"}),
]
ODD = st.one_of(
    st.sampled_from(["", "0", "-1", "1e-30", "1e99", "1e999999", "NaN", "-Infinity", "true", "null", "²"]),
    st.decimals(-1000, 1000, places=3).map(str),
    st.text(max_size=8),
)
ODD_JSON = st.one_of(ODD, st.sampled_from([None, True, [], {}, 0, -1, 1.5, {"a": 1}, [1]]))


def headers_of(name: str, now_ms: int, method: str, target: str, signed: str) -> Mapping[str, str]:
    """What signs a request."""
    named: tuple[str, ...]
    if name == "bybit":
        signature = hex_signature(SECRET, f"{now_ms}{KEY}5000{signed}")
        named = ("x-bapi-api-key", "x-bapi-timestamp", "x-bapi-recv-window", "x-bapi-sign")
        return dict(zip(named, (KEY, str(now_ms), "5000", signature), strict=True))
    if name == "okx":
        stamp = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()
        body = signed if method == "POST" else ""
        signature = base64_signature(SECRET, f"{stamp}{method}{target}{body}")
        named = ("ok-access-key", "ok-access-timestamp", "ok-access-passphrase", "ok-access-sign")
        return dict(zip(named, (KEY, stamp, ALICES_KEY.passphrase, signature), strict=True))
    text = f"xt-validate-appkey={KEY}&xt-validate-timestamp={now_ms}#{target.partition('?')[0]}#{signed}"
    named = ("xt-validate-appkey", "xt-validate-timestamp", "xt-validate-signature")
    return dict(zip(named, (KEY, str(now_ms), hex_signature(SECRET, text)), strict=True))


def ask(wire: Wire, world: World, method: str, path: str, params: Mapping[str, Any]) -> tuple[int, Any]:
    query = urlencode(params) if method == "GET" else ""
    body = "" if method == "GET" else json.dumps(params)
    target = f"{path}?{query}" if query else path
    signed = headers_of(wire.name, world.clock.now_ms(), method, target, query or body)
    call = Call(
        method=method, host=HOSTS[wire.name], path=path, query=query, body=body, headers=signed, peer="me"
    )
    answer = wire.answer(call)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("name", "make", "known"),
    [("bybit", a_bybit, BYBIT), ("okx", an_okx, OKX), ("xt", an_xt, XT)],
    ids=["bybit", "okx", "xt"],
)
@settings(max_examples=60)
@given(data=st.data())
def test_a_request_of_nonsense_gets_an_answer(
    name: str, make: Callable[[], World], known: list[Asked], data: st.DataObject
) -> None:
    world = make()
    wire = WIRES[name](world)
    world.open(a_holding(quantity="1"))
    for _ in range(4):
        method, path, params = data.draw(st.sampled_from(known))
        sent = dict(params)
        odd = ODD if method == "GET" else ODD_JSON
        for changed in data.draw(st.lists(st.sampled_from([*params, "reduceOnly", "side"]), max_size=3)):
            sent[changed] = data.draw(odd)
        status, answer = ask(wire, world, method, path, sent)
        assert status in (200, 400), answer
        assert isinstance(answer, dict)
    view = world.view(ALICE)
    isolated = sum((p.margin for p in view.positions.values()), D(0))
    earned = sum((i.amount for i in view.income), D(0))
    # What left the wallet is in positions or was paid, and is told as such.
    assert view.wallets["USDT"] + isolated == D(100_000) + earned
