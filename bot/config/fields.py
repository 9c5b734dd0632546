"""How single values are spelt in the configuration, and what they become.

Money and prices are exact: a TOML number is read as the decimal that was typed, never through a binary
float, and a string works as well. Durations, which rules spell alike, are in ``bot.core.durations``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from bot.config.errors import listed
from bot.core.settings import RESERVED_NAMES, SEATBELT
from bot.core.types import Symbol
from bot.venues.calendar import EXPIRES_AT, expiry_of

ANY_SYMBOL = "*"
FIRST = "first"
AUTO = "auto"
NO_CAP = "none"
VENUE_CAP = "venue"
_DIGITS_MAX = 18

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SYMBOL = re.compile(r"[A-Z0-9]+/([A-Z0-9]+):[A-Z0-9]+(-[0-9]{6})?")
_SPOT = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_CURRENCY = re.compile(r"[A-Z0-9]{1,20}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,20}")
_NUMBER = [{"type": "number"}, {"type": "string", "pattern": r"^[0-9_]*\.?[0-9_]+([eE][+-]?[0-9]+)?$"}]


class NoChoiceError(ValueError):
    """A word that is none of a few; a misspelt one gets a suggestion."""

    def __init__(self, options: Iterable[str], otherwise: str = "") -> None:
        self.options = tuple(options)
        super().__init__(f"allowed: {listed(self.options)}{otherwise}")


class UnrepeatableError(ValueError):
    """Something was found that must not be shown: it may be a secret."""


def parse_exact(value: object) -> Decimal:
    """The decimal that was typed, as a number or as text.

    Nothing is counted in more than ``_DIGITS_MAX`` digits before or after the point: sums of such numbers
    keep all their digits, those of greater ones would not be exact any more.
    """
    if isinstance(value, Decimal | int | str) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            if number and not -_DIGITS_MAX <= number.adjusted() < _DIGITS_MAX:
                raise ValueError(
                    f"allowed: a number of at most {_DIGITS_MAX} digits before or after the point"
                )
            return number
    raise ValueError('allowed: a number, such as 0.05 or "0.05"')


def format_exact(number: Decimal) -> str:
    """The number without exponent and without trailing zeros, so that equal numbers print equally."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def _entry(value: object) -> Decimal | Literal["first"]:
    if value == "first":
        return "first"
    try:
        price = parse_exact(value)
    except ValueError:
        price = Decimal(0)
    if price <= 0:
        raise NoChoiceError([FIRST], ", which is the first traded price of the tape, or a price above 0")
    return price


def _tick(value: object) -> Decimal | Literal["auto"]:
    if value == "auto":
        return "auto"
    try:
        step = parse_exact(value)
    except ValueError:
        step = Decimal(0)
    if step <= 0:
        raise NoChoiceError([AUTO], ", which is the last decimal of the tape, or a price step above 0")
    return step


def _symbol(value: object) -> Symbol:
    if isinstance(value, str) and _SPOT.fullmatch(value):
        raise ValueError(
            f'that is a spot symbol; a perpetual is written like "{value}:{value.split("/")[1]}"'
        )
    if not isinstance(value, str) or not _SYMBOL.fullmatch(value):
        raise ValueError(
            'allowed: a symbol such as "BTC/USDT:USDT" or, with a delivery date, "BTC/USDT:USDT-261225"'
        )
    expiry_of(Symbol(value))
    return Symbol(value)


def _perpetual(value: object) -> Symbol:
    symbol = _symbol(value)
    if expiry_of(symbol) is not None:
        raise ValueError('allowed: a symbol without a delivery date, such as "BTC/USDT:USDT"')
    return symbol


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise ValueError('allowed: a currency in capitals, such as "USDT" or "BTC"')
    return value


def _moment(value: object) -> int:
    """Milliseconds of a date, which means 08:00 UTC, or of a date with a time and its zone."""
    found = _from_iso(value) if isinstance(value, str) else value
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, EXPIRES_AT)
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise ValueError("allowed: a date such as 2026-12-25, or with time and zone 2026-12-25T08:00:00Z")
    return int(found.timestamp()) * 1000


def _from_iso(text: str) -> date | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _moment_text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).isoformat()


def _symbol_or_any(value: object) -> Symbol:
    if value == ANY_SYMBOL:
        return Symbol(ANY_SYMBOL)
    try:
        return _symbol(value)
    except ValueError as error:
        raise ValueError(f'{error}; or "*", which is every symbol not named otherwise') from None


def _account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        raise ValueError("allowed: a name of up to 20 letters, digits, - and _")
    return value


