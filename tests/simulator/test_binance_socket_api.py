"""Requests to Binance over a websocket: the endpoints of REST in other clothes."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.core.types import PositionId, Side
from bot.simulator import ApiKey, Call, World
from bot.simulator.binance import COINM, BinanceWire
from bot.simulator.binance.socket_api import METHODS
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ALICES_KEY, START_MS, Hands, a_holding, a_world
from tests.simulator.binance_desk import ALGO_STOP, binance

D = Decimal
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "99",
    "newClientOrderId": "mine",
}


@dataclass(eq=False)
class Wire:
    """A line to the websocket API with nothing between, and what came down it."""

    call: Call
    session: Any = None
    topics: dict[str, Any] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    def send(self, text: str, topic: str = "") -> None:
        self.heard.append(text)


class Caller:
    """Asks over one connection, as Alice unless it says otherwise."""

    def __init__(self, world: World | None = None, query: str = "", path: str = "/ws-fapi/v1") -> None:
        self.world = world or a_world(hands=Hands())
        self.wire: BinanceWire = binance(self.world)
        call = Call(method="GET", host="ws-fapi.binance.com", path=path, query=query)
        self.line: Any = cast("Any", Wire(call))
        self.status = self.wire.connect(self.line)

    def say(self, text: str) -> Any:
        self.wire.hear(self.line, text)
        return json.loads(self.line.heard.pop())

    def ask(self, method: str, **params: Any) -> Any:
        """A request that needs no key."""
        return self.say(json.dumps({"id": 7, "method": method, "params": params}))

    def signed(self, method: str, **params: Any) -> Any:
        """Signed with Alice's key as the documentation has it: all in alphabetical order, as written."""
        return self.signed_by(ALICES_KEY, method, **params)

    def signed_by(self, key: ApiKey, method: str, **params: Any) -> Any:
        """The same with another key."""
        params = {"apiKey": key.key, "timestamp": self.world.clock.now_ms()} | params
        text = "&".join(f"{name}={params[name]}" for name in sorted(params))
        return self.ask(method, **params, signature=signature(key, text))


def signature(key: ApiKey, text: str) -> str:
    if key.secret.startswith("-----BEGIN"):
        private = serialization.load_pem_private_key(key.secret.encode(), None)
        assert isinstance(private, Ed25519PrivateKey)
        return base64.b64encode(private.sign(text.encode())).decode()
    return hmac.new(key.secret.encode(), text.encode(), "sha256").hexdigest()


def a_pair() -> ApiKey:
    """An Ed25519 key of Alice."""
    encoding = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    secret = Ed25519PrivateKey.generate().private_bytes(*encoding).decode()
    return ApiKey(key="alice-pair", secret=secret, account=ALICE)


def code(answer: Mapping[str, Any]) -> tuple[int, int]:
    return answer["status"], answer["error"]["code"]


def test_an_order_is_placed_changed_shown_and_cancelled() -> None:
    caller = Caller()
    placed = caller.signed("order.place", **LIMIT)
    assert (placed["id"], placed["status"], placed["result"]["status"]) == (7, 200, "NEW")
    named = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    changed = caller.signed("order.modify", side="BUY", quantity="2", price="98", **named)
    assert (changed["result"]["origQty"], changed["result"]["price"]) == ("2", "98")
    assert caller.signed("order.status", **named)["result"]["orderId"] == placed["result"]["orderId"]
    assert caller.signed("order.cancel", **named)["result"]["status"] == "CANCELED"
    assert caller.world.view(ALICE).open_orders == ()


def test_a_stop_is_placed_and_cancelled() -> None:
    caller = Caller()
    caller.world.open(a_holding())
    placed = caller.signed("algoOrder.place", **ALGO_STOP)["result"]
    assert placed["algoStatus"] == "NEW"
    assert caller.signed("algoOrder.cancel", algoId=placed["algoId"])["result"]["msg"] == "success"


def test_an_account_reads_itself() -> None:
    caller = Caller()
    caller.world.open(a_holding())
    (held,) = caller.signed("v2/account.position")["result"]
    assert held["positionAmt"] == "10"
    assert len(caller.signed("account.position")["result"]) == 2
    (balance,) = caller.signed("v2/account.balance")["result"]
    assert balance["balance"] == "10000.00000000"
    assert caller.signed("v2/account.status")["result"]["totalWalletBalance"] == "10000.00000000"


def test_prices_need_no_key() -> None:
    caller = Caller()
    assert caller.ask("ticker.price", symbol="BTCUSDT")["result"]["price"] == "100"
    assert len(caller.ask("ticker.book")["result"]) == 2
    assert len(caller.ask("v1/depth", symbol="BTCUSDT", limit=5)["result"]["bids"]) == 5


def test_a_user_stream_is_started_here_too() -> None:
    caller = Caller()
    started = caller.ask("userDataStream.start", apiKey=ALICES_KEY.key)["result"]["listenKey"]
    assert caller.ask("userDataStream.ping", apiKey=ALICES_KEY.key)["result"]["listenKey"] == started
    assert caller.ask("userDataStream.stop", apiKey=ALICES_KEY.key)["result"] == {}


