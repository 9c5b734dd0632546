"""What Bybit's answers say of the account, of orders and of the market."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.facts import FundingRate, MarkPrice
from bot.core.types import ClientId, MarginMode, OrderKind, PositionMode, PriceKind, Side
from bot.venues.live.terms import AccountState
from bot.venues.live.wire import page_name
from tests.building.frames import frame
from tests.venues.live.bybit.desk import ACCOUNT, BTC, DIALECT, ETH, INVERSE, LISTING, D, instrument, of

READING = DIALECT.reading
ID = ClientId("hf-3-17")
LINEAR, INVERSES = "linear USDT", "inverse"


def answers(**changes: Any) -> dict[str, Any]:
    """An isolated account: a linear long with a stop, an inverse short, a foreign order."""
    return {
        "info": frame("bybit", "account info isolated"),
        "wallet": frame("bybit", "wallet"),
        f"positions {LINEAR}": frame("bybit", "positions linear"),
        f"positions {INVERSES}": frame("bybit", "positions inverse"),
        f"orders {LINEAR}": frame("bybit", "orders conditional"),
        f"orders {INVERSES}": frame("bybit", "orders none"),
    } | changes


def account(**changes: Any) -> AccountState:
    return READING.account(ACCOUNT, answers(**changes), LISTING)


def test_everything_is_asked_for_by_division() -> None:
    requests = READING.account_requests(LISTING)
    assert {name: (request.path, dict(request.params)) for name, request in requests.items()} == {
        "info": ("v5/account/info", {}),
        "wallet": ("v5/account/wallet-balance", {"accountType": "UNIFIED"}),
        "positions linear USDT": (
            "v5/position/list",
            {"category": "linear", "settleCoin": "USDT", "limit": 200},
        ),
        "positions inverse": ("v5/position/list", {"category": "inverse", "limit": 200}),
        "orders linear USDT": (
            "v5/order/realtime",
            {"category": "linear", "settleCoin": "USDT", "openOnly": 0, "limit": 50},
        ),
        "orders inverse": ("v5/order/realtime", {"category": "inverse", "openOnly": 0, "limit": 50}),
    }


def test_positions_are_read_with_their_isolated_margin() -> None:
    long, short = account().positions
    assert (long.id.symbol, long.id.side, long.quantity, long.entry) == (BTC, Side.LONG, D("0.5"), D(60000))
    # positionBalance is 0, so positionIM it is: margin, what was added, and the closing fee.
    assert (long.mode, long.margin, long.leverage) == (MarginMode.ISOLATED, D("3014.85"), D(10))
    assert long.opened_ms == 0
    assert (short.id.symbol, short.id.side, short.quantity) == (INVERSE, Side.SHORT, D(300))
    assert short.margin == D("0.00139186")


def test_a_position_in_cross_has_no_margin_of_its_own() -> None:
    info = frame("bybit", "account info isolated")
    info["result"]["marginMode"] = "REGULAR_MARGIN"
    assert {(each.mode, each.margin) for each in account(info=info).positions} == {(MarginMode.CROSS, D(0))}


def test_the_exchanges_liquidation_price_is_kept_where_it_shows_one() -> None:
    state = account()
    long, short = state.positions
    assert state.venue_liquidation[long.id] == D("54299.90")
    assert short.id not in state.venue_liquidation


def test_an_isolated_wallet_is_without_the_margin_of_positions() -> None:
    found = {each.currency: (each.wallet, each.free) for each in account().balances}
    # 11728.54414904 - 2.72589075; nothing is locked in orders.
    assert found == {"BTC": (D("0.805994"),) * 2, "USDT": (D("11725.81825829"),) * 2}


def test_a_cross_wallet_is_whole_and_what_positions_need_is_not_free() -> None:
    info = frame("bybit", "account info isolated")
    info["result"]["marginMode"] = "REGULAR_MARGIN"
    found = {each.currency: (each.wallet, each.free) for each in account(info=info).balances}
    # 11728.54414904 - 2.72589075 - 1.8975 of unrealised loss.
    assert found["USDT"] == (D("11728.54414904"), D("11723.92075829"))


def test_the_stop_is_found_with_its_trigger() -> None:
    (stop,) = account().orders
    assert stop.client_id == ID
    assert (stop.id.symbol, stop.id.side, stop.reduces) == (BTC, Side.LONG, True)
    assert (stop.kind, stop.trigger, stop.trigger_by) == (OrderKind.STOP_MARKET, D(55000), PriceKind.MARK)
    assert (stop.quantity, stop.closes_position) == (D("0.5"), False)
    assert stop.placed_ms == 1684738540559


def test_a_foreign_order_of_hedge_mode_is_shown_by_its_own_id() -> None:
    (order,) = account(**{f"orders {LINEAR}": frame("bybit", "orders plain")}).orders
    assert order.client_id == "test-000005"
    assert (order.id.symbol, order.id.side, order.reduces) == (ETH, Side.LONG, False)
    assert (order.kind, order.limit, order.trigger) == (OrderKind.LIMIT, D(1600), None)


def conditional(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = frame("bybit", "orders conditional")["result"]["list"][0]
    return row | changes


@pytest.mark.parametrize(
    ("changes", "kind", "side", "reduces"),
    [
        ({"triggerDirection": 1}, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        ({"side": "Buy"}, OrderKind.TAKE_PROFIT_MARKET, Side.SHORT, True),
        ({"side": "Buy", "triggerDirection": 1}, OrderKind.STOP_MARKET, Side.SHORT, True),
        ({"orderType": "Limit", "price": "54900"}, OrderKind.STOP_LIMIT, Side.LONG, True),
        ({"stopOrderType": "StopLoss", "reduceOnly": False}, OrderKind.STOP_MARKET, Side.LONG, True),
        ({"stopOrderType": "PartialTakeProfit"}, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        ({"stopOrderType": "TrailingStop"}, OrderKind.TAKE_PROFIT_MARKET, Side.LONG, True),
        ({"reduceOnly": False, "closeOnTrigger": False}, OrderKind.STOP_MARKET, Side.SHORT, False),
        ({"positionIdx": 1}, OrderKind.STOP_MARKET, Side.LONG, True),
        ({"positionIdx": 2}, OrderKind.STOP_MARKET, Side.SHORT, False),
    ],
)
def test_conditional_orders_are_told_apart(
    changes: dict[str, Any], kind: OrderKind, side: Side, reduces: bool
) -> None:
    (order,) = account(**{f"orders {LINEAR}": of(conditional(**changes))}).orders
    assert (order.kind, order.id.side, order.reduces) == (kind, side, reduces)


def test_a_stop_of_the_position_itself_closes_all_of_it() -> None:
    row = conditional(stopOrderType="StopLoss", qty="0", leavesQty="0", orderLinkId="", triggerBy="LastPrice")
    (order,) = account(**{f"orders {LINEAR}": of(row)}).orders
    assert (order.closes_position, order.trigger_by) == (True, PriceKind.LAST)
    assert order.client_id == "c6f055d9-7f21-4079-913d-e6523a9cfffa"


def test_an_order_that_is_done_does_not_rest() -> None:
    assert account(**{f"orders {LINEAR}": of(conditional(orderStatus="Filled"))}).orders == ()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("orderStatus", "Sleeping", "orderStatus is 'Sleeping'"),
        ("triggerBy", "Moon", "triggerBy is 'Moon'"),
        ("symbol", "DOGEUSDT", "'DOGEUSDT' is not listed"),
        ("positionIdx", 3, "positionIdx is 3"),
    ],
)
def test_an_order_that_makes_no_sense_is_named_and_left_out(field: str, value: object, said: str) -> None:
    changes = {field: value}
    state = account(**{f"orders {LINEAR}": of(conditional(), conditional(**changes))})
    assert len(state.orders) == 1
    assert len(state.flaws) == 1
    assert said in state.flaws[0]


def test_half_of_the_orders_is_an_error() -> None:
    page = of(*[conditional()] * 50, cursor="more")
    with pytest.raises(ValueError, match="more pages than were read"):
        account(**{f"orders {LINEAR}": page})


def test_orders_of_all_pages_are_read() -> None:
    first = of(*[conditional(orderLinkId=f"hf-3-{number}") for number in range(50)], cursor="more")
    second = page_name(f"orders {LINEAR}", 2)
    state = account(
        **{f"orders {LINEAR}": first, second: of(conditional(orderLinkId="hf-4-1"), cursor="end")}
    )
    assert len(state.orders) == 51
    request = READING.account_requests(LISTING)[f"orders {LINEAR}"]
    further = request.after(first)
    assert further is not None
    assert further.params["cursor"] == "more"
    assert further.after(of()) is None


def test_an_answer_that_is_missing_is_an_error() -> None:
    payloads = answers()
    del payloads[f"orders {INVERSES}"]
    with pytest.raises(KeyError):
        READING.account(ACCOUNT, payloads, LISTING)


def test_portfolio_margin_is_no_account_of_ours() -> None:
    info = frame("bybit", "account info isolated")
    info["result"]["marginMode"] = "PORTFOLIO_MARGIN"
    with pytest.raises(ValueError, match="PORTFOLIO_MARGIN"):
        account(info=info)


def test_an_order_is_looked_for_in_three_places_by_its_id() -> None:
    requests = READING.order_requests(instrument(), ID, conditional=True)
    assert [request.path for request in requests] == [
        "v5/order/realtime",
        "v5/order/history",
        "v5/execution/list",
    ]
    assert {request.params["orderLinkId"] for request in requests} == {ID}


def executed(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = frame("bybit", "executions")["result"]["list"][0]
    return row | {"symbol": "BTCUSDT", "orderLinkId": ID, "side": "Sell"} | changes


def test_what_an_order_traded_is_told_with_what_it_lost_against_the_mark() -> None:
    row = conditional(orderStatus="Filled", cumExecQty="0.1", avgPrice="1190.15", cumExecFee="0.071409")
    state = READING.order(instrument(), ID, [of(row), of(), of(executed())])
    assert state is not None
    assert (state.open, state.status) == (False, "Filled")
    (fill,) = state.fills
    assert (fill.quantity, fill.price, fill.fee) == (D("0.1"), D("1190.15"), D("0.071409"))
    # Sold 0.1 at 1190.15 while the mark was 1183.54: 0.661 better.
    assert fill.slippage == D("-0.661")


def test_a_trade_in_an_inverse_contract_loses_coins() -> None:
    row = conditional(orderStatus="Filled", cumExecQty="100", avgPrice="20000")
    trade = executed(symbol="BTCUSD", execQty="100", execPrice="20000", markPrice="25000")
    state = READING.order(instrument(INVERSE), ID, [of(row), of(), of(trade)])
    assert state is not None
    # A long of 100 dollars closed at 20000 takes 0.005 BTC where the mark would have taken 0.004.
    assert state.fills[0].slippage == D("0.001")


def test_while_executions_lag_the_orders_own_totals_are_told() -> None:
    row = conditional(orderStatus="Filled", cumExecQty="0.5", avgPrice="54990", cumExecFee="15.12")
    state = READING.order(instrument(), ID, [of(), of(row), of(executed())])
    assert state is not None
    assert [(fill.quantity, fill.price, fill.fee) for fill in state.fills] == [
        (D("0.5"), D(54990), D("15.12"))
    ]


def test_a_resting_order_is_open_and_has_traded_nothing() -> None:
    state = READING.order(instrument(), ID, [of(conditional()), of(), of()])
    assert state is not None
    assert (state.open, state.fills) == (True, ())


def test_an_order_that_no_list_knows_is_none() -> None:
    others = [frame("bybit", "orders plain"), frame("bybit", "history"), of()]
    assert READING.order(instrument(), ID, others) is None


def test_a_status_that_is_not_known_proves_nothing() -> None:
    with pytest.raises(ValueError, match="Sleeping"):
        READING.order(instrument(), ID, [of(conditional(orderStatus="Sleeping")), of(), of()])


def test_one_request_brings_the_marks_of_a_category() -> None:
    requests = READING.market_requests([instrument(BTC), instrument(ETH), instrument(INVERSE)])
    assert [dict(request.params) for request in requests] == [
        {"category": "linear"},
        {"category": "inverse", "symbol": "BTCUSD"},
    ]


def test_marks_and_funding_are_read() -> None:
    assert READING.market([frame("bybit", "tickers inverse")], LISTING) == [
        MarkPrice(at_ms=1672376496682, symbol=INVERSE, price=D(16596)),
        FundingRate(at_ms=1672376496682, symbol=INVERSE, rate=D("-0.001034"), next_ms=1672387200000),
    ]


def test_bars_are_the_closed_ones_oldest_first() -> None:
    request = READING.bars_request(instrument(INVERSE), 3_600_000, 2)
    assert dict(request.params) == {
        "category": "inverse",
        "symbol": "BTCUSD",
        "interval": "60",
        "limit": 3,
    }
    found = READING.bars(instrument(INVERSE), 3_600_000, frame("bybit", "kline inverse"), 1670610000000)
    assert [(bar.at_ms, bar.close) for bar in found] == [
        (1670605200000, D("17071.5")),
        (1670608800000, D(17071)),
    ]
    assert (found[0].open, found[0].high, found[0].low) == (D("17086.5"), D(17088), D(16978))


def test_a_timeframe_that_bybit_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match=r"no bars of 10m; it has 1m, 3m"):
        READING.bars_request(instrument(), 600_000, 5)


def setup(info: str, sample: int, *held: int) -> Any:
    sampled = of(*[{"positionIdx": index} for index in ((1, 2) if sample else (0,))])
    return READING.setup([frame("bybit", info), sampled, of(*[{"positionIdx": index} for index in held])])


def test_the_mode_is_that_of_the_positions_and_else_of_a_sample() -> None:
    assert setup("account info isolated", 1).position_mode is PositionMode.HEDGE
    assert setup("account info isolated", 0).position_mode is PositionMode.ONE_WAY
    assert setup("account info isolated", 1, 0).position_mode is PositionMode.ONE_WAY
    assert setup("account info isolated", 0, 1, 2).position_mode is PositionMode.HEDGE
    assert setup("account info isolated", 0).refuse == ()


def test_an_account_that_cannot_be_guarded_is_refused_in_one_line_each() -> None:
    (reason,) = setup("account info", 0).refuse
    assert reason.startswith("the account is not a unified trading account 2.0 (unifiedMarginStatus 4)")
    (mixed,) = setup("account info isolated", 0, 0, 1).refuse
    assert "some in hedge mode" in mixed
    info = frame("bybit", "account info isolated")
    info["result"]["marginMode"] = "PORTFOLIO_MARGIN"
    (portfolio,) = READING.setup([info, of(), of()]).refuse
    assert "PORTFOLIO_MARGIN" in portfolio


def test_the_rights_of_a_key_are_read() -> None:
    rights = READING.rights(frame("bybit", "key"))
    assert (rights.trade, rights.withdraw, rights.transfer, rights.ip_restricted) == (
        True,
        False,
        True,
        False,
    )


def test_a_key_that_only_reads_cannot_trade() -> None:
    key = frame("bybit", "key")
    key["result"] |= {"readOnly": 1, "ips": ["203.0.113.7"]}
    key["result"]["permissions"]["Wallet"] = ["Withdraw"]
    rights = READING.rights(key)
    assert (rights.trade, rights.withdraw, rights.transfer, rights.ip_restricted) == (
        False,
        True,
        False,
        True,
    )


def test_the_clock_is_read_to_the_millisecond() -> None:
    assert READING.time_ms(frame("bybit", "time")) == 1688639403423
