"""What Binance's answers prove."""

from typing import Any

import pytest

from bot.core.types import OrderKind, PositionMode
from bot.venues.live.wire import Request
from tests.venues.live.binance.recorded import OURS, USDM, D, a_position, an_order, btc, frame

ACTING = USDM.acting(PositionMode.ONE_WAY)
CODES = USDM.traits.codes
OPEN_CODES = ("-1000", "-1001", "-1006", "-1007", "-1008", "-1010", "-1016", "-9999", "0", "200")
MARGIN = ACTING.add_margin(a_position(), btc(), D(100))
LEVERAGE = ACTING.set_leverage(a_position(), btc(), D(21))[0]
REDUCE = ACTING.reduce(a_position(), btc(), D("0.01"), OURS)
STOP = ACTING.place_stop(a_position(), btc(), D(5), OURS)
CANCEL_STOP = ACTING.cancel(btc(), an_order())
CANCEL = ACTING.cancel(btc(), an_order(OrderKind.LIMIT))
MODE = Request(api=("fapiPrivate",), method="POST", path="marginType", params={"symbol": "BTCUSDT"})
SUCCESSES = [
    (MARGIN, frame("margin moved")),
    (LEVERAGE, frame("leverage set")),
    (MODE, frame("margin type set")),
    (REDUCE, frame("order placed answer") | {"clientOrderId": OURS}),
    (STOP, frame("algo order placed") | {"clientAlgoId": OURS}),
    (CANCEL_STOP, frame("algo order cancelled") | {"clientAlgoId": OURS}),
    (CANCEL, frame("order cancelled answer") | {"clientOrderId": OURS}),
]


def test_an_error_has_a_code_at_any_status() -> None:
    for status in (200, 400, 503):
        assert USDM.answers.code(status, frame("error")) == "-1121"


def test_a_success_may_carry_a_code_too() -> None:
    for what in ("margin moved", "margin type set", "algo order cancelled", "order placed answer"):
        assert USDM.answers.code(200, frame(what)) is None


def test_the_code_of_one_order_among_several_counts() -> None:
    rows = [frame("order placed answer"), {"code": -2022, "msg": "ReduceOnly Order is rejected."}]
    assert USDM.answers.code(200, rows) == "-2022"
    assert USDM.answers.code(200, [frame("order placed answer")]) is None


@pytest.mark.parametrize(("request_", "payload"), SUCCESSES)
def test_a_success_proves_itself_by_what_was_asked(request_: Request, payload: Any) -> None:
    assert USDM.answers.proves(request_, payload)


@pytest.mark.parametrize(("request_", "payload"), SUCCESSES)
@pytest.mark.parametrize("other", [None, [], {}, "<html>", 0, {"code": -1007, "msg": "?"}, {"msg": "ok"}])
def test_anything_else_proves_nothing(request_: Request, payload: Any, other: Any) -> None:
    assert not USDM.answers.proves(request_, other)


@pytest.mark.parametrize(("request_", "payload"), SUCCESSES)
def test_the_success_of_another_request_proves_nothing(request_: Request, payload: Any) -> None:
    for other, answer in SUCCESSES:
        # The answer to a change of margin mode is the bare word of success.
        if other.path != request_.path != "marginType":
            assert not USDM.answers.proves(request_, answer)


def test_an_order_without_a_number_or_with_anothers_id_proves_nothing() -> None:
    placed = frame("order placed answer") | {"clientOrderId": OURS}
    for changes in ({"orderId": None}, {"orderId": 0}, {"orderId": True}, {"clientOrderId": "hf-3-18"}):
        assert not USDM.answers.proves(REDUCE, placed | changes)
    stop = frame("algo order placed") | {"clientAlgoId": OURS}
    for changes in ({"algoId": None}, {"clientAlgoId": ""}):
        assert not USDM.answers.proves(STOP, stop | changes)
    assert not USDM.answers.proves(CANCEL, frame("order cancelled answer"))
    assert not USDM.answers.proves(LEVERAGE, frame("leverage set") | {"leverage": 20})
    assert not USDM.answers.proves(MARGIN, frame("margin moved") | {"type": 2})


def test_a_reading_proves_no_change() -> None:
    request = USDM.reading.order_requests(btc(), OURS, conditional=False)[0]
    assert not USDM.answers.proves(request, frame("order"))


@pytest.mark.parametrize("code", OPEN_CODES)
def test_what_the_exchange_leaves_open_is_in_no_list(code: str) -> None:
    for known in (CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock):
        assert code not in known


def test_no_code_means_two_things() -> None:
    lists = [CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock]
    assert sum(map(len, lists)) == len(frozenset.union(*lists))


def test_what_says_that_a_market_stands_still_is_a_refusal() -> None:
    assert CODES.suspended <= CODES.rejected


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("-2022", CODES.rejected),  # nothing left to reduce
        ("-2021", CODES.rejected),  # the stop would trigger at once
        ("-2011", CODES.rejected),  # of a cancel: no such open order
        ("-4161", CODES.rejected),  # leverage of an open isolated position, USD-M
        ("-4150", CODES.rejected),  # the same, COIN-M
        ("-4051", CODES.rejected),  # not enough isolated margin to take out
        ("-4120", CODES.rejected),  # a conditional order at the old path
        ("-4130", CODES.rejected),  # a second stop for a whole position
        ("-1106", CODES.rejected),  # reduceOnly in hedge mode
        ("-4116", CODES.exists),
        ("-4046", CODES.already),
        ("-4059", CODES.already),
        ("-2015", CODES.auth),
        ("-2014", CODES.auth),
        ("-1022", CODES.auth),
        ("-2008", CODES.auth),
        ("-1003", CODES.limited),
        ("-1015", CODES.limited),
        ("-4108", CODES.rejected),  # the contract is being settled or delivered
        ("-4108", CODES.suspended),
        ("-4140", CODES.suspended),
        ("-4141", CODES.suspended),  # it is closed
        ("-1021", CODES.clock),
        ("-5028", CODES.clock),
    ],
)
def test_the_codes_a_guard_meets(code: str, known: frozenset[str]) -> None:
    assert code in known
