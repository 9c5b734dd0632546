"""A request that may be carried out: who asks, and parameters read as what they ought to be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from bot.core.types import AccountName
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.signatures import fits
from bot.simulator.keys import ApiKey, KeyRing
from bot.simulator.wire import Call

RECV_WINDOW_MS = 5000
"""What holds where a request names none (General Info, "Timing security")."""
RECV_WINDOW_MAX_MS = 60_000
AHEAD_MAX_MS = 1000
"""How far a request's time stamp may be ahead of the exchange (General Info, "Timing security")."""
DIGITS_MAX = 20
"""Before or behind the point: more has no meaning in any parameter."""


class Security(Enum):
    """What an endpoint asks for (General Info, "Endpoint Security Type")."""

    NONE = "none"
    KEY = "key"
    """The key's header alone (USER_STREAM)."""
    SIGNED = "signed"
    TRADE = "trade"
    """Signed, by a key that may trade."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with its parameters, and the key it came with."""

    call: Call
    params: dict[str, str]
    key: ApiKey | None = None

    @property
    def account(self) -> AccountName:
        """Whose key it is."""
        assert self.key is not None, f"{self.call.path}: no key was asked for"
        return self.key.account

    def text(self, name: str) -> str:
        """A parameter that must be there; -1102 otherwise."""
        value = self.params.get(name, "")
        if not value:
            raise BinanceError(-1102, name)
        return value

    def number(self, name: str) -> Decimal | None:
        """A number that may be there; -1102 for what is none."""
        value = self.params.get(name, "")
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise BinanceError(-1102, name) from None
        if not number.is_finite() or abs(number.adjusted()) > DIGITS_MAX:
            raise BinanceError(-1102, name)
        return number

    def needed(self, name: str) -> Decimal:
        """A number that must be there."""
        self.text(name)
        number = self.number(name)
        assert number is not None, f"{name} was there and is no number"
        return number

    def integer(self, name: str, default: int) -> int:
        """A whole number, or ``default``."""
        number = self.number(name)
        return default if number is None else int(number)

    def flag(self, name: str) -> bool:
        """Whether a parameter says true."""
        return self.params.get(name, "").lower() == "true"


def admit(call: Call, security: Security, keys: KeyRing, now_ms: int, logged_on: str = "") -> Ask:
    """Check key, time window and signature as the endpoint demands; ``BinanceError`` if it may not be.

    In which order Binance checks them is not documented; assumed: key, time, signature. A connection that is
    ``logged_on`` with a key needs no other and no signature.
    """
    if security is Security.NONE:
        return Ask(call, call.params)
    given = call.headers.get("x-mbx-apikey", "")
    if not given and not logged_on:
        raise BinanceError(-2014)
    key = keys.find(given or logged_on)
    if key is None or key.revoked or (security is Security.TRADE and not key.trade):
        raise BinanceError(-2015)
    ask = Ask(call, call.params, key)
    if security is not Security.KEY:
        _check_time(ask, now_ms)
        if given:
            _check_signature(call, key)
    return ask


def _check_time(ask: Ask, now_ms: int) -> None:
    stamp = int(ask.needed("timestamp"))
    window = ask.integer("recvWindow", RECV_WINDOW_MS)
    if window > RECV_WINDOW_MAX_MS:
        raise BinanceError(-1131)
    if stamp >= now_ms + AHEAD_MAX_MS or now_ms - stamp > window:
        raise BinanceError(-1021)


def _check_signature(call: Call, key: ApiKey) -> None:
    """Over the query and the body as they were sent, the signature itself left out."""
    query, query_signature = _unsigned(call.query)
    body, body_signature = _unsigned(call.body)
    given = query_signature or body_signature
    if not given:
        raise BinanceError(-1102, "signature")
    if not fits(key.secret, query + body, given):
        raise BinanceError(-1022)


def _unsigned(raw: str) -> tuple[str, str]:
    rest, found, signature = raw.rpartition("&signature=")
    if found and "&" not in signature and "signature=" not in rest:
        return rest, signature  # It is the last, as it nearly always is.
    parts = raw.split("&") if raw else []
    signature = next((p.partition("=")[2] for p in parts if p.startswith("signature=")), "")
    return "&".join(p for p in parts if not p.startswith("signature=")), signature
