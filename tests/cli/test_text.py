from decimal import Decimal

import pytest

from bot.cli.text import exact


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        (Decimal("64000.10"), "64000.1"),
        ("-5", "-5"),
    ],
)
def test_a_figure_is_shown_as_people_write_it(number: Decimal | str | None, text: str) -> None:
    assert exact(number) == text
