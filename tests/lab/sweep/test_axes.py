"""Which values a word of the command line says."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.sweep.axes import Between, Listed, parse_span, value_text
from bot.lab.sweep.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.05:0.20:7", "0.05 0.075 0.1 0.125 0.15 0.175 0.2"),
        ("1:5:3", "1 3 5"),
        ("0:1:4", "0 0.333333 0.666667 1"),
        ("0.01:0.16:5:log", "0.01 0.02 0.04 0.08 0.16"),
        ("1:1000:4:log", "1 10 100 1000"),
        ("0.3", "0.3"),
        ("15m,1h,4h", "15m 1h 4h"),
        ("true, false", "true false"),
    ],
)
def test_values_are_those_that_are_written(text: str, values: str) -> None:
    span = parse_span(text)
    assert isinstance(span, Listed)
    assert " ".join(map(value_text, span.values)) == values


def test_whole_numbers_stay_whole() -> None:
    span = parse_span("1:3:5")
    assert isinstance(span, Listed)
    assert span.values == (1, Decimal("1.5"), 2, Decimal("2.5"), 3)
    assert [type(value) for value in span.values] == [int, Decimal, int, Decimal, int]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.2:0.1:5", "the first number is to be below the second"),
        ("0.1:0.1:5", "the first number is to be below the second"),
        ("0.1:0.2:1", "allowed: a whole number from 2 to 1000"),
        ("0.1:0.2:x", "allowed: a whole number from 2 to 1000"),
        ("0.1:0.2:1001", "allowed: a whole number from 2 to 1000"),
        ("0.1:0.2:3:4", "write it like 0.05:0.20:7"),
        ("0.1:log", "write it like 0.05:0.20:7"),
        ("near:far:3", 'found "near" where a number is expected'),
        ("0:1:3:log", "a log scale begins above 0"),
        ("1,,2", "a value is missing"),
        ("1,2,1", "a value is there twice"),
    ],
)
def test_what_says_no_values_is_refused(text: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        parse_span(text)


numbers = st.decimals("0.0001", "10000", places=4)


@given(low=numbers, width=numbers, count=st.integers(2, 60), log=st.booleans())
def test_spaced_values_ascend_from_end_to_end(low: Decimal, width: Decimal, count: int, log: bool) -> None:
    high = low + width
    span = parse_span(f"{low}:{high}:{count}{':log' if log else ''}")
    assert isinstance(span, Listed)
    values = [Decimal(str(value)) for value in span.values]
    assert (values[0], values[-1], len(values)) == (low, high, count)
    assert all(a < b for a, b in pairwise(values))


@given(low=numbers, width=numbers, count=st.integers(2, 30))
def test_evenly_spaced_values_are_one_step_apart(low: Decimal, width: Decimal, count: int) -> None:
    span = parse_span(f"{low}:{low + width}:{count}")
    assert isinstance(span, Listed)
    step = width / (count - 1)
    # Six digits of the span: each is off by at most half of the last of them.
    worst = Decimal(1).scaleb(width.adjusted() - 5)
    assert all(abs(Decimal(str(b)) - Decimal(str(a)) - step) <= worst for a, b in pairwise(span.values))


@given(
    low=numbers,
    width=numbers,
    log=st.booleans(),
    fraction=st.floats(0, 1, exclude_max=True, allow_subnormal=False),
)
def test_what_is_drawn_lies_between_the_ends(
    low: Decimal, width: Decimal, log: bool, fraction: float
) -> None:
    span = Between(low=low, high=low + width, log=log)
    value = span.drawn(fraction)
    assert isinstance(value, int | Decimal)
    assert low <= value <= low + width
    assert 0 <= span.place(value) <= 1


@pytest.mark.parametrize(
    ("fraction", "linear", "log"), [(0.0, 1, 1), (0.249, 1, 1), (0.25, 2, 1), (0.5, 3, 2), (0.999, 4, 4)]
)
def test_of_whole_numbers_each_is_as_likely_also_the_last(fraction: float, linear: int, log: int) -> None:
    assert parse_span("1:4", whole=True).drawn(fraction) == linear
    # From 1 to 5 in equal ratios: 5 ** 0.25 is 1.495, 5 ** 0.5 is 2.236.
    assert parse_span("1:4:log", whole=True).drawn(fraction) == log


def test_numbers_are_as_one_would_write_them() -> None:
    span = parse_span("0.07:0.090:3")
    assert isinstance(span, Listed)
    assert list(map(str, span.values)) == ["0.07", "0.08", "0.09"]


def test_whole_numbers_are_not_drawn_between_others() -> None:
    with pytest.raises(ParameterError, match="allowed: whole numbers"):
        parse_span("1:4.5", whole=True)


def test_a_place_is_a_part_of_the_way() -> None:
    assert parse_span("1,2,3,4,5").place(2) == 0.25
    assert parse_span("only").place("only") == 0
    assert parse_span("0:10").place(Decimal("2.5")) == 0.25
    assert parse_span("0.01:100:log").place(1) == pytest.approx(0.5)
