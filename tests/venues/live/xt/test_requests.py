"""What goes out to XT, parameter for parameter, and that nothing of a lever is left to a default."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Action
from bot.core.intents import OpenHedge, ReducePosition
from bot.core.types import ClientId, Order, OrderKind, PositionMode, PriceKind, RuleName, Side
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.plan import Levers, Plan, plan, sought
from bot.venues.live.terms import AccountState
from bot.venues.live.wire import Request
from tests.venues.live.xt.recorded import BTC, OURS, a_position, btc, listing

D = Decimal
ACTING = DIALECT.acting(PositionMode.HEDGE)
LONG, SHORT = a_position(), a_position(Side.SHORT)


def sent(request: Request) -> tuple[str, dict[str, object]]:
    assert request.api == ("private", "linear")
    assert request.method == "POST"
    return request.path.removeprefix("future/"), dict(request.params)


def test_an_account_with_one_position_per_symbol_does_not_exist_there() -> None:
    with pytest.raises(ValueError, match="side by side"):
        DIALECT.acting(PositionMode.ONE_WAY)


def test_margin_goes_into_the_side_of_the_position_to_the_last_digit() -> None:
    assert sent(ACTING.add_margin(LONG, btc(), D("123.456789"))) == (
        "user/v1/position/margin",
        {"symbol": "btc_usdt", "margin": "123.456789", "type": "ADD", "positionSide": "LONG"},
    )


def test_margin_below_nought_comes_out() -> None:
    assert sent(ACTING.add_margin(SHORT, btc(), D("-1E+1")))[1] == {
        "symbol": "btc_usdt",
        "margin": "10",
        "type": "SUB",
        "positionSide": "SHORT",
    }


def test_leverage_is_set_on_the_side_of_the_position_alone() -> None:
    (request,) = ACTING.set_leverage(SHORT, btc(), D(5))
    assert sent(request) == (
        "user/v1/position/adjust-leverage",
        {"symbol": "btc_usdt", "positionSide": "SHORT", "leverage": 5},
    )


@pytest.mark.parametrize("leverage", ["6.5", "0", "0.5"])
def test_a_leverage_that_is_no_whole_number_is_not_sent(leverage: str) -> None:
    with pytest.raises(ValueError, match="whole leverages"):
        ACTING.set_leverage(LONG, btc(), D(leverage))


def test_a_long_is_closed_by_a_sale_on_the_long_side_in_contracts() -> None:
    # 0.001 BTC at 0.0001 BTC a contract are 10 contracts.
    assert sent(ACTING.reduce(LONG, btc(), D("0.001"), OURS)) == (
        "trade/v1/order/create",
        {
            "symbol": "btc_usdt",
            "clientOrderId": "hf_3_17",
            "orderSide": "SELL",
            "positionSide": "LONG",
            "origQty": "10",
            "orderType": "MARKET",
        },
    )


def test_a_short_is_closed_at_a_limit_or_not_at_all() -> None:
    assert sent(ACTING.reduce(SHORT, btc(), D("0.0025"), OURS, D("27990.10")))[1] == {
        "symbol": "btc_usdt",
        "clientOrderId": "hf_3_17",
        "orderSide": "BUY",
        "positionSide": "SHORT",
        "origQty": "25",
        "orderType": "LIMIT",
        "price": "27990.1",
        "timeInForce": "IOC",
    }


@pytest.mark.parametrize("quantity", ["0.00015", "0", "-0.001"])
def test_a_part_of_a_contract_is_not_sent(quantity: str) -> None:
    with pytest.raises(ValueError, match="expected a multiple of"):
        ACTING.reduce(LONG, btc(), D(quantity), OURS)


def test_a_stop_is_a_plan_at_market_by_the_mark_price_for_the_whole_side() -> None:
    assert sent(ACTING.place_stop(LONG, btc(), D("26000.0"), OURS)) == (
        "trade/v1/entrust/create-plan",
        {
            "symbol": "btc_usdt",
            "clientOrderId": "hf_3_17",
            "orderSide": "SELL",
            "positionSide": "LONG",
            "entrustType": "STOP_MARKET",
            "origQty": "100",
            "stopPrice": "26000",
            "triggerPriceType": "MARK_PRICE",
            "timeInForce": "IOC",
        },
    )


def test_a_stop_of_a_short_by_the_last_price() -> None:
    path, params = sent(ACTING.place_stop(SHORT, btc(), D(28000), OURS, PriceKind.LAST))
    assert path == "trade/v1/entrust/create-plan"
    assert (params["orderSide"], params["positionSide"]) == ("BUY", "SHORT")
    assert params["triggerPriceType"] == "LATEST_PRICE"


def test_a_profit_is_taken_of_a_part() -> None:
    path, params = sent(ACTING.place_take_profit(LONG, btc(), D(30000), D("0.005"), OURS))
    assert path == "trade/v1/entrust/create-plan"
    assert (params["entrustType"], params["origQty"]) == ("TAKE_PROFIT_MARKET", "50")
    assert (params["stopPrice"], params["triggerPriceType"]) == ("30000", "MARK_PRICE")


def resting(trigger: str | None) -> Order:
    kind = OrderKind.STOP_MARKET if trigger else OrderKind.LIMIT
    return Order(
        client_id=OURS,
        id=LONG.id,
        kind=kind,
        reduces=True,
        quantity=D("0.01"),
        trigger=D(trigger) if trigger else None,
    )


def test_an_order_is_cancelled_by_xts_own_id_at_the_door_of_its_kind() -> None:
    cancel = DIALECT.cancel_by_id
    assert cancel is not None
    assert sent(cancel(btc(), resting("26000"), "216300248132756992")) == (
        "trade/v1/entrust/cancel-plan",
        {"entrustId": "216300248132756992"},
    )
    assert sent(cancel(btc(), resting(None), "211451874783183936")) == (
        "trade/v1/order/cancel",
        {"orderId": "211451874783183936"},
    )
    with pytest.raises(ValueError, match="is not known"):
        cancel(btc(), resting("26000"), "")


def test_nothing_is_cancelled_by_a_client_id() -> None:
    with pytest.raises(ValueError, match="by its own id only"):
        ACTING.cancel(btc(), resting("26000"))


def test_a_hedge_sets_margin_mode_and_leverage_of_its_side_before_it_opens_it() -> None:
    intent = OpenHedge(id=LONG.id, symbol=BTC, quantity=D("0.002"), leverage=D(3), limit=D(26900))
    assert [sent(r) for r in ACTING.open_hedge(intent, LONG, btc(), OURS)] == [
        (
            "user/v1/position/change-type",
            {"symbol": "btc_usdt", "positionSide": "SHORT", "positionType": "ISOLATED"},
        ),
        (
            "user/v1/position/adjust-leverage",
            {"symbol": "btc_usdt", "positionSide": "SHORT", "leverage": 3},
        ),
        (
            "trade/v1/order/create",
            {
                "symbol": "btc_usdt",
                "clientOrderId": "hf_3_17",
                "orderSide": "SELL",
                "positionSide": "SHORT",
                "origQty": "20",
                "orderType": "LIMIT",
                "price": "26900",
                "timeInForce": "IOC",
            },
        ),
    ]


def test_an_order_in_slices_has_an_id_for_each() -> None:
    request = ACTING.reduce(LONG, btc(), D("0.001"), ClientId("hf-3-17-2"))
    assert sent(request)[1]["clientOrderId"] == "hf_3_17_2"


@pytest.mark.parametrize("client_id", ["hf-3", "x-3-4", "hf-3-4-5-6", "hf-a-1", "hf_3_17"])
def test_an_id_that_could_not_be_read_back_is_not_sent(client_id: str) -> None:
    with pytest.raises(ValueError, match="client id"):
        ACTING.reduce(LONG, btc(), D("0.001"), ClientId(client_id))


def test_a_large_exit_goes_in_slices_of_which_none_is_worth_too_much() -> None:
    position = a_position(quantity="1000")
    action = Action(
        at_ms=0,
        client_id=OURS,
        rule=RuleName("exit"),
        intent=ReducePosition(id=position.id, quantity=D(1000)),
        reason="it is large",
        mark=D(27000),
        distance_before=None,
        distance_after=None,
        deadline_ms=5_000,
    )
    state = AccountState(positions=(position,), balances=(), orders=())
    made = plan(action, Levers(acting=ACTING), listing(), state)
    assert isinstance(made, Plan)
    # 20,000,000 at most in one order, by a price a tenth above the mark: 673.4006 BTC.
    assert [request.params["origQty"] for request in made.requests] == ["6734006", "3265994"]
    looked_for = sought(action, listing(), replace(state, positions=()))
    assert isinstance(looked_for, Plan)
    assert set(made.orders) <= set(looked_for.orders)
