"""What became of an order, from its state and its trades."""

from typing import Any

import pytest

from bot.core.facts import Fill
from bot.core.types import ClientId
from bot.venues.live.terms import OrderState
from tests.venues.live.binance.recorded import COINM, OURS, USDM, D, btc, coin, coin_listing, frame

NO_ORDER = {"code": -2013, "msg": "Order does not exist."}


def an_order(**changes: Any) -> dict[str, Any]:
    done = {"clientOrderId": OURS, "status": "FILLED", "executedQty": "0.002", "orderId": 25851813}
    return {**frame("order"), **done, **changes}


def an_algo(**changes: Any) -> dict[str, Any]:
    done = {"clientAlgoId": OURS, "algoStatus": "FINISHED", "actualOrderId": "25851813", "actualQty": "0.002"}
    return {**frame("algo order"), **done, **changes}


def became(order: Any, trades: Any = None) -> OrderState | None:
    return USDM.reading.order(btc(), OURS, [order, frame("trades") if trades is None else trades])


FILL = Fill(quantity=D("0.002"), price=D("7819.01"), fee=D("0.07819010"), pnl=D("-0.91539999"), slippage=D(0))


def test_the_order_is_asked_by_our_id_and_its_trades_by_its_symbol() -> None:
    order, trades = USDM.reading.order_requests(btc(), OURS, conditional=False)
    assert (order.path, order.params) == ("order", {"symbol": "BTCUSDT", "origClientOrderId": OURS})
    assert (trades.path, trades.params) == ("userTrades", {"symbol": "BTCUSDT", "limit": 1000})
    algo, _ = USDM.reading.order_requests(btc(), OURS, conditional=True)
    assert (algo.path, algo.params) == ("algoOrder", {"symbol": "BTCUSDT", "clientAlgoId": OURS})


def test_a_filled_order_has_its_trades() -> None:
    assert became(an_order()) == OrderState(client_id=OURS, open=False, fills=(FILL,), status="FILLED")


def test_a_fee_in_another_coin_was_not_charged_to_the_settlement_currency() -> None:
    state = became(an_order(), [frame("trades")[0] | {"commissionAsset": "BNB"}])
    assert state is not None
    assert state.fills[0].fee == 0


def test_a_maker_may_earn_a_fee() -> None:
    state = became(an_order(), [frame("trades")[0] | {"maker": True}])
    assert state is not None
    assert state.fills[0].fee == D("-0.07819010")


def test_trades_of_other_orders_do_not_count() -> None:
    state = became(an_order(executedQty="0", status="NEW"), [frame("trades")[0] | {"orderId": 1}])
    assert state == OrderState(client_id=OURS, open=True, status="NEW")


def test_an_immediate_order_that_found_nothing_is_over() -> None:
    state = became(an_order(executedQty="0", status="EXPIRED"), [])
    assert state == OrderState(client_id=OURS, open=False, status="EXPIRED")


@pytest.mark.parametrize("order", [an_order(), an_algo()])
def test_trades_that_lag_behind_the_order_leave_it_open_to_be_read_again(order: Any) -> None:
    with pytest.raises(ValueError, match="its trades come to 0"):
        became(order, [])


def test_a_triggered_stop_traded_under_another_number() -> None:
    assert became(an_algo()) == OrderState(client_id=OURS, open=False, fills=(FILL,), status="FINISHED")


@pytest.mark.parametrize("status", ["NEW", "TRIGGERING", "TRIGGERED"])
def test_a_stop_that_is_on_its_way_is_open(status: str) -> None:
    state = became(an_algo(algoStatus=status, actualOrderId="", actualQty=None))
    assert state == OrderState(client_id=OURS, open=True, status=status)


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "REJECTED"])
def test_a_stop_that_is_gone_traded_nothing(status: str) -> None:
    state = became({**an_algo(algoStatus=status, actualOrderId=""), "actualQty": ""})
    assert state == OrderState(client_id=OURS, open=False, status=status)


def test_the_exchange_says_that_there_is_no_such_order() -> None:
    assert became(NO_ORDER, []) is None


@pytest.mark.parametrize(
    "order",
    [
        frame("error"),
        {"code": -1007, "msg": "Timeout"},
        {},
        [],
        None,
        an_order(clientOrderId=ClientId("hf-3-18")),
        an_order(status="SOMETHING"),
        an_order(executedQty=None),
        an_order(executedQty="nan"),
        an_algo(algoStatus="SOMETHING"),
    ],
)
def test_an_answer_that_makes_no_sense_says_nothing_of_the_order(order: Any) -> None:
    with pytest.raises(ValueError, match=OURS):
        became(order)


@pytest.mark.parametrize("field", ["qty", "price", "commission", "realizedPnl"])
@pytest.mark.parametrize("value", ["nan", "x", None])
def test_a_trade_that_makes_no_sense_says_nothing_of_the_order(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=OURS):
        became(an_order(), [frame("trades")[0] | {field: value}])


def test_trades_of_coin_m_are_contracts() -> None:
    order = frame("order", "binancecoinm") | {
        "clientOrderId": OURS,
        "orderId": 28,
        "status": "FILLED",
        "executedQty": "1",
    }
    instrument = coin_listing().by_id["BTCUSD_200626"]
    state = COINM.reading.order(instrument, OURS, [order, frame("trades", "binancecoinm")])
    assert state is not None
    assert state.fills == (
        Fill(quantity=D(100), price=D(8800), fee=D("0.00000454"), pnl=D(0), slippage=D(0)),
    )
    assert COINM.reading.order_requests(coin(), OURS, conditional=True)[0].api == ("dapiPrivate",)