def test_limits_are_those_of_rest_and_told_unless_nobody_wants_to_know() -> None:
    caller = Caller()
    # Connecting weighs 5, and a price 1.
    (weight,) = caller.ask("ticker.price", symbol="BTCUSDT")["rateLimits"]
    assert (weight["rateLimitType"], weight["limit"], weight["count"]) == ("REQUEST_WEIGHT", 2400, 6)
    counts = [
        (row["rateLimitType"], row["count"]) for row in caller.signed("order.place", **LIMIT)["rateLimits"]
    ]
    assert counts == [("REQUEST_WEIGHT", 6), ("ORDERS", 1), ("ORDERS", 1)]
    assert "rateLimits" not in caller.ask("ticker.price", symbol="BTCUSDT", returnRateLimits=False)
    quiet = Caller(query="returnRateLimits=false")
    assert "rateLimits" not in quiet.ask("ticker.price", symbol="BTCUSDT")
    assert "rateLimits" in quiet.ask("ticker.price", symbol="BTCUSDT", returnRateLimits=True)


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ("{", 400, -1013),
        ("[]", 400, -1013),
        ("[" * 100_000, 400, -1013),
        ('{"id": 1}', 400, -1013),
        ('{"id": 1, "method": "depth", "params": []}', 400, -1013),
        ('{"id": 1, "method": "order.steal"}', 400, -1020),
        ('{"id": 1, "method": "order.place"}', 401, -2014),
        ('{"id": 1, "method": "order.place", "params": {"apiKey": "nobodys"}}', 401, -2015),
        ('{"id": 1, "method": "order.place", "params": {"apiKey": "alice-key", "timestamp": 1}}', 400, -1021),
    ],
)
def test_what_is_wrong_is_said(text: str, status: int, error: int) -> None:
    assert code(Caller().say(text)) == (status, error)


def test_another_signature_is_refused() -> None:
    asked = {"apiKey": ALICES_KEY.key, "timestamp": START_MS, "signature": "x"}
    assert code(Caller().ask("order.place", **LIMIT, **asked)) == (400, -1022)


def test_a_refusal_is_told_with_the_id_of_its_request() -> None:
    refused = Caller().signed("order.place", **(LIMIT | {"price": "150"}))
    assert (refused["id"], code(refused)) == (7, (400, -4016))


def test_nobody_is_let_in_elsewhere() -> None:
    assert (Caller().status, Caller(path="/ws-api/v3").status) == (0, 404)


def test_a_connection_is_logged_on_with_a_key_pair_and_needs_no_signature_then() -> None:
    caller, pair = Caller(), a_pair()
    caller.world.keys.add(pair)
    stamp = {"timestamp": START_MS}
    assert code(caller.ask("order.place", **LIMIT, **stamp)) == (401, -2014)
    on = caller.signed_by(pair, "session.logon")["result"]
    assert (on["apiKey"], on["authorizedSince"], on["connectedSince"]) == ("alice-pair", START_MS, START_MS)
    assert caller.ask("session.status")["result"] == on
    assert caller.ask("order.place", **LIMIT, **stamp)["result"]["clientOrderId"] == "mine"
    assert code(caller.ask("account.balance")) == (400, -1102)  # A time stamp it does need.
    assert caller.ask("session.logout")["result"]["apiKey"] is None
    assert code(caller.ask("order.place", **LIMIT, **stamp)) == (401, -2014)


def test_a_pair_signs_each_request_as_well() -> None:
    caller, pair = Caller(), a_pair()
    caller.world.keys.add(pair)
    assert caller.signed_by(pair, "order.place", **LIMIT)["status"] == 200
    assert code(caller.signed_by(a_pair(), "order.place", **LIMIT)) == (400, -1022)


def test_a_shared_secret_cannot_log_on() -> None:
    assert code(Caller().signed("session.logon")) == (400, -4056)


def test_a_session_ends_with_its_key() -> None:
    caller, pair = Caller(), a_pair()
    caller.world.keys.add(pair)
    caller.signed_by(pair, "session.logon")
    caller.world.keys.revoke(pair.key)
    ended = caller.ask("order.place", **LIMIT, timestamp=START_MS)
    assert (ended["id"], code(ended)) == (None, (401, -2015))
    assert caller.ask("session.status")["result"]["apiKey"] is None


def test_coin_m_has_one_of_its_own() -> None:
    call = Call(method="GET", host="ws-dapi.binance.com", path="/ws-dapi/v1")
    line: Any = cast("Any", Wire(call))
    wire = binance(a_world(hands=Hands()), COINM)
    assert wire.connect(line) == 0
    wire.hear(line, '{"id": 1, "method": "session.status"}')
    assert json.loads(line.heard.pop())["result"]["apiKey"] is None


def test_every_method_is_an_endpoint_that_is_served() -> None:
    caller = Caller()
    for method in METHODS:
        answer = caller.signed(method)
        assert answer.get("error", {}).get("code") not in (-5000, -1020), method


def test_a_position_opened_here_is_one_of_the_exchange() -> None:
    caller = Caller()
    caller.signed("order.place", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.5)
    held = caller.world.view(ALICE).positions[PositionId(ALICE, BTC, Side.LONG)]
    assert held.quantity == D("0.5")
