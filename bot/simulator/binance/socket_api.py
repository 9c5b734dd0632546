"""Requests over a websocket: ``wss://ws-fapi.binance.com/ws-fapi/v1`` ("WebSocket API General Info").

Each method is an endpoint of REST in other clothes: it has the same parameters, checks, limits, answer and
errors. Its signature is over all parameters in alphabetical order. A connection can be logged on with an
Ed25519 key, and is served without key and signature from then on; other keys sign every request.

Faults on order befall what goes down the line, by the name of the method, not the request.

Assumed: what is no request is refused with -1013, an unknown method with -1020, and a log-on with a key of
another kind with -4056.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from bot.simulator.binance.asking import Security, admit
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Office
from bot.simulator.binance.shapes import Json
from bot.simulator.binance.signatures import is_pair
from bot.simulator.binance.weights import ORDERS_1M_MAX, ORDERS_10S_MAX, WEIGHT_MAX
from bot.simulator.line import Line
from bot.simulator.wire import Answer, Call, spelt

METHODS: Mapping[str, tuple[str, str]] = {
    "order.place": ("POST", "v1/order"),
    "order.modify": ("PUT", "v1/order"),
    "order.cancel": ("DELETE", "v1/order"),
    "order.status": ("GET", "v1/order"),
    "algoOrder.place": ("POST", "v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "v1/algoOrder"),
    "account.position": ("GET", "v2/positionRisk"),
    "v2/account.position": ("GET", "v3/positionRisk"),
    "account.balance": ("GET", "v2/balance"),
    "v2/account.balance": ("GET", "v3/balance"),
    "account.status": ("GET", "v2/account"),
    "v2/account.status": ("GET", "v3/account"),
    "depth": ("GET", "v1/depth"),
    "ticker.price": ("GET", "v1/ticker/price"),
    "ticker.book": ("GET", "v1/ticker/bookTicker"),
    "userDataStream.start": ("POST", "v1/listenKey"),
    "userDataStream.ping": ("PUT", "v1/listenKey"),
    "userDataStream.stop": ("DELETE", "v1/listenKey"),
}
"""Which endpoint a method is. A name may be led by a version, which means nothing but here."""
VERSION = re.compile(r"^v[0-9]+/")
SESSION = ("session.logon", "session.status", "session.logout")
LIMITS = (
    ("x-mbx-used-weight-1m", "REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_MAX),
    ("x-mbx-order-count-10s", "ORDERS", "SECOND", 10, ORDERS_10S_MAX),
    ("x-mbx-order-count-1m", "ORDERS", "MINUTE", 1, ORDERS_1M_MAX),
)
"""What ``rateLimits`` counts, by the header of REST that counts it too."""


@dataclass(slots=True)
class ApiSession:
    """One connection: since when, whether it wants to be told of limits, and as whom it is logged on."""

    since_ms: int
    limits: bool
    key: str = ""
    key_since_ms: int | None = None


class ApiSocket:
    """Hears requests, has them carried out like those of REST, and answers them."""

    def __init__(self, office: Office, answer: Callable[[Call, str], Answer]) -> None:
        """``answer`` carries a request out, for the key that is logged on."""
        self._office = office
        self._answer = answer

    def open(self, line: Line) -> int:
        """A connection: 0, or the status that refuses it."""
        if line.call.path != self._office.section.api_path:
            return 404
        wanted = parse_qs(line.call.query).get("returnRateLimits", ["true"])[0]
        line.session = ApiSession(self._office.now_ms, limits=wanted.lower() == "true")
        return 0

    def hear(self, line: Line, text: str) -> None:
        """One request."""
        request = _request(text)
        if request is None:
            answer = BinanceError(-1013).answer
            line.send(_response(None, answer, limits=line.session.limits), "error")
            return
        method, params, session = request["method"], request["params"], line.session
        if session.key and not self._good(session.key):
            session.key = ""
            line.send(_response(None, BinanceError(-2015).answer, limits=False), method)
            return
        limits = params.get("returnRateLimits", str(session.limits)).lower() == "true"
        answer = self._carried_out(line, method, params)
        line.send(_response(request.get("id"), answer, limits=limits), method)

    def _carried_out(self, line: Line, method: str, params: dict[str, str]) -> Answer:
        call = self._call(line, method, params)
        if method in SESSION:
            try:
                return Answer.of(self._session(line.session, method, call))
            except BinanceError as error:
                return error.answer
        return BinanceError(-1020).answer if call.path == "" else self._answer(call, line.session.key)

    def _call(self, line: Line, method: str, params: dict[str, str]) -> Call:
        """The same request as REST would have had it."""
        verb, path = METHODS.get(method) or METHODS.get(VERSION.sub("", method)) or ("GET", "")
        signature = params.pop("signature", "")
        query = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        key = params.get("apiKey", "")
        return Call(
            method=verb,
            host=self._office.section.host,
            path=f"{self._office.section.path}/{path}" if path else "",
            query=f"{query}&signature={signature}" if signature else query,
            headers={"x-mbx-apikey": key} if key else {},
            peer=line.call.peer,
        )

    def _session(self, session: ApiSession, method: str, call: Call) -> Json:
        if method == "session.logon":
            ask = admit(call, Security.SIGNED, self._office.world.keys, self._office.now_ms)
            assert ask.key is not None, "a signed request without a key"
            if not is_pair(ask.key.secret):
                raise BinanceError(-4056)
            session.key, session.key_since_ms = ask.key.key, self._office.now_ms
        elif method == "session.logout":
            session.key, session.key_since_ms = "", None
        return {
            "apiKey": session.key or None,
            "authorizedSince": session.key_since_ms,
            "connectedSince": session.since_ms,
            "returnRateLimits": session.limits,
            "serverTime": self._office.now_ms,
        }

    def _good(self, name: str) -> bool:
        key = self._office.world.keys.find(name)
        return key is not None and not key.revoked


def _request(text: str) -> dict[str, Any] | None:
    """A request with its parameters as they were spelt; ``None`` for what is none."""
    try:
        found = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("method"), str):
        return None
    params = found.get("params", {})
    if not isinstance(params, dict):
        return None
    return found | {"params": {name: _text(value) for name, value in params.items() if value is not None}}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _response(asked: object, answer: Answer, *, limits: bool) -> str:
    told = "result" if answer.status == 200 else "error"  # noqa: PLR2004 - HTTP's own number
    counted = f',"rateLimits":{spelt(_counted(answer.headers))}' if limits else ""
    return f'{{"id":{spelt(asked)},"status":{answer.status},"{told}":{answer.body}{counted}}}'


def _counted(headers: Mapping[str, str]) -> list[Json]:
    return [
        {
            "rateLimitType": kind,
            "interval": interval,
            "intervalNum": number,
            "limit": most,
            "count": int(headers[header]),
        }
        for header, kind, interval, number, most in LIMITS
        if header in headers
    ]
