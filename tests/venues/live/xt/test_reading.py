"""What XT's answers say of an account and its market, in coins and exact."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.types import MarginMode, Order, OrderKind, PositionId, PositionMode, PriceKind, Side
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.terms import AccountState, Balance
from tests.venues.live.xt.recorded import BTC, ME, OURS, btc, frame, listing

D = Decimal
READING = DIALECT.reading


def account(**changed: Any) -> AccountState:
    names = ("positions", "liquidations", "balances", "plans", "by hand", "orders")
    payloads = {name: frame(name) for name in names} | changed
    return READING.account(ME, payloads, listing())


def test_what_is_asked_for_brings_all_symbols_at_once() -> None:
    asked = READING.account_requests(listing())
    assert {name: (r.path, dict(r.params)) for name, r in asked.items()} == {
        "positions": ("future/user/v1/position/list", {}),
        "liquidations": ("future/user/v1/position/break-list", {}),
        "balances": ("future/user/v1/balance/list", {}),
        "plans": (
            "future/trade/v1/entrust/plan-list",
            {"state": "NOT_TRIGGERED", "page": 1, "size": 100},
        ),
        "by hand": (
            "future/trade/v1/entrust/profit-list",
            {"state": "NOT_TRIGGERED", "page": 1, "size": 100},
        ),
        "orders": ("future/trade/v1/order/list", {"state": "UNFINISHED", "page": 1, "size": 100}),
    }


def test_an_isolated_position_has_its_own_margin() -> None:
    (position,) = account().positions
    assert position.id == PositionId(ME, BTC, Side.SHORT)
    assert position.quantity == D("0.0010")
    assert (position.entry, position.leverage) == (D(27060), D(25))
    # 27060 x 0.001 / 25: the margin at entry, without the profit of 0.01 at a mark of 27050.
    assert (position.mode, position.margin) == (MarginMode.ISOLATED, D("1.0824"))
    assert position.opened_ms == 0


def test_a_cross_position_has_none_and_a_closed_one_is_gone() -> None:
    state = account(positions=frame("cross position and a closed one"))
    (position,) = state.positions
    assert (position.id.side, position.mode, position.margin) == (Side.LONG, MarginMode.CROSS, D(0))
    assert state.flaws == ()


def test_the_wallet_leaves_out_what_sits_in_isolated_positions() -> None:
    # 19.29849875 - 0.709475
    expected = Balance(currency="USDT", wallet=D("18.58902375"), free=D("18.58902375"))
    assert account().balances == (expected,)


def test_nothing_can_be_spent_of_less_than_nothing() -> None:
    balances = frame("balances")
    balances["result"][0]["availableBalance"] = "-3.5"
    (balance,) = account(balances=balances).balances
    assert balance.free == 0


def test_a_break_price_of_nought_is_none() -> None:
    assert account().venue_liquidation == {}
    liquidations = frame("liquidations")
    liquidations["result"][0]["breakPrice"] = "27990.5"
    found = account(liquidations=liquidations).venue_liquidation
    assert found == {PositionId(ME, BTC, Side.SHORT): D("27990.5")}


def test_our_stop_is_found_among_the_plans_under_our_own_id_and_xts() -> None:
    state = account()
    stop = next(order for order in state.orders if order.client_id == OURS)
    assert stop == Order(
        client_id=OURS,
        id=PositionId(ME, BTC, Side.SHORT),
        kind=OrderKind.STOP_MARKET,
        reduces=True,
        quantity=D("0.001"),
        trigger=D(27990),
        trigger_by=PriceKind.MARK,
        placed_ms=1681271998064,
    )
    assert state.venue_ids[OURS] == "216300248132756992"


def test_orders_of_others_are_shown_and_are_unmistakably_theirs() -> None:
    others = {order.client_id: order for order in account().orders if order.client_id != OURS}
    assert set(others) == {
        "xt-plan-216300248132756993",
        "xt-stop-216306213226230400",
        "xt-order-211451874783183936",
    }
    opening = others["xt-plan-216300248132756993"]  # type: ignore[index]  # the ids are texts
    assert (opening.kind, opening.limit, opening.reduces) == (OrderKind.STOP_LIMIT, D(20000), False)
    resting = others["xt-order-211451874783183936"]  # type: ignore[index]
    assert (resting.kind, resting.limit, resting.quantity) == (OrderKind.LIMIT, D(20000), D("0.001"))


def test_a_client_id_of_somebody_else_that_looks_like_ours_is_foreign() -> None:
    plans = frame("plans")
    plans["result"]["items"][0]["clientOrderId"] = "hf-3-17"
    assert "xt-hf-3-17" in {order.client_id for order in account(plans=plans).orders}


def test_a_stop_and_a_profit_set_by_hand_in_one_row_are_two_orders() -> None:
    hand = frame("by hand")
    hand["result"]["items"][0] |= {
        "triggerProfitPrice": "30000",
        "stopDelegateOrderType": "LIMIT",
        "stopDelegatePrice": "19900",
    }
    state = account(**{"by hand": hand})
    stop, profit = (order for order in state.orders if order.client_id.endswith("-216306213226230400"))
    assert (stop.kind, stop.trigger, stop.limit) == (OrderKind.STOP_LIMIT, D(20000), D(19900))
    assert (profit.kind, profit.trigger, profit.reduces) == (OrderKind.TAKE_PROFIT_MARKET, D(30000), True)


@pytest.mark.parametrize("name", ["plans", "by hand", "orders"])
def test_orders_in_contracts_that_are_not_listed_are_nobodys_business(name: str) -> None:
    payload = frame(name)
    before = len(account().orders)
    payload["result"]["items"][0]["symbol"] = "never_listed"
    state = account(**{name: payload})
    assert (len(state.orders), state.flaws) == (before - 1, ())


def test_a_stop_by_the_index_is_not_one_by_the_mark() -> None:
    plans = frame("plans")
    plans["result"]["items"][1]["triggerPriceType"] = "INDEX_PRICE"
    order = next(each for each in account(plans=plans).orders if each.client_id.startswith("xt-plan-"))
    assert order.trigger_by is PriceKind.LAST


def test_a_plan_that_closes_the_position_needs_no_quantity() -> None:
    plans = frame("plans")
    plans["result"]["items"][0] |= {"closePosition": True, "origQty": None}
    order = next(order for order in account(plans=plans).orders if order.client_id == OURS)
    assert (order.closes_position, order.quantity) == (True, D(0))


def test_a_list_that_goes_on_is_asked_for_further() -> None:
    request = READING.account_requests(listing())["plans"]
    first, second = frame("plans"), frame("plans")
    first["result"] |= {"ps": 1, "total": 2, "items": first["result"]["items"][:1]}
    second["result"] |= {"page": 2, "ps": 1, "total": 2, "items": second["result"]["items"][1:]}
    following = request.after(first)
    assert following is not None
    assert dict(following.params) == {"state": "NOT_TRIGGERED", "page": 2, "size": 100}
    assert request.after(second) is None
    state = account(**{"plans": first, "plans+2": second})
    assert state.flaws == ()
    assert len([order for order in state.orders if order.trigger is not None]) == 3


def test_a_list_of_which_something_is_missing_is_a_flaw_because_a_stop_may_be_in_it() -> None:
    plans = frame("plans")
    plans["result"]["total"] = 120
    assert account(plans=plans).flaws == ("plans: more than the 2 that were shown",)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("positions", "positionSide", "BOTH"),
        ("positions", "positionType", None),
        ("positions", "positionSize", "nan"),
        ("positions", "positionSize", "-10"),
        ("positions", "entryPrice", "0"),
        ("positions", "isolatedMargin", "-1"),
        ("positions", "leverage", None),
        ("positions", "symbol", "never_listed"),
        ("balances", "walletBalance", None),
        ("balances", "coin", ""),
        ("liquidations", "breakPrice", "abc"),
        ("plans", "triggerPriceType", "BEST_PRICE"),
        ("plans", "entrustType", "TRAILING_STOP_MARKET"),
        ("plans", "stopPrice", "0"),
        ("plans", "orderSide", None),
        ("orders", "executedQty", "11"),
        ("by hand", "triggerStopPrice", None),
    ],
)
def test_a_row_that_makes_no_sense_is_left_out_and_said(name: str, field: str, value: object) -> None:
    payload = frame(name)
    found = payload["result"]
    row = (found if isinstance(found, list) else found["items"])[0]
    row[field] = value
    (flaw,) = account(**{name: payload}).flaws
    assert str(value) in flaw or "triggerProfitPrice" in flaw


@pytest.mark.parametrize("name", ["positions", "liquidations", "balances", "plans", "by hand", "orders"])
@pytest.mark.parametrize("answer", [None, [], "<html>", {}, {"returnCode": 1, "result": None}])
def test_an_answer_that_is_none_is_no_empty_account(name: str, answer: object) -> None:
    with pytest.raises(ValueError, match=r"expected|answers"):
        account(**{name: answer})


def test_marks_come_in_one_answer_and_funding_one_by_one() -> None:
    requests = READING.market_requests([btc()])
    assert [(r.path.rpartition("/")[2], dict(r.params)) for r in requests] == [
        ("mark-price", {}),
        ("funding-rate", {"symbol": "btc_usdt"}),
    ]
    assert READING.market([frame("marks"), frame("funding")], listing()) == [
        MarkPrice(at_ms=1680307100000, symbol=BTC, price=D(27050)),
        FundingRate(at_ms=1680307100000, symbol=BTC, rate=D("0.000086"), next_ms=1680307200000),
    ]


def test_funding_without_a_time_to_hold_for_is_not_told() -> None:
    assert READING.market([frame("funding")], listing()) == []


def test_the_bar_that_is_still_open_is_left_out() -> None:
    request = READING.bars_request(btc(), 60_000, 100)
    assert dict(request.params) == {"symbol": "btc_usdt", "interval": "1m", "limit": 101}
    first = BarClosed(
        at_ms=1678168080000,
        symbol=BTC,
        timeframe_ms=60_000,
        open=D("22450.0"),
        high=D("22450.0"),
        low=D("22441.5"),
        close=D("22441.5"),
        volume=D(312931),
    )
    assert READING.bars(btc(), 60_000, frame("bars"), 1678168139999) == [first]
    both = READING.bars(btc(), 60_000, frame("bars"), 1678168140000)
    assert [bar.at_ms for bar in both] == [1678168080000, 1678168140000]


def test_a_timeframe_xt_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(ValueError, match="there are 1m, 5m"):
        READING.bars_request(btc(), 7 * 60_000, 10)


def test_an_account_is_always_hedged_and_may_be_forbidden_to_trade() -> None:
    (request,) = READING.setup_requests()
    assert request.path == "future/user/v1/account/info"
    info = frame("account info")
    assert READING.setup([info]).position_mode is PositionMode.HEDGE
    assert READING.setup([info]).refuse == ()
    info["result"]["allowTrade"] = False
    assert READING.setup([info]).refuse == ("XT does not let this account trade (allowTrade is false)",)
    info["result"]["allowTrade"] = "yes"
    with pytest.raises(ValueError, match="allowTrade"):
        READING.setup([info])


def test_nothing_tells_the_rights_of_a_key() -> None:
    assert READING.rights_request() is None
    assert READING.rights({}).withdraw is None


def test_the_clock_is_read_to_the_millisecond() -> None:
    assert (READING.time_request().api, READING.time_request().path) == (("public", "spot"), "time")
    assert READING.time_ms(frame("time")) == 1677823301643
    with pytest.raises(ValueError, match="serverTime"):
        READING.time_ms({"rc": 0, "result": {}})
