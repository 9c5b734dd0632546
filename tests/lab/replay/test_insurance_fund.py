"""The insurance fund of the configuration: what it pays is gone from it, and where it ends others pay."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.config import load
from bot.lab.replay.run import replay
from tests.building import a_tape

SETTINGS = """\
schema_version = 1
[accounts.bull]
margin_rules = "binance_usdm"
balance = 100
[accounts.bear]
margin_rules = "binance_usdm"
balance = 1000
[paper]
fees = { maker = 0, taker = 0 }
insurance_fund = FUND
[[paper.positions]]
account = "bull"
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 1
leverage = 10
[[paper.positions]]
account = "bear"
symbol = "BTC/USDT:USDT"
side = "short"
quantity = 1
leverage = 2
[seatbelt]
enabled = false
[contracts."BTC/USDT:USDT"]
lot = 0.001
tick = 0.1
synthetic_tiers = true
tiers = [{ floor = 0, rate = 0.005 }]
"""


def ended(tmp_path: Path, fund: str) -> dict[str, Any]:
    """From 1000 to 800 in one gap: a long of 1 with a margin of 100 leaves a loss of 100 to others."""
    path = tmp_path / "bot.toml"
    path.write_text(SETTINGS.replace("FUND", fund))
    tape = a_tape([(10_000,) * 4] * 3 + [(8_000,) * 4] * 3)
    answer = asyncio.run(replay([tape], load(path, {}))).to_json()
    return {
        "liquidated": [row["account"] for row in answer["liquidations"]],
        "deleveraged": [(row["account"], row["quantity"], row["price"]) for row in answer["deleveraged"]],
        "fund": answer["final"]["insurance_fund"],
    }


@pytest.mark.parametrize(
    ("fund", "left", "deleveraged"),
    [
        ("250", "150", []),
        # Nothing is sold: all of it is matched with the short, at the price at which the margin is gone.
        ("0", "0", [("bear", "1", "900")]),
        # Half of the loss can be paid, so half is sold.
        ("50", "0", [("bear", "0.5", "900")]),
    ],
)
def test_a_loss_is_paid_by_the_fund_and_beyond_it_by_those_who_won(
    fund: str, left: str, deleveraged: list[Any], tmp_path: Path
) -> None:
    found = ended(tmp_path, fund)
    assert found == {"liquidated": ["bull"], "deleveraged": deleveraged, "fund": {"USDT": left}}
