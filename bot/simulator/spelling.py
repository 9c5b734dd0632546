"""Numbers and signatures as exchanges spell them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.venues.live.exact import plain

PLACES = Decimal("0.00000001")
TOO_MUCH = Decimal(10) ** 15
"""Numbers from here on are nobody's price or quantity."""
Json = Any
"""Whatever JSON can spell."""


def shown(number: Decimal) -> str:
    """At most eight places, none of them an empty nought at the end, no exponent."""
    return plain(number if number == number.quantize(PLACES) else number.quantize(PLACES))


def shown_or(number: Decimal | None, otherwise: str = "") -> str:
    """The number, or what stands where there is none."""
    return otherwise if number is None else shown(number)


def read(given: Mapping[str, Any], name: str) -> Decimal | None:
    """A number from a request; ``None`` where there is none, ``ValueError`` where it is no number."""
    value = given.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{name} is {value!r}") from None
    if not number.is_finite() or abs(number) >= TOO_MUCH:
        raise ValueError(f"{name} is {value!r}")
    return number


def whole(given: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """A whole number from a request; ``otherwise`` where there is none, ``ValueError`` where it is none."""
    value = given.get(name)
    return int(str(value)) if value or value == 0 else otherwise


def hex_signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in hexadecimal."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def base64_signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in base 64."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def same(one: str, two: str) -> bool:
    """Whether two signatures are equal."""
    return hmac.compare_digest(one.encode(), two.encode())
