"""What a reply proves about a request that was to change something.

No exception and no status does: an exchange that executed and then lost its tongue looks like one that never
heard. What proves is a code on the exchange's list of definitive ones, or an answer that carries what only a
success carries. Everything else leaves the outcome open, and it is found out by reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Never

from bot.venues.live.dialect import Answers
from bot.venues.live.terms import Codes, Payload
from bot.venues.live.wire import Reply, Request

PROOF_MAX = 200
"""Characters of a body that are quoted: enough for a code and its sentence."""
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What reading a payload of a wrong shape raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """It was done; ``payload`` is the answer, ``None`` where a code proves it (it is there already)."""

    payload: Payload
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """It was not done and will not be, by the exchange's own definitive ``code``."""

    code: str
    proof: str
    clock: bool = False
    """Whether it was for our time stamp, so that the exchange's clock has to be read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """It was not done: too many requests."""

    code: str
    proof: str
    retry_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthLost:
    """It was not done: the key is no good any more."""

    code: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Not a byte of it left."""

    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell from the reply. It must not be sent again, only read about."""

    proof: str


Verdict = Applied | Rejected | Limited | AuthLost | Unsent | Unknown
NothingDone = Rejected | Limited | AuthLost | Unsent
"""The verdicts that prove that nothing was done."""


def judge(request: Request, reply: Reply, codes: Codes, answers: Answers) -> Verdict:
    """What ``reply`` proves about ``request``."""
    if not reply.sent:
        return Unsent(proof=reply.error or "no connection was made")
    if reply.status is None:
        return Unknown(proof=reply.error or "no complete answer")
    proof = quoted(reply)
    try:
        payload = decode(reply.body)
        code = answers.code(reply.status, payload)
    except _MALFORMED:
        return Unknown(proof=proof)
    if code is not None:
        return _by_code(code, reply, codes, proof)
    if not succeeded(reply.status):
        return Unknown(proof=proof)
    try:
        proven = answers.proves(request, payload)
    except _MALFORMED:
        proven = False
    return Applied(payload=payload, proof=proof) if proven else Unknown(proof=proof)


def _by_code(code: str, reply: Reply, codes: Codes, proof: str) -> Verdict:
    if code in codes.auth:
        return AuthLost(code=code, proof=proof)
    if code in codes.limited:
        return Limited(code=code, proof=proof, retry_after_ms=retry_after_ms(reply.headers) or 0)
    if code in codes.exists or code in codes.already:
        return Applied(payload=None, proof=proof)
    if code in codes.clock or code in codes.rejected:
        return Rejected(code=code, proof=proof, clock=code in codes.clock)
    return Unknown(proof=proof)


def decode(body: str) -> Payload:
    """A body of JSON, its fractions as exact decimals. ``ValueError`` for anything else, NaN included."""
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise ValueError("JSON nested beyond all sense") from None


def succeeded(status: int) -> bool:
    """Whether a status is one of success, which alone proves nothing."""
    return status // 100 == HTTPStatus.OK // 100


def quoted(reply: Reply) -> str:
    """A reply in one line: its status and the beginning of its body."""
    text = " ".join(reply.body.split())
    return f"HTTP {reply.status}: {text[:PROOF_MAX] or 'an empty body'}"


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """How long the exchange wants to be left alone; ``None`` where it does not say so in seconds."""
    text = headers.get("retry-after", "")
    return int(text) * 1000 if text.isascii() and text.isdigit() else None


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is no number of JSON")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number)
