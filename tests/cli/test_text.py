from decimal import Decimal

import pytest

from bot.cli.text import exact, mentions_flagged


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


def test_each_mention_of_a_modelled_contract_says_so_once() -> None:
    dated = "BTC/USDT:USDT-251226"
    text = f"{dated} (synthetic) beside BTC/USDT:USDT and {dated}5: main/{dated}/short, of {dated}"
    said = f"{dated} (synthetic)"
    flagged = f"{said} beside BTC/USDT:USDT and {dated}5: main/{said}/short, of {said}"
    assert mentions_flagged(text, [dated]) == flagged
    assert mentions_flagged(text, []) == text
