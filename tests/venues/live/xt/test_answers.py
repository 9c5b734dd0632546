"""What an answer of XT proves, and how much it leaves open."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.types import PositionMode
from bot.venues.live.dialects.xt import DIALECT
from tests.venues.live.xt.recorded import OURS, a_position, btc, frame

D = Decimal
ANSWERS, CODES = DIALECT.answers, DIALECT.traits.codes
ACTING = DIALECT.acting(PositionMode.HEDGE)
EXIT = ACTING.reduce(a_position(), btc(), D("0.001"), OURS)
STOP = ACTING.place_stop(a_position(), btc(), D(26000), OURS)
MARGIN = ACTING.add_margin(a_position(), btc(), D(5))
(LEVERAGE,) = ACTING.set_leverage(a_position(), btc(), D(5))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("refused", "insufficient_balance"),
        ("wrong signature", "403"),
        ("backend down", "400"),
        ("spot refused", "AUTH_103"),
        ("order taken", None),
        ("margin moved", None),
    ],
)
def test_the_code_is_xts_own_word(what: str, code: str | None) -> None:
    assert ANSWERS.code(200, frame(what)) == code


@pytest.mark.parametrize("payload", [None, "", "<html>", [], 5])
def test_what_is_no_answer_has_no_code(payload: object) -> None:
    assert ANSWERS.code(502, payload) is None


def test_a_failure_without_a_word_is_a_code_that_proves_nothing() -> None:
    code = ANSWERS.code(200, {"returnCode": 1, "msgInfo": "failure", "error": None, "result": None})
    assert code == "returnCode 1"
    assert code not in CODES.rejected


def test_too_little_money_is_a_proof_and_a_backend_that_is_down_is_none() -> None:
    assert "insufficient_balance" in CODES.rejected
    assert not {"400", "500", "502", "503", "COMMON_002", "ORDER_001"} & CODES.rejected
    assert "403" in CODES.auth
    assert CODES.limited == {"429"}
    assert CODES.clock == {"AUTH_105"}
    assert not CODES.rejected & (CODES.auth | CODES.limited | CODES.already | CODES.exists)


@pytest.mark.parametrize("request_", [EXIT, STOP])
def test_an_order_is_proven_by_its_id(request_: Any) -> None:
    assert ANSWERS.proves(request_, frame("order taken"))
    assert not ANSWERS.proves(request_, frame("margin moved"))


@pytest.mark.parametrize("request_", [MARGIN, LEVERAGE])
def test_a_change_without_an_id_is_proven_by_its_success(request_: Any) -> None:
    assert ANSWERS.proves(request_, frame("margin moved"))


@pytest.mark.parametrize("request_", [EXIT, STOP, MARGIN, LEVERAGE])
@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        [],
        "ok",
        {"result": "206410760006650176"},
        {"returnCode": 0},
        {"returnCode": 0, "msgInfo": "failure", "result": "206410760006650176"},
        {"returnCode": 1, "msgInfo": "failure", "error": {"code": "x"}, "result": None},
    ],
)
def test_nothing_else_proves_anything(request_: Any, payload: object) -> None:
    assert not ANSWERS.proves(request_, payload)
