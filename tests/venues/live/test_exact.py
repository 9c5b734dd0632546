"""Numbers of a payload become the decimals that were written, or an error."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.venues.live.exact import exact, plain, positive, volume


@pytest.mark.parametrize(
    ("value", "number"), [("60000.10", "60000.10"), (0.1, "0.1"), (3, "3"), ("1e-8", "1E-8"), ("-5", "-5")]
)
def test_a_number_keeps_the_digits_it_was_written_in(value: object, number: str) -> None:
    assert exact(value, "a price") == Decimal(number)


@pytest.mark.parametrize(
    "value", [None, "", "abc", "nan", "inf", float("nan"), "1e999999", "-1e-99", True, [], {}]
)
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match=r"a price is .*, expected a"):
        exact(value, "a price")


@pytest.mark.parametrize("value", ["0", "-5.0", 0.0])
def test_a_price_of_nothing_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected above 0"):
        positive(value, "a price")


@pytest.mark.parametrize(
    ("number", "text"), [("1E+2", "100"), ("0.0100", "0.01"), ("60000.0", "60000"), ("0", "0")]
)
def test_a_number_goes_out_without_an_exponent(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_a_bar_may_tell_no_volume_but_none_below_nothing() -> None:
    assert volume(None) is None
    assert volume("0") == 0
    assert volume("12.5") == Decimal("12.5")
    with pytest.raises(ValueError, match="volume of a bar"):
        volume("-1")