def check_label(value: str) -> str:
    """``value`` where a rule at work may be called that; else ValueError, saying what is allowed."""
    if not _LABEL.fullmatch(value):
        raise ValueError("allowed: a name of up to 40 letters, digits, ., - and _")
    if value == SEATBELT:
        raise ValueError(f'"{SEATBELT}" is the name of the fixed last rule; choose another')
    if value in RESERVED_NAMES:
        raise ValueError(f'"{value}" is the name of a fixed rule; choose another')
    return value


def parse_instant(value: object) -> int:
    """Milliseconds since the epoch of a time with its zone, as TOML writes it or as text."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("allowed: a time with its zone, such as 2025-10-10T21:16:00Z")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def format_instant(at_ms: int) -> str:
    """The text that `parse_instant` reads back."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat().replace("+00:00", "Z")


def _cap(value: object) -> Decimal | Literal["none", "venue"]:
    if value in (NO_CAP, VENUE_CAP):
        return "none" if value == NO_CAP else "venue"
    try:
        cap = parse_exact(value)
    except ValueError:
        cap = Decimal(-1)
    if not 0 <= cap < 1:
        raise NoChoiceError([NO_CAP, VENUE_CAP], ", or a rate per settlement from 0 to below 1")
    return cap


def _exact_or_word(number: Decimal | str) -> str:
    return number if isinstance(number, str) else format_exact(number)


_AS_TEXT = PlainSerializer(_exact_or_word)

Exact = Annotated[Decimal, BeforeValidator(parse_exact, json_schema_input_type=Decimal), _AS_TEXT]
"""Any finite number, exactly as typed."""
NotNegative = Annotated[Exact, Field(ge=0)]
"""A number of at least 0."""
Positive = Annotated[Exact, Field(gt=0)]
"""A number above 0."""
Fraction = Annotated[Exact, Field(ge=0, lt=1)]
"""A fraction of at least 0 and below 1: 0.05 is five percent."""
Slippage = Annotated[Exact, Field(gt=0, lt=1)]
"""How far from the mark an order may fill, as a fraction of it."""
FeeRate = Annotated[Exact, Field(gt=-1, lt=1)]
"""A fee as a fraction of the traded value; negative for a rebate."""
Entry = Annotated[
    Decimal | Literal["first"],
    PlainValidator(_entry),
    _AS_TEXT,
    WithJsonSchema({"anyOf": [{"const": FIRST}, *_NUMBER]}),
]
"""The price a position was opened at, or ``"first"``: the first traded price of the tape."""
TickSize = Annotated[
    Decimal | Literal["auto"],
    PlainValidator(_tick),
    _AS_TEXT,
    WithJsonSchema({"anyOf": [{"const": AUTO}, *_NUMBER]}),
]
"""The price step of a contract, or ``"auto"``: the last decimal of the tape."""
Instant = Annotated[
    int,
    BeforeValidator(parse_instant),
    PlainSerializer(format_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its zone, in milliseconds since the epoch once read."""
FundingCapChoice = Annotated[
    Decimal | Literal["none", "venue"],
    PlainValidator(_cap),
    _AS_TEXT,
    WithJsonSchema({"anyOf": [{"enum": [NO_CAP, VENUE_CAP]}, *_NUMBER]}),
]
"""The largest funding rate: ``"none"``, ``"venue"`` or a rate per settlement."""
Rate = Annotated[Exact, Field(gt=-1, lt=1)]
"""A fraction of notional, either way."""
SymbolName = Annotated[
    Symbol, PlainValidator(_symbol), WithJsonSchema({"type": "string", "pattern": f"^{_SYMBOL.pattern}$"})
]
"""A unified symbol, ``BASE/QUOTE:SETTLE`` and for dated contracts ``-YYMMDD``."""
PerpetualName = Annotated[
    Symbol,
    PlainValidator(_perpetual),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+$"}),
]
"""A unified symbol without a delivery date."""
Currency = Annotated[str, AfterValidator(_currency)]
"""What contracts settle in, as symbols spell it."""
Moment = Annotated[
    int,
    PlainValidator(_moment),
    PlainSerializer(_moment_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point of time, in milliseconds UTC once read."""
SymbolOrAny = Annotated[Symbol, PlainValidator(_symbol_or_any), WithJsonSchema({"type": "string"})]
"""A unified symbol, or ``*`` for every symbol that is not named otherwise."""
Account = Annotated[str, AfterValidator(_account)]
"""The name of an account."""
RuleLabel = Annotated[str, AfterValidator(check_label)]
"""The name of a rule at work."""
