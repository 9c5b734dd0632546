"""Numbers, measures and the arithmetic over them: the two sides of a comparison.

Everything is ``Decimal``. What is not known, and what has no value (a division by zero), is no number at all
but ``Unknown`` with its reason: it spreads through the arithmetic, and a comparison with it never holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import add, mul, sub, truediv
from typing import assert_never

from bot.core.danger.situation import Situation
from bot.core.when.measures import Measure


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no number, and why."""

    because: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the text."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure says of the position."""

    measure: Measure


class Operator(StrEnum):
    """The four rules of arithmetic."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two terms and what is done with them."""

    left: Term
    operator: Operator
    right: Term


class Function(StrEnum):
    """What may be called."""

    ABS = "abs"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of terms."""

    function: Function
    arguments: tuple[Term, ...]


Term = Number | Reading | Arithmetic | Call

_ARITHMETIC: dict[Operator, Callable[[Decimal, Decimal], Decimal]] = {
    Operator.PLUS: add,
    Operator.MINUS: sub,
    Operator.TIMES: mul,
    Operator.OVER: truediv,
}


def value(term: Term, situation: Situation) -> Decimal | Unknown:
    """What a term comes to now."""
    match term:
        case Number(number):
            return number
        case Reading(measure):
            found = measure.read(situation)
            return Unknown(measure.unknown) if found is None else found
        case Arithmetic(left, operator, right):
            sides = _values((left, right), situation)
            return sides if isinstance(sides, Unknown) else _worked_out(term, operator, *sides)
        case Call(function, arguments):
            found_all = _values(arguments, situation)
            return found_all if isinstance(found_all, Unknown) else _called(function, found_all)
        case _:
            assert_never(term)


def _values(terms: Sequence[Term], situation: Situation) -> Sequence[Decimal] | Unknown:
    found = []
    for term in terms:
        each = value(term, situation)
        if isinstance(each, Unknown):
            return each
        found.append(each)
    return found


def _worked_out(term: Term, operator: Operator, left: Decimal, right: Decimal) -> Decimal | Unknown:
    try:
        result = _ARITHMETIC[operator](left, right)
    except ArithmeticError:  # By zero, or of two infinities.
        return Unknown(f"{text(term)} has no value")
    return result


def _called(function: Function, arguments: Sequence[Decimal]) -> Decimal:
    match function:
        case Function.ABS:
            return abs(arguments[0])
        case Function.MIN:
            return min(arguments)
        case Function.MAX:
            return max(arguments)
        case _:
            assert_never(function)


def measures(term: Term) -> Iterator[Measure]:
    """The measures of a term, from left to right."""
    match term:
        case Reading(measure):
            yield measure
        case Arithmetic(left, _, right):
            yield from measures(left)
            yield from measures(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from measures(argument)
        case Number():
            return


def moves(term: Term) -> bool:
    """Whether a term may have another value at another mark, without anything else having happened."""
    return any(measure.moves for measure in measures(term))


def text(term: Term) -> str:
    """A term as it may be written, with brackets where they are needed."""
    match term:
        case Number(number):
            return f"{number:f}"
        case Reading(measure):
            return measure.name
        case Arithmetic(left, operator, right):
            return f"{_side(left, operator)} {operator} {_side(right, operator, right=True)}"
        case Call(function, arguments):
            return f"{function}({', '.join(map(text, arguments))})"
        case _:
            assert_never(term)


_SUMS = (Operator.PLUS, Operator.MINUS)


def _side(term: Term, outer: Operator, *, right: bool = False) -> str:
    """One side of an operation, in brackets where it would be read otherwise."""
    if not isinstance(term, Arithmetic):
        return text(term)
    looser = term.operator in _SUMS and outer not in _SUMS
    level = (term.operator in _SUMS) is (outer in _SUMS)
    return f"({text(term)})" if looser or (right and level) else text(term)
