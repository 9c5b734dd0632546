"""What goes out to Binance, parameter for parameter."""

from typing import Any

import pytest

from bot.core.intents import OpenHedge
from bot.core.types import MarginMode, OrderKind, PositionId, PositionMode, PriceKind, Side
from bot.venues.live.dialect import Acting
from bot.venues.live.wire import Request
from tests.venues.live.binance.recorded import (
    BTC,
    COIN,
    COINM,
    ME,
    OURS,
    QUARTERLY,
    USDM,
    D,
    a_position,
    an_order,
    btc,
    coin,
    listing,
)

PRIVATE = ("fapiPrivate",)
ONE_WAY = USDM.acting(PositionMode.ONE_WAY)
HEDGE = USDM.acting(PositionMode.HEDGE)
COIN_ONE_WAY = COINM.acting(PositionMode.ONE_WAY)


def post(path: str, params: dict[str, Any], window: str = "requests") -> Request:
    return Request(api=PRIVATE, method="POST", path=path, params=params, window=window)


def test_margin_is_sent_in_money_to_the_last_digit() -> None:
    request = ONE_WAY.add_margin(a_position(), btc(), D("123.456789"))
    assert request == post("positionMargin", {"symbol": "BTCUSDT", "amount": "123.456789", "type": 1})


def test_margin_is_taken_out_as_a_type_and_not_as_a_sign() -> None:
    request = ONE_WAY.add_margin(a_position(), btc(), D("-0.9"))
    assert request == post("positionMargin", {"symbol": "BTCUSDT", "amount": "0.9", "type": 2})


@pytest.mark.parametrize(("side", "named"), [(Side.LONG, "LONG"), (Side.SHORT, "SHORT")])
def test_margin_names_the_side_in_hedge_mode(side: Side, named: str) -> None:
    request = HEDGE.add_margin(a_position(side), btc(), D(5))
    assert request.params["positionSide"] == named


def test_a_part_of_a_coin_is_margin_on_coin_m() -> None:
    request = COIN_ONE_WAY.add_margin(a_position(symbol=COIN), coin(), D("0.0123"))
    assert request.params == {"symbol": "BTCUSD_PERP", "amount": "0.0123", "type": 1}


def test_leverage_is_a_whole_number_rounded_to_the_safer_side() -> None:
    for asked, sent in (("5", 5), ("7.9", 7), ("0.5", 1)):
        assert ONE_WAY.set_leverage(a_position(), btc(), D(asked)) == (
            post("leverage", {"symbol": "BTCUSDT", "leverage": sent}),
        )


def test_a_reduction_at_market_is_reduce_only_with_our_id() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.005",
        "reduceOnly": "true",
        "type": "MARKET",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
    }
    assert ONE_WAY.reduce(a_position(), btc(), D("0.005"), OURS) == post("order", params, "orders")


def test_a_reduction_with_a_limit_is_immediate_or_cancel() -> None:
    params = ONE_WAY.reduce(a_position(Side.SHORT), btc(), D("0.005"), OURS, D("60100.50")).params
    assert params == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": "0.005",
        "reduceOnly": "true",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "price": "60100.5",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
    }


@pytest.mark.parametrize(("side", "order_side"), [(Side.LONG, "SELL"), (Side.SHORT, "BUY")])
def test_hedge_mode_names_the_side_and_never_says_reduce_only(side: Side, order_side: str) -> None:
    position = a_position(side)
    for request in (
        HEDGE.reduce(position, btc(), D("0.005"), OURS),
        HEDGE.place_stop(position, btc(), D(50000), OURS),
        HEDGE.place_take_profit(position, btc(), D(70000), D("0.005"), OURS),
    ):
        assert request.params["positionSide"] == side.upper()
        assert request.params["side"] == order_side
        assert "reduceOnly" not in request.params


def test_a_stop_rests_at_the_algo_service_by_mark_for_the_whole_quantity() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.01",
        "reduceOnly": "true",
        "algoType": "CONDITIONAL",
        "type": "STOP_MARKET",
        "triggerPrice": "54000.1",
        "workingType": "MARK_PRICE",
        "priceProtect": "FALSE",
        "clientAlgoId": OURS,
        "newOrderRespType": "RESULT",
    }
    assert ONE_WAY.place_stop(a_position(), btc(), D("54000.10"), OURS) == post("algoOrder", params, "orders")


