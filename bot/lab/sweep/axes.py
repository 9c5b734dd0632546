"""Which values a parameter takes in a sweep, as the command line says it.

=====================  ===========================================================================
``0.05:0.20:7``        seven values, evenly spaced, both ends among them
``0.01:0.16:5:log``    five values, each the same multiple of the one before
``15m,1h,4h``          these values
``0.05:0.20``          any value between, for a random search; with ``:log`` any order of magnitude
=====================  ===========================================================================

Numbers are the decimals that are written, never binary floats; those between the ends are rounded to six
digits of the span, so that nobody has to read more. Only where a value lies on its axis is a float: that is
for distances between cells, and decides nothing but what is a neighbour of what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor

from bot.config.errors import Key, shown
from bot.config.fields import format_exact, parse_exact
from bot.lab.sweep.errors import ParameterError

Value = int | Decimal | bool | str
"""What TOML could say in its place: a whole number, another number, true or false, or a word."""

COUNT_MAX = 1000
"""So many values an axis has at most."""
DIGITS = 6
"""To how many digits of the span values between its ends are rounded."""
LOG = "log"
FORMS = "write it like 0.05:0.20:7, 0.01:0.16:5:log or 15m,1h,4h"
_ENDS = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """Values one after the other."""

    values: tuple[Value, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    def drawn(self, fraction: float) -> Value:
        """One of them, for a number of at least 0 and below 1."""
        return self.values[int(fraction * self.count)]

    def place(self, value: Value) -> float:
        """Where it stands, from 0 for the first to 1 for the last."""
        return self.values.index(value) / max(1, self.count - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Any value between, evenly likely, or its logarithm is; ``whole`` ones only where the parameter asks."""

    low: Decimal
    high: Decimal
    log: bool = False
    whole: bool = False

    def drawn(self, fraction: float) -> Value:
        """The value at a number of at least 0 and below 1."""
        part = Decimal(repr(fraction))
        if self.whole:
            return floor(_at(self.low, self.high + 1, part, log=self.log))
        return _plain(_rounded(_at(self.low, self.high, part, log=self.log), self.low, self.high))

    def place(self, value: Value) -> float:
        """Where it lies, from 0 at the low end to 1 at the high end."""
        number = Decimal(value)
        if self.log:
            return float((number / self.low).ln() / (self.high / self.low).ln())
        return float((number - self.low) / (self.high - self.low))


Span = Listed | Between


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One parameter: its name as it was written, its place in the configuration, and its values."""

    name: str
    key: Key
    span: Span


def parse_span(text: str, *, whole: bool = False) -> Span:
    """The values that ``text`` says; ``ParameterError`` for what says none.

    ``whole``: the parameter takes whole numbers only, and so does what is drawn at random.
    """
    if ":" not in text:
        return _listed([word.strip() for word in text.split(",")])
    *words, last = text.split(":")
    log = last == LOG
    if not log:
        words.append(last)
    if not _ENDS <= len(words) <= _ENDS + 1:
        raise ParameterError(f"found {shown(text)}; {FORMS}")
    low, high = (_number(word) for word in words[:_ENDS])
    if low >= high:
        raise ParameterError(f"found {shown(text)}; the first number is to be below the second")
    if log and low <= 0:
        raise ParameterError(f"found {shown(text)}; a log scale begins above 0")
    if len(words) == _ENDS:
        if whole and not (low == floor(low) and high == floor(high)):
            raise ParameterError(f"found {shown(text)}; allowed: whole numbers")
        return Between(low=low, high=high, log=log, whole=whole)
    return Listed(_spaced(low, high, _count(words[_ENDS]), log=log))


def value_text(value: object) -> str:
    """A value for people and for JSON: numbers exactly, without trailing zeros."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case int() | Decimal():
            return format_exact(Decimal(value))
        case _:
            return str(value)


def _listed(words: Sequence[str]) -> Listed:
    values = tuple(_value(word) for word in words)
    if "" in values:
        raise ParameterError(f"found {shown(','.join(words))}, a value is missing; {FORMS}")
    if len(set(values)) < len(values):
        raise ParameterError(f"found {shown(','.join(words))}, a value is there twice")
    if len(values) > COUNT_MAX:
        raise ParameterError(f"found {len(values)} values; allowed: at most {COUNT_MAX}")
    return Listed(values)


def _spaced(low: Decimal, high: Decimal, count: int, *, log: bool) -> tuple[Value, ...]:
    steps = (Decimal(step) / (count - 1) for step in range(1, count - 1))
    between = [_rounded(_at(low, high, part, log=log), low, high) for part in steps]
    return tuple(_plain(number) for number in (low, *between, high))


def _at(low: Decimal, high: Decimal, part: Decimal, *, log: bool) -> Decimal:
    """The number at that part of the way."""
    return low * (high / low) ** part if log else low + (high - low) * part


def _rounded(number: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """In six digits: of the span, or of the number where that is finer (as at the low end of a log scale)."""
    finest = min((high - low).adjusted(), number.adjusted() if number else 0)
    return min(high, max(low, round(number, DIGITS - 1 - finest)))


def _plain(number: Decimal) -> Value:
    """The number as one would write it into the file: not every parameter takes 2.0."""
    return int(number) if number == number.to_integral_value() else Decimal(format_exact(number))


def _value(word: str) -> Value:
    if word in {"true", "false"}:
        return word == "true"
    try:
        return _plain(parse_exact(word))
    except ValueError:
        return word


def _number(word: str) -> Decimal:
    try:
        return parse_exact(word)
    except ValueError:
        raise ParameterError(f"found {shown(word)} where a number is expected; {FORMS}") from None


def _count(word: str) -> int:
    if not word.isdecimal() or not _ENDS <= int(word) <= COUNT_MAX:
        raise ParameterError(f"found {shown(word)} values; allowed: a whole number from 2 to {COUNT_MAX}")
    return int(word)
