"""What OKX's answers say of the account, of orders and of the market."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.facts import FundingRate, MarkPrice
from bot.core.types import ClientId, MarginMode, OrderKind, PositionMode, PriceKind, Side
from bot.venues.live.terms import AccountState
from bot.venues.live.wire import page_name
from tests.building.frames import frame
from tests.venues.live.okx.desk import (
    ACCOUNT,
    BTC,
    DATED,
    DIALECT,
    ETH,
    INVERSE,
    LISTING,
    D,
    instrument,
    of,
)

READING = DIALECT.reading
ID = ClientId("hf-3-17")
PLAIN, CONDITIONAL = "orders SWAP", "conditional conditional,oco"


def answers(**changes: Any) -> dict[str, Any]:
    """A one-way account: an isolated linear long with a stop, an inverse short, a foreign order."""
    return {
        "balance": frame("okx", "balances"),
        "positions": frame("okx", "positions"),
        PLAIN: frame("okx", "orders"),
        "orders FUTURES": of(),
        CONDITIONAL: frame("okx", "conditional"),
        "conditional trigger": of(),
        "conditional move_order_stop": of(),
    } | changes


def account(**changes: Any) -> AccountState:
    return READING.account(ACCOUNT, answers(**changes), LISTING)


def test_everything_is_asked_for_by_type_and_sort() -> None:
    requests = READING.account_requests(LISTING)
    assert {name: (request.path, dict(request.params)) for name, request in requests.items()} == {
        "balance": ("account/balance", {}),
        "positions": ("account/positions", {}),
        "orders SWAP": ("trade/orders-pending", {"instType": "SWAP", "limit": "100"}),
        "orders FUTURES": ("trade/orders-pending", {"instType": "FUTURES", "limit": "100"}),
        "conditional conditional,oco": (
            "trade/orders-algo-pending",
            {"ordType": "conditional,oco", "limit": "100"},
        ),
        "conditional trigger": ("trade/orders-algo-pending", {"ordType": "trigger", "limit": "100"}),
        "conditional move_order_stop": (
            "trade/orders-algo-pending",
            {"ordType": "move_order_stop", "limit": "100"},
        ),
    }
    assert {request.method for request in requests.values()} == {"GET"}


def test_positions_are_quantities_with_their_isolated_margin() -> None:
    long, short = account().positions
    # 50 contracts of 0.01 BTC.
    assert (long.id.symbol, long.id.side, long.quantity, long.entry) == (BTC, Side.LONG, D("0.5"), D(60000))
    assert (long.mode, long.margin, long.leverage) == (MarginMode.ISOLATED, D(3000), D(10))
    assert long.opened_ms == 1724733617000
    # -3 contracts of 100 dollars: in one-way mode the sign is the side.
    assert (short.id.symbol, short.id.side, short.quantity) == (INVERSE, Side.SHORT, D(300))
    assert short.margin == D("0.001")


def a_row(what: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = frame("okx", what)["data"][0]
    return row | changes


def test_in_hedge_mode_the_row_names_the_side() -> None:
    rows = [a_row("positions", posSide="long"), a_row("positions", posSide="short")]
    assert [each.id.side for each in account(positions=of(*rows)).positions] == [Side.LONG, Side.SHORT]


def test_the_position_of_the_documents_is_not_listed_here_and_is_named() -> None:
    state = account(positions=frame("okx", "position dated"))
    assert state.positions == ()
    assert len(state.flaws) == 1
    assert "'ETH-USD-210430' is not listed" in state.flaws[0]


def test_a_position_in_cross_has_no_margin_of_its_own() -> None:
    row = a_row("positions", mgnMode="cross", margin="")
    (found,) = account(positions=of(row)).positions
    assert (found.mode, found.margin) == (MarginMode.CROSS, D(0))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mgnMode": "moon"}, "mgnMode is 'moon'"),
        ({"posSide": "up"}, "posSide is 'up'"),
        ({"posSide": "long", "pos": "-1"}, "pos is -1 of a long"),
        ({"margin": ""}, "margin is"),
        ({"avgPx": "0"}, "avgPx is"),
    ],
)
def test_a_position_that_makes_no_sense_is_named_and_left_out(changes: dict[str, str], said: str) -> None:
    state = account(positions=of(a_row("positions", **changes)))
    assert state.positions == ()
    assert len(state.flaws) == 1
    assert said in state.flaws[0]


def test_the_exchanges_liquidation_price_is_kept_where_it_shows_one() -> None:
    state = account()
    long, short = state.positions
    assert state.venue_liquidation[long.id] == D("54216.87")
    assert short.id not in state.venue_liquidation


def test_a_wallet_is_its_cash_and_profit_is_not_free() -> None:
    found = {each.currency: (each.wallet, each.free) for each in account().balances}
    # DOGE settles no contract: its balance is not even looked at.
    assert found == {
        "USDT": (D("4850.435693622894"), D("4834.3170936228935")),
        "BTC": (D("0.805994"), D("0.805994")),
    }


def test_two_balances_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 balances, expected the one"):
        account(balance=of(*frame("okx", "balance")["data"] * 2))


def test_the_stop_is_found_with_its_trigger_under_our_id() -> None:
    stop = next(order for order in account().orders if order.trigger is not None)
    assert stop.client_id == ID
    assert (stop.id.symbol, stop.id.side, stop.reduces) == (BTC, Side.LONG, True)
    assert (stop.kind, stop.trigger, stop.trigger_by) == (OrderKind.STOP_MARKET, D(55000), PriceKind.MARK)
    assert (stop.quantity, stop.closes_position, stop.limit) == (D("0.5"), False, None)
    assert stop.placed_ms == 1724751378980


def test_a_foreign_order_is_shown_by_its_own_id() -> None:
    order = next(order for order in account().orders if order.trigger is None)
    assert order.client_id == "1752588852617379840"
    assert (order.id.symbol, order.id.side, order.reduces) == (ETH, Side.LONG, False)
    # 2 contracts of 0.1 ETH.
    assert (order.kind, order.limit, order.quantity) == (OrderKind.LIMIT, D("13013.5"), D("0.2"))


def test_a_conditional_order_of_the_spot_market_is_not_of_interest() -> None:
    state = account(**{CONDITIONAL: frame("okx", "conditional spot"), PLAIN: of()})
    assert (state.orders, state.flaws) == ((), ())


@pytest.mark.parametrize(
    ("changes", "kind", "quantity"),
    [
        ({"ordType": "market", "px": ""}, OrderKind.MARKET, "0.2"),
        ({"ordType": "ioc"}, OrderKind.IOC, "0.2"),
        ({"ordType": "limit", "state": "partially_filled", "accFillSz": "0.5"}, OrderKind.LIMIT, "0.15"),
    ],
)
def test_orders_of_the_book_are_told_apart(changes: dict[str, str], kind: OrderKind, quantity: str) -> None:
    state = account(**{PLAIN: of(a_row("orders", **changes)), CONDITIONAL: of()})
    (order,) = state.orders
    assert (order.kind, order.quantity) == (kind, D(quantity))


TAKES_PROFIT = {"slTriggerPx": "", "tpTriggerPx": "65000", "tpTriggerPxType": "mark", "tpOrdPx": "-1"}
TRIGGER = {"ordType": "trigger", "triggerPx": "55000", "triggerPxType": "last", "ordPx": "-1"}


@pytest.mark.parametrize(
    ("changes", "kind", "side", "reduces"),
    [
        (TAKES_PROFIT, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        ({**TAKES_PROFIT, "ordType": "oco", "slTriggerPx": "55000"}, OrderKind.STOP_MARKET, Side.LONG, True),
        ({"slOrdPx": "54900"}, OrderKind.STOP_LIMIT, Side.LONG, True),
        ({"side": "buy"}, OrderKind.STOP_MARKET, Side.SHORT, True),
        ({"reduceOnly": "false"}, OrderKind.STOP_MARKET, Side.SHORT, False),
        ({"posSide": "long", "reduceOnly": "false"}, OrderKind.STOP_MARKET, Side.LONG, True),
        ({"posSide": "short"}, OrderKind.STOP_MARKET, Side.SHORT, False),
        (TRIGGER, OrderKind.STOP_MARKET, Side.LONG, True),
        ({**TRIGGER, "ordPx": "54900"}, OrderKind.STOP_LIMIT, Side.LONG, True),
        ({**TRIGGER, "triggerPx": "65000"}, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        ({**TRIGGER, "last": ""}, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        (
            {"ordType": "move_order_stop", "moveTriggerPx": "55000"},
            OrderKind.TAKE_PROFIT_MARKET,
            Side.LONG,
            True,
        ),
    ],
)
def test_conditional_orders_are_told_apart(
    changes: dict[str, Any], kind: OrderKind, side: Side, reduces: bool
) -> None:
    state = account(**{PLAIN: of(), CONDITIONAL: of(a_row("conditional", **changes))})
    assert state.flaws == ()
    (order,) = state.orders
    assert (order.kind, order.id.side, order.reduces) == (kind, side, reduces)


def test_a_stop_of_the_whole_position_closes_all_of_it() -> None:
    row = a_row("conditional", closeFraction="1", sz="", algoClOrdId="", slTriggerPxType="last")
    (order,) = account(**{PLAIN: of(), CONDITIONAL: of(row)}).orders
    assert (order.closes_position, order.trigger_by) == (True, PriceKind.LAST)
    assert order.client_id == "1753184812254216192"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "sleeping"}, "state is 'sleeping'"),
        ({"slTriggerPxType": "moon"}, "slTriggerPxType is 'moon'"),
        ({"instId": "DOGE-USDT-SWAP"}, "'DOGE-USDT-SWAP' is not listed"),
        ({"closeFraction": "0.5"}, "closeFraction is '0.5'"),
        ({"sz": "0"}, "sz is"),
    ],
)
def test_an_order_that_makes_no_sense_is_named_and_left_out(changes: dict[str, str], said: str) -> None:
    rows = [a_row("conditional"), a_row("conditional", **changes)]
    state = account(**{PLAIN: of(), CONDITIONAL: of(*rows)})
    assert len(state.orders) == 1
    assert len(state.flaws) == 1
    assert said in state.flaws[0]


def test_half_of_the_orders_is_an_error() -> None:
    with pytest.raises(ValueError, match="more pages than were read"):
        account(**{CONDITIONAL: of(*[a_row("conditional")] * 100)})


def test_orders_of_all_pages_are_read() -> None:
    first = of(*[a_row("conditional", algoId=str(number)) for number in range(100, 0, -1)])
    request = READING.account_requests(LISTING)[CONDITIONAL]
    further = request.after(first)
    assert further is not None
    assert dict(further.params) == {"ordType": "conditional,oco", "limit": "100", "after": "1"}
    last = of(a_row("conditional"))
    assert further.after(last) is None
    state = account(**{CONDITIONAL: first, page_name(CONDITIONAL, 2): last, PLAIN: of()})
    assert len(state.orders) == 101


def test_an_answer_that_is_missing_is_an_error() -> None:
    payloads = answers()
    del payloads["orders FUTURES"]
    with pytest.raises(KeyError):
        READING.account(ACCOUNT, payloads, LISTING)


def test_an_order_is_looked_for_by_its_id_and_by_what_it_traded() -> None:
    requests = READING.order_requests(instrument(), ID, conditional=False)
    latest = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "limit": "100"}
    assert [(request.path, dict(request.params)) for request in requests] == [
        ("trade/order", {"instId": "BTC-USDT-SWAP", "clOrdId": "hfZ3Z17"}),
        ("trade/orders-history", latest),
        ("trade/fills", latest),
    ]
    stop, history, _ = READING.order_requests(instrument(DATED), ID, conditional=True)
    assert (stop.path, dict(stop.params)) == ("trade/order-algo", {"algoClOrdId": "hfZ3Z17"})
    assert history.params["instType"] == "FUTURES"


def test_what_a_close_traded_is_told_with_what_it_lost_against_the_mark() -> None:
    state = READING.order(instrument(), ID, [frame("okx", "order done"), of(), frame("okx", "fills")])
    assert state is not None
    assert (state.open, state.status) == (False, "filled")
    first, second = state.fills
    # 20 contracts are 0.2 BTC, sold 50 below the mark of 55000: 10; a negative fee is what is charged.
    assert (first.quantity, first.price, first.fee) == (D("0.2"), D(54950), D("5.495"))
    assert (first.slippage, first.pnl) == (D(10), D(-1010))
    assert (second.quantity, second.slippage) == (D("0.3"), D("40.02"))


def test_while_trades_lag_the_orders_own_totals_are_told() -> None:
    done, fills = frame("okx", "order done"), frame("okx", "fills")
    state = READING.order(instrument(), ID, [done, of(), of(fills["data"][0])])
    assert state is not None
    (fill,) = state.fills
    assert (fill.quantity, fill.price, fill.fee, fill.pnl) == (D("0.5"), D(54900), D("13.725"), D(-2550))


def test_a_stop_that_was_met_is_open_until_its_order_is_done() -> None:
    met = frame("okx", "stop met")
    waiting = READING.order(instrument(), ID, [met, of(), of()])
    assert waiting is not None
    assert (waiting.open, waiting.fills, waiting.status) == (True, (), "effective")
    state = READING.order(instrument(), ID, [met, frame("okx", "became"), frame("okx", "fills")])
    assert state is not None
    assert (state.open, [fill.quantity for fill in state.fills]) == (False, [D("0.2"), D("0.3")])


def test_a_resting_stop_is_open_and_has_traded_nothing() -> None:
    state = READING.order(instrument(), ID, [frame("okx", "conditional"), of(), of()])
    assert state is not None
    assert (state.open, state.fills, state.status) == (True, (), "live")


@pytest.mark.parametrize("state", ["canceled", "order_failed"])
def test_a_stop_that_ended_without_an_order_is_not_open(state: str) -> None:
    found = READING.order(instrument(), ID, [of(a_row("conditional", state=state)), of(), of()])
    assert found is not None
    assert (found.open, found.status) == (False, state)


@pytest.mark.parametrize("asked", [frame("okx", "no such order"), of(code="51293"), of()])
def test_an_order_that_okx_does_not_know_is_none(asked: Any) -> None:
    assert READING.order(instrument(), ID, [asked, of(), of()]) is None
    assert READING.order(instrument(), ID, [asked, None, None]) is None  # Of no order nothing more is asked.


@pytest.mark.parametrize(
    "asked",
    [
        of(code="50001"),
        frame("okx", "order filled"),
        of(a_row("conditional", state="sleeping")),
        of(a_row("order done", state="sleeping")),
    ],
)
def test_an_answer_that_is_no_answer_to_it_proves_nothing(asked: Any) -> None:
    with pytest.raises(ValueError, match=r"hf-3-17"):
        READING.order(instrument(), ID, [asked, of(), of()])


def test_one_request_brings_all_marks_and_one_all_funding() -> None:
    requests = READING.market_requests([instrument(BTC), instrument(ETH), instrument(DATED)])
    assert [(request.path, dict(request.params)) for request in requests] == [
        ("public/mark-price", {"instType": "SWAP"}),
        ("public/mark-price", {"instType": "FUTURES", "instId": "BTC-USDT-261225"}),
        ("public/funding-rate", {"instId": "ANY"}),
    ]
    alone = READING.market_requests([instrument(BTC)])
    assert [request.params["instId"] for request in alone] == ["BTC-USDT-SWAP"] * 2
    assert [request.path for request in READING.market_requests([instrument(DATED)])] == ["public/mark-price"]


def test_marks_and_funding_are_read() -> None:
    unknown = a_row("marks", instId="DOGE-USDT-SWAP")
    empty = a_row("marks", markPx="")
    payloads = [of(a_row("marks"), unknown, empty), frame("okx", "funding")]
    assert READING.market(payloads, LISTING) == [
        MarkPrice(at_ms=1597026383085, symbol=BTC, price=D(200)),
        FundingRate(at_ms=1743588686291, symbol=BTC, rate=D("0.0000182221218054"), next_ms=1743609600000),
    ]


def test_bars_are_the_closed_ones() -> None:
    request = READING.bars_request(instrument(), 60_000, 2)
    assert (request.path, dict(request.params)) == (
        "market/candles",
        {"instId": "BTC-USDT-SWAP", "bar": "1m", "limit": "3"},
    )
    (bar,) = READING.bars(instrument(), 60_000, frame("okx", "candles"), 1597026400000)
    assert (bar.at_ms, bar.open, bar.high, bar.low, bar.close) == (
        1597026383085,
        D("3.721"),
        D("3.743"),
        D("3.677"),
        D("3.708"),
    )
    assert READING.bars(instrument(), 60_000, frame("okx", "candles"), 1597026383084) == []


@pytest.mark.parametrize(("hours", "name"), [(4, "4H"), (6, "6Hutc"), (24, "1Dutc")])
def test_long_bars_open_by_utc(hours: int, name: str) -> None:
    assert READING.bars_request(instrument(), hours * 3_600_000, 500).params["bar"] == name


def test_a_timeframe_that_okx_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match=r"no bars of 10m; it has 1m, 3m"):
        READING.bars_request(instrument(), 600_000, 5)


@pytest.mark.parametrize(
    "row",
    [
        ["1597026323085", "3.721", "3.6", "3.677", "3.708", "1", "1", "1", "1"],
        ["1597026323085", "3.721", "3.743", "3.677", "0", "1", "1", "1", "1"],
        ["1597026323085", "3.721", "3.743"],
    ],
)
def test_a_bar_that_makes_no_sense_is_an_error(row: list[str]) -> None:
    with pytest.raises(ValueError, match="bar"):
        READING.bars(instrument(), 60_000, of(row), 1597026400000)


def setup(**changes: Any) -> Any:
    return READING.setup([of(a_row("config", **changes))])


def test_the_mode_of_the_account_is_read() -> None:
    assert setup().position_mode is PositionMode.HEDGE
    assert setup(posMode="net_mode").position_mode is PositionMode.ONE_WAY
    assert setup().refuse == ()
    with pytest.raises(ValueError, match="posMode is 'moon'"):
        setup(posMode="moon")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"acctLv": "1"}, "spot mode"),
        ({"acctLv": "3"}, "multi-currency margin"),
        ({"acctLv": "4"}, "portfolio margin"),
        ({"acctLv": "7"}, "in account mode 7"),
        ({"ctIsoMode": "autonomy"}, "ctIsoMode autonomy"),
    ],
)
def test_an_account_that_cannot_be_guarded_is_refused_with_a_reason(
    changes: dict[str, str], said: str
) -> None:
    (reason,) = setup(**changes).refuse
    assert said in reason


def test_the_rights_of_a_key_are_read() -> None:
    rights = READING.rights(frame("okx", "config"))
    assert (rights.trade, rights.withdraw, rights.transfer, rights.ip_restricted) == (True, True, None, False)
    rights = READING.rights(of(a_row("config", perm="read_only", ip="203.0.113.7")))
    assert (rights.trade, rights.withdraw, rights.ip_restricted) == (False, False, True)


def test_the_clock_is_read() -> None:
    assert READING.time_ms(frame("okx", "time")) == 1597026383085
