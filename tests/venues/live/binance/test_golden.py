"""Our requests, signed by the real ccxt class, beside what ccxt's own unified methods build."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.core.intents import OpenHedge
from bot.core.types import OrderKind, PositionMode
from bot.venues.live.dialect import Dialect
from bot.venues.live.terms import Instrument
from bot.venues.live.wire import Request
from tests.venues.live.binance.recorded import (
    COINM,
    OURS,
    QUARTERLY,
    USDM,
    D,
    a_position,
    an_order,
    both,
    btc,
    coin,
    listing,
)

OF_SIGNING = {"timestamp", "recvWindow", "signature"}


@pytest.fixture(scope="session")
def exchanges() -> dict[str, Any]:
    """The unmodified classes, which are never asked to send anything."""
    ccxt = pytest.importorskip("ccxt")
    found = {}
    for dialect, _ in both():
        options = dialect.streams.client_options()
        kind = getattr(ccxt, dialect.traits.ccxt_id)
        found[dialect.traits.name] = kind({"apiKey": "k", "secret": "s", "options": options["options"]})
    return found


@pytest.fixture(scope="session")
def golden(shared: Path) -> Any:
    file = shared / "data" / "venues" / "golden_requests.json"
    return json.loads(file.read_text(encoding="utf-8"))


def signed(exchange: Any, request: Request) -> dict[str, Any]:
    """Host, method, path and parameters as they would leave."""
    assert isinstance(request.api, tuple)
    made = exchange.sign(request.path, list(request.api), request.method, dict(request.params))
    url = urlsplit(made["url"])
    sent = parse_qsl(url.query) + parse_qsl(made["body"] or "")
    return {
        "host": url.hostname,
        "method": made["method"],
        "path": url.path,
        "params": {name: value for name, value in sent if name not in OF_SIGNING},
    }


def recorded(golden: Any, name: str, what: str) -> dict[str, Any]:
    (made,) = golden[name][what]["requests"]
    return {
        "host": made["host"],
        "method": made["method"],
        "path": made["path"],
        "params": {**made["query"], **(made["body"] or {})},
    }


def places() -> list[tuple[Dialect, Instrument, str]]:
    """Ten contracts, or ten coins: what the recorded orders were of."""
    return [(USDM, btc(), "10"), (COINM, coin(), "1000")]


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_our_requests_are_those_that_ccxt_gets_right(
    golden: Any, exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    name = dialect.traits.name
    acting = dialect.acting(PositionMode.ONE_WAY)
    position = a_position(quantity=ten)
    rows = {
        "reduceOnly market": acting.reduce(position, instrument, D(ten), OURS),
        "setLeverage": acting.set_leverage(position, instrument, D(5))[0],
        "stopLossPrice market RO mark": acting.place_stop(position, instrument, D(49000), OURS),
        "fetchOpenOrders trigger": dialect.reading.account_requests(both()[0][1])["algo orders"],
        "fetchLeverageTiers": dialect.contracts.tier_requests([])[0],
        "fetchFundingRate": dialect.reading.market_requests([instrument])[0],
        "fetchOrder by clientOrderId": dialect.reading.order_requests(instrument, OURS, conditional=False)[0],
    }
    ids = ("newClientOrderId", "clientAlgoId", "origClientOrderId")
    for what, request in rows.items():
        ours, theirs = signed(exchanges[name], request), recorded(golden, name, what)
        for side in (ours, theirs):
            side["params"] = {n: v for n, v in side["params"].items() if n not in ids}
        # Two things we say that ccxt leaves to a default, and one that it narrows to a symbol.
        ours["params"].pop("priceProtect", None)
        if what == "fetchOpenOrders trigger":
            theirs["params"].pop("symbol")
        assert ours == theirs, what


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_a_close_in_hedge_mode_is_the_one_that_ccxt_gets_right(
    golden: Any, exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    name = dialect.traits.name
    order = dialect.acting(PositionMode.HEDGE).reduce(a_position(quantity=ten), instrument, D(ten), OURS)
    ours, theirs = signed(exchanges[name], order), recorded(golden, name, "reduceOnly hedged")
    assert ours == {**theirs, "params": theirs["params"] | {"newClientOrderId": OURS}}


def test_each_request_of_a_hedge_in_a_quarterly_is_one_that_ccxt_gets_right(
    golden: Any, exchanges: dict[str, Any]
) -> None:
    dated, guarded = listing().by_symbol[QUARTERLY], a_position()
    intent = OpenHedge(id=guarded.id, symbol=QUARTERLY, quantity=D(10), limit=D(49000), leverage=D(5))
    made = USDM.acting(PositionMode.ONE_WAY).open_hedge(intent, guarded, dated, OURS)
    mode, leverage, order = (signed(exchanges["binanceusdm"], request) for request in made)

    theirs = recorded(golden, "binanceusdm", "setMarginMode isolated")
    theirs["params"] = {
        "symbol": dated.id,
        "marginType": "ISOLATED",
    }  # ccxt passes on what is not read there.
    assert mode == theirs
    assert leverage == recorded(golden, "binanceusdm", "setLeverage quarterly")
    theirs = recorded(golden, "binanceusdm", "reduceOnly market quarterly")
    bound = {"type": "LIMIT", "timeInForce": "IOC", "price": "49000"}
    theirs["params"] |= bound | {"reduceOnly": "false", "newClientOrderId": OURS}
    assert order == theirs


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_our_client_id_leaves_as_it_is(
    exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    # ccxt puts an id of its broker programme on every order that has none.
    acting, exchange = dialect.acting(PositionMode.ONE_WAY), exchanges[dialect.traits.name]
    order = signed(exchange, acting.reduce(a_position(quantity=ten), instrument, D(ten), OURS))
    stop = signed(exchange, acting.place_stop(a_position(quantity=ten), instrument, D(5), OURS))
    assert order["params"]["newClientOrderId"] == OURS
    assert stop["params"]["clientAlgoId"] == OURS
    assert "newClientOrderId" not in stop["params"]


def test_the_cut_of_margin_amounts_cannot_be_reached(golden: Any, exchanges: dict[str, Any]) -> None:
    assert recorded(golden, "binanceusdm", "addMargin")["params"]["amount"] == "123.456"
    ours = signed(
        exchanges["binanceusdm"],
        USDM.acting(PositionMode.ONE_WAY).add_margin(a_position(), btc(), D("123.456789")),
    )
    assert ours["params"] == {"symbol": "BTCUSDT", "amount": "123.456789", "type": "1"}
    assert (ours["host"], ours["path"]) == ("fapi.binance.com", "/fapi/v1/positionMargin")


def test_a_part_of_a_coin_can_be_added_where_ccxt_refuses(golden: Any, exchanges: dict[str, Any]) -> None:
    assert golden["binancecoinm"]["addMargin inverse"]["requests"] == []
    ours = signed(
        exchanges["binancecoinm"],
        COINM.acting(PositionMode.ONE_WAY).add_margin(a_position(), coin(), D("0.0123")),
    )
    assert ours["params"] == {"symbol": "BTCUSD_PERP", "amount": "0.0123", "type": "1"}
    assert (ours["host"], ours["path"]) == ("dapi.binance.com", "/dapi/v1/positionMargin")


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_a_stop_is_cancelled_at_the_algo_service_by_our_id(
    golden: Any, exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    name = dialect.traits.name
    theirs = recorded(golden, name, "cancelOrder trigger")
    ours = signed(exchanges[name], dialect.acting(PositionMode.ONE_WAY).cancel(instrument, an_order()))
    assert ours["params"] == {"symbol": instrument.id, "clientAlgoId": OURS}
    assert {**ours, "params": {}} == {**theirs, "params": {}}
    plain = dialect.acting(PositionMode.ONE_WAY).cancel(instrument, an_order(OrderKind.LIMIT))
    assert signed(exchanges[name], plain)["path"].endswith("/v1/order")


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_positions_are_read_where_leverage_and_margin_mode_are_told(
    exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    # The third version of USD-M, which ccxt asks, tells neither.
    request = dialect.reading.account_requests(both()[0][1])["positions"]
    path = signed(exchanges[dialect.traits.name], request)["path"]
    assert (
        path
        == {"binanceusdm": "/fapi/v2/positionRisk", "binancecoinm": "/dapi/v1/positionRisk"}[
            dialect.traits.name
        ]
    )


@pytest.mark.parametrize(("dialect", "instrument", "ten"), places())
def test_every_request_goes_to_a_host_of_the_exchange(
    exchanges: dict[str, Any], dialect: Dialect, instrument: Instrument, ten: str
) -> None:
    reading, acting = dialect.reading, dialect.acting(PositionMode.ONE_WAY)
    rights = reading.rights_request()
    assert rights is not None
    requests = [
        *reading.account_requests(both()[0][1]).values(),
        *reading.setup_requests(),
        *reading.market_requests([]),
        *reading.order_requests(instrument, OURS, conditional=True),
        reading.bars_request(instrument, 60_000, 100),
        reading.time_request(),
        rights,
        acting.add_margin(a_position(), instrument, D(1)),
    ]
    for request in requests:
        made = signed(exchanges[dialect.traits.name], request)
        assert made["host"] in dialect.traits.hosts
        assert request.window in dialect.traits.windows
