"""What a reply proves: the fault tables of exchanges that execute and then answer badly or not at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.venues.live.outcome import (
    Applied,
    AuthLost,
    Limited,
    Rejected,
    Unknown,
    Unsent,
    decode,
    judge,
)
from bot.venues.live.terms import Codes, Payload
from bot.venues.live.wire import Reply, Request

ORDER = Request(api="private", method="POST", path="order", params={"symbol": "BTCUSDT"})
CODES = Codes(
    rejected=frozenset({"-2019", "-2021", "-2022", "-4164", "-1111", "-4061", "-4161", "-4051", "-1021"}),
    exists=frozenset({"-4116"}),
    already=frozenset({"-4046"}),
    auth=frozenset({"-2014", "-2015"}),
    limited=frozenset({"-1003", "-1008"}),
    clock=frozenset({"-1021"}),
)
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>cloudfront</body></html>"


class Answers:
    """An exchange whose errors are ``{"code": -1, "msg": ""}`` and whose orders have an ``orderId``."""

    def code(self, status: int, payload: Payload) -> str | None:
        code = payload.get("code")
        return str(code) if code is not None and int(code) != 200 else None

    def proves(self, request: Request, payload: Payload) -> bool:
        return bool(payload["orderId"])


def answered(status: int, body: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(sent=True, status=status, headers=named, body=body)


def code(status: int, number: int, text: str = "no") -> Reply:
    return answered(status, f'{{"code":{number},"msg":"{text}"}}')


def verdict(reply: Reply) -> Any:
    return judge(ORDER, reply, CODES, Answers())


OPEN = {
    "closed before it was read": Reply(sent=True, error="ServerDisconnectedError"),
    "closed after executing": Reply(sent=True, error="ServerDisconnectedError"),
    "hung after executing": Reply(sent=True, error="no answer within 10000 ms"),
    "backend timed out": code(408, -1007, "Timeout waiting for response from backend server."),
    "502 html": answered(502, BAD_GATEWAY),
    "503 html": answered(503, "<html>Service Unavailable</html>"),
    "503 with an unknown code": code(503, -1001, "Internal error; unable to process your request."),
    "403 of a firewall": answered(403, "<html>Request blocked</html>"),
    "cut body with 200": Reply(sent=True, error="ContentLengthError"),
    "200 html": answered(200, "<html>maintenance</html>"),
    "200 empty": answered(200, ""),
    "200 null": answered(200, "null"),
    "200 []": answered(200, "[]"),
    "200 {}": answered(200, "{}"),
    "200 cut JSON": answered(200, '{"orderId":4711,"sym'),
    "200 NaN": answered(200, '{"orderId":NaN}'),
    "200 a number": answered(200, "17"),
    "200 true": answered(200, "true"),
    "200 text": answered(200, '"ok"'),
    "200 without id": answered(200, '{"orderId":null,"status":null}'),
    "200 nested beyond sense": answered(200, "[" * 100_000),
    "code that is no number": answered(400, '{"code":{"a":1}}'),
    "unknown code": code(400, -9999),
    "order paths that moved": code(400, -4120, "Order type not supported for this endpoint."),
    "order unknown to a lagging query": code(400, -2013, "Order does not exist."),
    "redirect": answered(302, ""),
    "429 html": answered(429, "<html>slow down</html>"),
    "418 html": answered(418, "<html>banned</html>"),
    "success in an error's clothes": answered(500, '{"orderId":4711}'),
    "created, nothing said": answered(201, "{}"),
}


@pytest.mark.parametrize("reply", OPEN.values(), ids=OPEN.keys())
def test_what_proves_nothing_stays_open(reply: Reply) -> None:
    assert isinstance(verdict(reply), Unknown)


NEVER_LEFT = {
    "no such host": "ClientConnectorDNSError: fapi.example: no such host",
    "connection refused": "ClientConnectorError: connection refused",
    "wrong certificate": "ClientConnectorCertificateError: unable to get local issuer certificate",
    "connecting took too long": "ConnectionTimeoutError",
    "nothing said": "",
}


@pytest.mark.parametrize("error", NEVER_LEFT.values(), ids=NEVER_LEFT.keys())
def test_what_never_left_was_not_done(error: str) -> None:
    got = verdict(Reply(sent=False, error=error))
    assert isinstance(got, Unsent)
    assert got.proof == (error or "no connection was made")


DEFINITIVE = {
    "margin insufficient": (400, -2019),
    "balance insufficient for margin": (400, -4051),
    "would trigger at once": (400, -2021),
    "reduce-only refused": (400, -2022),
    "below the minimum": (400, -4164),
    "off the step": (400, -1111),
    "position mode": (400, -4061),
    "leverage of an isolated position": (400, -4161),
    "said with 200": (200, -2019),
    "said with 503": (503, -2019),
}


@pytest.mark.parametrize(("status", "number"), DEFINITIVE.values(), ids=DEFINITIVE.keys())
def test_a_definitive_code_is_proof_of_rejection(status: int, number: int) -> None:
    got = verdict(code(status, number, "Margin is insufficient."))
    assert got == Rejected(
        code=str(number),
        proof=f'HTTP {status}: {{"code":{number},"msg":"Margin is insufficient."}}',
    )


def test_a_wrong_clock_is_a_rejection_that_says_so() -> None:
    got = verdict(code(400, -1021, "Timestamp for this request is outside of the recvWindow."))
    assert isinstance(got, Rejected)
    assert got.clock


def test_a_duplicate_id_proves_that_the_order_is_there() -> None:
    assert isinstance(verdict(code(400, -4116, "ClientOrderId is duplicated.")), Applied)


def test_what_is_so_already_counts_as_done() -> None:
    assert isinstance(verdict(code(400, -4046, "No need to change margin type.")), Applied)


def test_a_rate_limit_was_not_done_and_says_how_long() -> None:
    reply = answered(429, '{"code":-1003,"msg":"Too many requests."}', retry_after="7")
    assert verdict(reply) == Limited(
        code="-1003", proof='HTTP 429: {"code":-1003,"msg":"Too many requests."}', retry_after_ms=7000
    )


@pytest.mark.parametrize("said", ["", "soon", "-3", "Sun, 22 Nov 2026 04:00:00 GMT", "²"])
def test_a_rate_limit_without_seconds_is_still_one(said: str) -> None:
    got = verdict(answered(418, '{"code":-1003,"msg":"banned"}', retry_after=said))
    assert isinstance(got, Limited)
    assert got.retry_after_ms == 0


@pytest.mark.parametrize("number", [-2014, -2015])
def test_a_revoked_key_is_not_a_rate_limit(number: int) -> None:
    got = verdict(code(401, number, "Invalid API-key, IP, or permissions for action."))
    assert isinstance(got, AuthLost)
    assert got.code == str(number)


def test_an_order_with_its_id_was_placed() -> None:
    got = verdict(answered(200, '{"orderId":4711,"avgPrice":0.10}'))
    assert isinstance(got, Applied)
    assert got.payload == {"orderId": 4711, "avgPrice": Decimal("0.10")}


def test_fractions_are_exact() -> None:
    assert str(decode('{"a":12345678901234.567890}')["a"]) == "12345678901234.567890"


def test_a_proof_is_short_and_one_line() -> None:
    got = verdict(answered(502, "<html>\n" + "x" * 5_000))
    assert got.proof == "HTTP 502: <html> " + "x" * 193


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("code", "orderId", "a")), inner)
    ),
    max_leaves=6,
)


@given(payload=JSON, status=st.integers(100, 599), cut=st.integers(0, 40))
def test_no_body_whatever_raises_or_proves_more_than_it_says(payload: Any, status: int, cut: int) -> None:
    import json

    body = json.dumps(payload)
    got = verdict(answered(status, body[: len(body) - cut]))
    if isinstance(got, Applied):
        assert "orderId" in body or "-4116" in body or "-4046" in body
    if isinstance(got, Rejected):
        assert got.code in body
