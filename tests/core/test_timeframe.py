"""Timeframes as text and as milliseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.timeframe import format_timeframe, parse_timeframe


@pytest.mark.parametrize(
    ("text", "timeframe_ms"),
    [
        ("1s", 1_000),
        ("1m", 60_000),
        ("15m", 900_000),
        ("1h", 3_600_000),
        ("4h", 14_400_000),
        ("1d", 86_400_000),
        ("1w", 604_800_000),
    ],
)
def test_a_timeframe_is_a_number_and_a_unit(text: str, timeframe_ms: int) -> None:
    assert parse_timeframe(text) == timeframe_ms
    assert format_timeframe(timeframe_ms) == text


@pytest.mark.parametrize(
    "text", ["", "h", "1", "0m", "01m", "-1h", "1.5h", "1M", "1H", " 1h", "1h ", "1 h", "٣m"]
)
def test_anything_else_is_an_error_that_says_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="s, m, h, d or w"):
        parse_timeframe(text)


@given(count=st.integers(1, 9_999), unit=st.sampled_from("smhdw"))
def test_formatting_names_the_same_length(count: int, unit: str) -> None:
    timeframe_ms = parse_timeframe(f"{count}{unit}")
    assert parse_timeframe(format_timeframe(timeframe_ms)) == timeframe_ms


def test_a_length_without_a_name_is_given_in_milliseconds() -> None:
    assert format_timeframe(1_500) == "1500 ms"
