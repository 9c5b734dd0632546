"""Numbers of an exchange's payload as exact decimals, or an error: never a guess, never a default."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_MOST_DIGITS = 40
"""Places before or behind the point beyond which no price and no amount can be: arithmetic would overflow."""

_NUMBERS = (str, int, float, Decimal)


def exact(value: object, what: str) -> Decimal:
    """``value`` as a finite decimal, in the digits it was written in.

    A float is what a decoder made of a number in JSON: its shortest spelling is what was written, up to the
    15 digits that a float holds. ``ValueError`` names ``what`` where it is no number, not finite, missing, or
    of a size that no amount can have.
    """
    if type(value) is not str and (isinstance(value, bool) or not isinstance(value, _NUMBERS)):
        raise ValueError(f"{what} is {value!r}, expected a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{what} is {value!r}, expected a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{what} is {value!r}, expected a finite number")
    return number


def positive(value: object, what: str) -> Decimal:
    """``exact``, and above nought: a price or a quantity."""
    number = exact(value, what)
    if number <= 0:
        raise ValueError(f"{what} is {value!r}, expected above 0")
    return number


def volume(value: object) -> Decimal | None:
    """What was traded in a bar, in whatever the exchange counts; ``None`` where it is not told."""
    if value is None:
        return None
    number = exact(value, "volume of a bar")
    if number < 0:
        raise ValueError(f"volume of a bar is {value!r}, expected at least 0")
    return number


def plain(number: Decimal) -> str:
    """``number`` as exchanges read it: no exponent, no trailing noughts."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
