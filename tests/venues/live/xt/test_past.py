"""What became of an order: found by our id in lists, because XT finds it by its own only."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.facts import Fill
from bot.core.types import ClientId
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.terms import OrderState
from tests.venues.live.xt.recorded import OURS, btc, frame

D = Decimal
EXIT = ClientId("hf-3-18")


def asked(*, conditional: bool) -> list[str]:
    requests = DIALECT.reading.order_requests(btc(), OURS, conditional=conditional)
    assert {request.params["symbol"] for request in requests} == {"btc_usdt"}
    return [request.path.removeprefix("future/trade/v1/") for request in requests]


def became(client_id: ClientId, *payloads: Any) -> OrderState | None:
    return DIALECT.reading.order(btc(), client_id, payloads)


def test_orders_and_trades_are_looked_through_and_plans_before_them() -> None:
    assert asked(conditional=False) == ["order/list", "order/list-history", "order/trade-list"]
    assert asked(conditional=True)[:2] == ["entrust/plan-list", "entrust/plan-list-history"]
    assert asked(conditional=True)[2:] == asked(conditional=False)


def test_a_filled_exit_has_its_trades_in_coins_and_its_profit() -> None:
    assert became(EXIT, frame("orders"), frame("order history"), frame("trades")) == OrderState(
        client_id=EXIT,
        open=False,
        status="FILLED",
        fills=(
            Fill(
                quantity=D("0.0013"),
                price=D(27368),
                fee=D("0.02134704"),
                pnl=D("-0.4004"),
                slippage=D(0),
            ),
        ),
    )


def test_an_order_that_is_in_no_list_is_none() -> None:
    missing = ClientId("hf-3-99")
    assert became(missing, frame("orders"), frame("order history"), frame("trades")) is None


def test_an_order_that_rests_is_open() -> None:
    orders = frame("orders")
    orders["result"]["items"][0]["clientOrderId"] = "hf_3_19"
    found = became(ClientId("hf-3-19"), orders, frame("order history"), frame("trades"))
    assert found == OrderState(client_id=ClientId("hf-3-19"), open=True, status="NEW")


def test_trades_that_do_not_make_up_what_was_executed_are_not_believed() -> None:
    with pytest.raises(ValueError, match=r"0.0013 executed, the trades shown make 0"):
        became(EXIT, frame("orders"), frame("order history"), frame("empty page"))


@pytest.mark.parametrize(("field", "value"), [("feeCoin", "btc"), ("price", None), ("quantity", "0")])
def test_a_trade_that_makes_no_sense_is_not_booked(field: str, value: object) -> None:
    trades = frame("trades")
    trades["result"]["items"][0][field] = value
    with pytest.raises(ValueError, match=r"fee in BTC|price|quantity"):
        became(EXIT, frame("orders"), frame("order history"), trades)


def test_a_resting_stop_is_open() -> None:
    lists = (frame("plans"), frame("empty page"), frame("orders"), frame("order history"), frame("trades"))
    assert became(OURS, *lists) == OrderState(client_id=OURS, open=True, status="NOT_TRIGGERED")


def test_a_stop_that_was_met_has_the_trades_of_the_order_it_sent() -> None:
    lists = (frame("empty page"), frame("plan history"), frame("orders"), frame("order history"))
    found = became(OURS, *lists, frame("trades"))
    assert found is not None
    assert (found.open, found.status) == (False, "FILLED")
    assert [(fill.quantity, fill.price) for fill in found.fills] == [
        (D("0.0004"), D(27990)),
        (D("0.0006"), D(28000)),
    ]
    # What XT tells of the whole order stands with the last trade; the sum is what counts.
    assert sum(fill.pnl for fill in found.fills) == D("-0.935")
    assert sum(fill.fee for fill in found.fills) == D("0.0067176") + D("0.01008")


def test_a_stop_that_was_met_may_yet_trade_until_its_order_is_seen() -> None:
    lists = (frame("empty page"), frame("plan history"), frame("orders"), frame("empty page"))
    assert became(OURS, *lists, frame("trades")) == OrderState(client_id=OURS, open=True, status="TRIGGERED")


@pytest.mark.parametrize("state", ["USER_REVOCATION", "PLATFORM_REVOCATION", "EXPIRED"])
def test_a_stop_that_is_gone_without_being_met_has_traded_nothing(state: str) -> None:
    history = frame("plan history")
    history["result"]["items"][0]["state"] = state
    lists = (frame("empty page"), history, frame("orders"), frame("order history"), frame("trades"))
    assert became(OURS, *lists) == OrderState(client_id=OURS, open=False, status=state)


@pytest.mark.parametrize("name", ["plan history", "order history"])
def test_a_state_that_is_not_known_is_no_answer(name: str) -> None:
    history = {"plan history": frame("plan history"), "order history": frame("order history")}
    history[name]["result"]["items"][0]["state"] = "PLACED"
    client_id = OURS if name == "plan history" else EXIT
    with pytest.raises(ValueError, match="not known"):
        became(
            client_id,
            frame("empty page"),
            history["plan history"],
            frame("orders"),
            history["order history"],
            frame("trades"),
        )
