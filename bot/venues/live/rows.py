"""Fields of an exchange's rows, by name: what is missing or of a wrong shape is an error that says so.

Decoded JSON may be anything. These read it without ever raising what only a programming error should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bot.venues.live.exact import exact, positive

MS_MAX = 10**14
"""A time stamp beyond this (the year 5138) is none in milliseconds."""

Row = Mapping[str, Any]
Read = TypeVar("Read")


def row(value: object, what: str) -> Row:
    """``value`` as an object of JSON."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is {value!r:.80}, expected an object")  # noqa: TRY004 - a payload is no argument of ours
    return value


def rows(value: object, what: str) -> Sequence[Row]:
    """``value`` as a list of objects."""
    return [row(each, f"a row of {what}") for each in items(value, what)]


def items(value: object, what: str) -> Sequence[Any]:
    """``value`` as a list."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise ValueError(f"{what} is {value!r:.80}, expected a list")  # noqa: TRY004 - as above
    return value


def text(of: Row, name: str) -> str:
    """A field that has to be a text, and not an empty one."""
    value = of.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r:.80}, expected a text")
    return value


def text_if_given(of: Row, name: str) -> str:
    """A field that may be left out or empty, which is read as the empty text."""
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is {value!r:.80}, expected a text or nothing")
    return value or ""


def number(of: Row, name: str) -> Decimal:
    """A field that has to be a number."""
    return exact(of.get(name), name)


def above_nought(of: Row, name: str) -> Decimal:
    """A field that has to be a number above 0: a price, a quantity."""
    return positive(of.get(name), name)


def given(of: Row, name: str) -> bool:
    """Whether a field says anything: exchanges leave out, or leave empty, what does not apply."""
    return of.get(name) not in (None, "")


def ms(value: object, what: str) -> int:
    """``value`` as a time stamp in milliseconds."""
    at = positive(value, what)
    if at >= MS_MAX or at != at.to_integral_value():
        raise ValueError(f"{what} is {value!r}, expected whole milliseconds")
    return int(at)


def each(
    of: Sequence[Row], what: str, flaws: list[str], read: Callable[[Row], Read | None]
) -> tuple[Read, ...]:
    """What ``read`` makes of each row, ``None`` left out; what is wrong with one becomes a flaw in words."""
    found: list[Read] = []
    for one in of:
        try:
            result = read(one)
        except KeyError as error:
            flaws.append(f"{what} {_named(one)}: {error.args[0]!r} is not listed")
        except ValueError as error:
            flaws.append(f"{what} {_named(one)}: {error}")
        else:
            if result is not None:
                found.append(result)
    return tuple(found)


def _named(of: Row) -> str:
    return f"{of.get('symbol') or of.get('instId') or '?'}"
