"""A folder with a working configuration and a rule in it, to be broken in one place at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

RULE = '''
from collections.abc import Iterable
from decimal import Decimal

from bot.core.rule import Params, Ratio, Rule


class GuardParams(Params):
    below: Ratio
    """Act when liquidation is nearer than this."""
    times: int = 3
    timeframe: str = "1h"


class Guard(Rule[GuardParams]):
    """Does nothing, watchfully."""

    def decide(self, view):
        return ()
'''

BASE = """\
schema_version = 1

[accounts.main]
margin_rules = "binance_usdm"
balance = 5000

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
notional = 10_000
leverage = 10

[contracts."BTC/USDT:USDT"]
tick = 0.1
lot = 0.001
tiers = [
    { floor = 0, cap = 50_000, rate = 0.004 },
    { floor = 50_000, rate = 0.005 },
]

[[rules]]
name = "early"
use = "./guard.py"
params = { below = 0.08 }
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes BASE, with ``old`` replaced by ``new``, as bot.toml beside guard.py."""

    def writer(old: str = "", new: str = "", *, name: str = "bot.toml", text: str = BASE) -> Path:
        assert old in text
        path = tmp_path / name
        path.write_text(text.replace(old, new, 1) if old else text + new, encoding="utf-8")
        (tmp_path / "guard.py").write_text(RULE, encoding="utf-8")
        return path

    return writer