def test_a_stop_by_last_price_says_so() -> None:
    request = ONE_WAY.place_stop(a_position(), btc(), D(54000), OURS, PriceKind.LAST)
    assert request.params["workingType"] == "CONTRACT_PRICE"


def test_no_conditional_order_closes_a_position_by_name() -> None:
    # Binance refuses a second one of those (-4130), so that it could not be replaced without a gap.
    for acting in (ONE_WAY, HEDGE, COIN_ONE_WAY):
        stop = acting.place_stop(a_position(), btc(), D(54000), OURS)
        profit = acting.place_take_profit(a_position(), btc(), D(70000), D("0.01"), OURS)
        assert "closePosition" not in {**stop.params, **profit.params}
        assert profit.params["type"] == "TAKE_PROFIT_MARKET"


def test_coin_m_counts_contracts() -> None:
    position = a_position(quantity="5000", symbol=COIN)
    assert COIN_ONE_WAY.place_stop(position, coin(), D(54000), OURS).params["quantity"] == "50"
    assert COIN_ONE_WAY.reduce(position, coin(), D(300), OURS).params["quantity"] == "3"
    assert COIN_ONE_WAY.reduce(position, coin(), D(300), OURS).api == ("dapiPrivate",)


@pytest.mark.parametrize("kind", [OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET])
def test_a_conditional_order_is_cancelled_where_it_rests(kind: OrderKind) -> None:
    request = ONE_WAY.cancel(btc(), an_order(kind))
    assert (request.method, request.path) == ("DELETE", "algoOrder")
    assert request.params == {"symbol": "BTCUSDT", "clientAlgoId": OURS}


def test_a_plain_order_is_cancelled_in_the_book() -> None:
    request = ONE_WAY.cancel(btc(), an_order(OrderKind.LIMIT))
    assert (request.method, request.path) == ("DELETE", "order")
    assert request.params == {"symbol": "BTCUSDT", "origClientOrderId": OURS}


def _hedge(acting: Acting, mode: MarginMode, side: Side = Side.LONG) -> list[Request]:
    guarded = a_position(side, mode=mode)
    intent = OpenHedge(
        id=PositionId(ME, BTC, side), symbol=QUARTERLY, quantity=D("0.01"), leverage=D(5), limit=D(59900)
    )
    return list(acting.open_hedge(intent, guarded, listing().by_symbol[QUARTERLY], OURS))


def test_a_hedge_sets_mode_and_leverage_first_and_then_takes_the_limit_or_nothing() -> None:
    mode, leverage, order = _hedge(ONE_WAY, MarginMode.CROSS)
    assert mode == post("marginType", {"symbol": "BTCUSDT_261225", "marginType": "CROSSED"})
    assert leverage == post("leverage", {"symbol": "BTCUSDT_261225", "leverage": 5})
    assert order.params == {
        "symbol": "BTCUSDT_261225",
        "side": "SELL",
        "quantity": "0.01",
        "reduceOnly": "false",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "price": "59900",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
    }


def test_a_hedge_in_hedge_mode_opens_the_other_side() -> None:
    mode, _, order = _hedge(HEDGE, MarginMode.ISOLATED, Side.SHORT)
    assert mode.params["marginType"] == "ISOLATED"
    assert (order.params["side"], order.params["positionSide"]) == ("BUY", "LONG")
    assert "reduceOnly" not in order.params


def test_no_amount_is_ever_a_float_and_every_order_has_our_id() -> None:
    requests = [
        ONE_WAY.add_margin(a_position(), btc(), D("1E+2")),
        ONE_WAY.reduce(a_position(), btc(), D("1E-3"), OURS, D("6E+4")),
        ONE_WAY.place_stop(a_position(), btc(), D("5E+4"), OURS),
        *_hedge(ONE_WAY, MarginMode.CROSS),
    ]
    for request in requests:
        assert not any(isinstance(value, float) for value in request.params.values())
        assert not any("E" in str(request.params.get(name, "")) for name in ("amount", "quantity", "price"))
        if request.window == "orders":
            assert OURS in (request.params.get("newClientOrderId"), request.params.get("clientAlgoId"))
