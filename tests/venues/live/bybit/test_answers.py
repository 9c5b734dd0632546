"""What an answer of Bybit proves."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.types import ClientId, PositionMode
from bot.venues.live.dialects.bybit.traits import CODES
from bot.venues.live.wire import Request
from tests.building.frames import frame
from tests.venues.live.bybit.desk import DIALECT, ETH, D, a_position, instrument

ANSWERS = DIALECT.answers
ACTING = DIALECT.acting(PositionMode.ONE_WAY)
REDUCE = ACTING.reduce(a_position(), instrument(), D("0.1"), ClientId("hf-3-17"))
MARGIN = ACTING.add_margin(a_position(ETH), instrument(ETH), D(1))
LEVERAGE = ACTING.set_leverage(a_position(), instrument(), D(5))[0]


def test_a_code_is_told_and_nought_is_none() -> None:
    assert ANSWERS.code(200, frame("bybit", "not modified")) == "110043"
    assert ANSWERS.code(200, frame("bybit", "order placed")) is None
    assert ANSWERS.code(200, {"retCode": "-2015"}) == "-2015"


@pytest.mark.parametrize("payload", [None, [], "html", {}, {"retCode": None}, {"retCode": "OK"}])
def test_what_is_no_answer_of_bybit_has_no_code(payload: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        ANSWERS.code(200, payload)


def test_an_order_is_proven_by_its_id_and_ours() -> None:
    answer = frame("bybit", "order placed")
    assert ANSWERS.proves(REDUCE, answer)
    assert not ANSWERS.proves(REDUCE, {**answer, "result": {**answer["result"], "orderLinkId": "hf-3-18"}})
    assert not ANSWERS.proves(REDUCE, {**answer, "result": {**answer["result"], "orderId": ""}})
    assert not ANSWERS.proves(REDUCE, frame("bybit", "not modified"))


def test_leverage_is_proven_by_an_empty_result() -> None:
    assert ANSWERS.proves(LEVERAGE, frame("bybit", "leverage set"))


def test_margin_is_proven_by_its_symbol() -> None:
    answer = frame("bybit", "margin added")
    assert not ANSWERS.proves(MARGIN, answer)
    moved = Request(api=MARGIN.api, method="POST", path=MARGIN.path, params={"symbol": "ETHUSD"})
    assert ANSWERS.proves(moved, answer)


@pytest.mark.parametrize("code", ["10000", "10007", "10014", "10016", "429", "110035", "999999"])
def test_codes_that_leave_the_outcome_open_are_on_no_list(code: str) -> None:
    for listed in (CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock):
        assert code not in listed


def test_no_code_is_on_two_lists() -> None:
    lists = (CODES.rejected, CODES.exists, CODES.already, CODES.auth, CODES.limited, CODES.clock)
    assert sum(map(len, lists)) == len(frozenset().union(*lists))


def test_the_codes_that_matter_most_are_where_they_belong() -> None:
    assert {"110007", "110017", "110093", "110013"} <= CODES.rejected
    assert "110072" in CODES.exists
    assert "110043" in CODES.already
    assert {"10003", "33004"} <= CODES.auth
    assert "10006" in CODES.limited
    assert "10002" in CODES.clock
