"""What an answer of OKX proves."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.types import ClientId, Order, OrderKind, PositionMode
from bot.venues.live.dialects.okx.traits import CODES
from bot.venues.live.wire import Request
from tests.building.frames import frame
from tests.venues.live.okx.desk import DIALECT, D, a_position, instrument, of

ANSWERS = DIALECT.answers
ACTING = DIALECT.acting(PositionMode.HEDGE)
ID = ClientId("hf-3-17")
REDUCE = ACTING.reduce(a_position(), instrument(), D("0.1"), ID)
STOP = ACTING.place_stop(a_position(), instrument(), D(55000), ID)
MARGIN = ACTING.add_margin(a_position(), instrument(), D("0.30"))
LEVERAGE = ACTING.set_leverage(a_position(), instrument(), D(30))[0]
CANCEL = ACTING.cancel(
    instrument(),
    Order(
        client_id=ID,
        id=a_position().id,
        kind=OrderKind.STOP_MARKET,
        reduces=True,
        quantity=D("0.5"),
        trigger=D(55000),
    ),
)


def changed(what: str, **changes: Any) -> Any:
    answer = frame("okx", what)
    answer["data"][0] |= changes
    return answer


def test_the_code_of_the_order_goes_before_that_of_the_answer() -> None:
    assert ANSWERS.code(200, frame("okx", "order refused")) == "51119"
    assert ANSWERS.code(200, changed("order refused", sCode="0")) == "1"
    assert ANSWERS.code(200, changed("order placed", sCode="51008_1000")) == "51008"
    assert ANSWERS.code(200, frame("okx", "too many")) == "50011"
    assert ANSWERS.code(200, frame("okx", "order placed")) is None


@pytest.mark.parametrize("payload", [None, [], "html", {}, {"code": None}, {"data": []}])
def test_what_is_no_answer_of_okx_has_no_code(payload: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        ANSWERS.code(200, payload)


def test_an_order_is_proven_by_its_id_and_ours() -> None:
    assert ANSWERS.proves(REDUCE, changed("order placed", clOrdId="hfZ3Z17"))
    assert not ANSWERS.proves(REDUCE, frame("okx", "order placed"))
    assert not ANSWERS.proves(REDUCE, changed("order placed", clOrdId="hfZ3Z17", ordId=""))
    assert not ANSWERS.proves(REDUCE, changed("order refused", clOrdId="hfZ3Z17"))
    assert not ANSWERS.proves(REDUCE, of())


def test_a_stop_is_proven_by_the_id_of_conditional_orders() -> None:
    assert ANSWERS.proves(STOP, changed("stop placed", algoClOrdId="hfZ3Z17"))
    assert not ANSWERS.proves(STOP, changed("stop placed", algoClOrdId=""))


def test_a_cancellation_is_proven_although_our_id_does_not_come_back() -> None:
    assert ANSWERS.proves(CANCEL, frame("okx", "stop cancelled"))
    assert not ANSWERS.proves(CANCEL, changed("stop cancelled", algoClOrdId="hfZ3Z18"))


def test_leverage_is_proven_by_what_was_asked_for() -> None:
    assert ANSWERS.proves(LEVERAGE, frame("okx", "leverage set"))
    assert ANSWERS.proves(LEVERAGE, changed("leverage set", lever="30.00"))
    assert not ANSWERS.proves(LEVERAGE, changed("leverage set", lever="3"))
    assert not ANSWERS.proves(LEVERAGE, changed("leverage set", mgnMode="cross"))


def test_margin_is_proven_by_what_was_asked_for() -> None:
    assert ANSWERS.proves(MARGIN, changed("margin added", instId="BTC-USDT-SWAP"))
    assert not ANSWERS.proves(MARGIN, frame("okx", "margin added"))
    assert not ANSWERS.proves(MARGIN, changed("margin added", instId="BTC-USDT-SWAP", type="reduce"))


def test_another_request_is_proven_by_nothing() -> None:
    other = Request(api=("private",), method="POST", path="trade/close-position")
    assert not ANSWERS.proves(other, frame("okx", "order placed"))


@pytest.mark.parametrize(
    "code", ["1", "2", "50001", "50004", "50013", "50026", "50042", "51054", "51149", "51410", "99999"]
)
def test_codes_that_leave_the_outcome_open_are_on_no_list(code: str) -> None:
    for listed in (CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock):
        assert code not in listed


def test_no_code_is_on_two_lists() -> None:
    lists = (CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock)
    assert sum(map(len, lists)) == len(frozenset().union(*lists))


def test_the_codes_that_matter_most_are_where_they_belong() -> None:
    assert {"51008", "51119", "51169", "51603", "59300", "59301", "59668"} <= CODES.rejected
    assert "51016" in CODES.exists
    assert "51401" in CODES.already
    assert {"50111", "50113"} <= CODES.auth
    assert {"50011", "50061"} <= CODES.limited
    assert "50102" in CODES.clock
