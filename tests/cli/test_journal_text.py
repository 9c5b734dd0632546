"""How an intent reads in one line."""

from decimal import Decimal

from bot.cli.journal_text import intent_text, line
from bot.core.intents import ReducePosition
from tests.building.core import LONG


def test_the_bound_of_a_reduction_is_told() -> None:
    whole = ReducePosition(id=LONG, quantity=Decimal("0.5"))
    bounded = ReducePosition(id=LONG, quantity=Decimal("0.5"), limit=Decimal("96.60"))
    assert intent_text(whole) == "ReducePosition 0.5"
    assert intent_text(bounded) == "ReducePosition 0.5 at 96.6 or better"


def test_every_row_says_of_a_modelled_contract_that_it_is_synthetic() -> None:
    modelled = "BTC/USDT:USDT-261225"
    row = {
        "at_ms": 0,
        "part": "note",
        "kind": "Started",
        "account": None,
        "symbol": None,
        "rule": None,
        "body": f'{{"fresh_for": "{modelled} and BTC/USDT:USDT"}}',
        "synthetic": False,
        "synthetic_contracts": [modelled],
    }
    assert line(row)[-1] == f"fresh_for {modelled} (synthetic) and BTC/USDT:USDT"
