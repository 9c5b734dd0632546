"""Round values at places a reader expects."""

import pytest

from bot.lab.report.axes import Axis, money_text, number_axis, percent_text, time_axis

MIDNIGHT_MS = 1_583_971_200_000
"""2020-03-12 00:00 UTC."""
HOUR_MS = 3_600_000


def test_ticks_of_numbers_are_round() -> None:
    axis = number_axis(4_000, 8_000, margin=0)
    assert axis.ticks == (
        (4_000, "4,000"),
        (5_000, "5,000"),
        (6_000, "6,000"),
        (7_000, "7,000"),
        (8_000, "8,000"),
    )


def test_a_level_line_has_an_axis_around_it() -> None:
    axis = number_axis(3, 3)
    assert axis.low < 3 < axis.high


def test_a_day_is_told_in_hours_and_midnight_by_its_date() -> None:
    axis = time_axis(MIDNIGHT_MS, MIDNIGHT_MS + 24 * HOUR_MS)
    assert [text for _, text in axis.ticks] == ["12 Mar", "06:00", "12:00", "18:00", "13 Mar"]


@pytest.mark.parametrize(
    ("value", "text"), [(84_000, "84,000"), (0.135, "0.135"), (-0.0, "0"), (1_234.5, "1,234.5")]
)
def test_amounts_have_as_few_digits_as_they_need(value: float, text: str) -> None:
    assert money_text(value) == text


def test_a_ratio_is_told_in_percent() -> None:
    assert percent_text(0.125) == "12.5%"


def test_a_share_is_from_edge_to_edge() -> None:
    assert [Axis(low=10, high=20).share(value) for value in (10, 15, 20)] == [0, 0.5, 1]
