"""Configurations that are held through paths, and how to draw some."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.config.settings import Settings, load
from bot.core.types import Symbol
from bot.lab.montecarlo.laying import Bundle, Start, lay
from bot.lab.montecarlo.source import Source
from bot.lab.stress.trial import RuleSet
from tests.building.contracts import BTC
from tests.building.core import D
from tests.lab.montecarlo.sources import MINUTE_MS, brownian

START_MS = 1_704_067_200_000
"""A midnight."""

HEAD = """
schema_version = 1
mode = "paper"

[accounts.main]
margin_rules = "binance_usdm"
balance = {balance}

[paper]
fees = {{ maker = 0.0002, taker = 0.0005 }}
spread = 0.0001
latency_ms = {latency_ms}

[contracts."*"]
tick = "auto"
lot = 0.001
max_leverage = 100
synthetic_tiers = true
tiers = [{{ floor = 0, rate = 0.004, max_leverage = 100 }}]

[seatbelt]
enabled = {seatbelt}
"""

POSITION = """
[[paper.positions]]
symbol = "{symbol}"
side = "{side}"
quantity = 10
leverage = 10
margin_mode = "{mode}"
"""

LADDER = """
[limits]
cooldown = "1m"
margin_per_position = 60

[[rules]]
use = "top_up"
params = { below = 0.08, restore_to = 0.12, max_times = 3 }

[[rules]]
use = "partial_close"
params = { below = 0.05, restore_to = 0.09 }
"""

HOURLY = """
[[rules]]
use = "atr_stop"
params = { multiple = 3, timeframe = "1h", length = 2 }
"""


def settings_of(
    folder: Path,
    *,
    positions: Sequence[tuple[str, str, str]] = ((BTC, "long", "isolated"),),
    rules: str = LADDER,
    balance: int = 1_000,
    latency_ms: int = 0,
    seatbelt: bool = False,
) -> Settings:
    """Ten coins at 100 each, ten times levered, unless something else is said."""
    file = folder / "held.toml"
    text = HEAD.format(balance=balance, latency_ms=latency_ms, seatbelt=str(seatbelt).lower())
    for symbol, side, mode in positions:
        text += POSITION.format(symbol=symbol, side=side, mode=mode)
    file.write_text((text + rules).lstrip(), encoding="utf-8")
    return load([file], {})


def both(settings: Settings) -> tuple[RuleSet, RuleSet]:
    """With the rules, and with none."""
    return (
        RuleSet(name="configured", settings=settings),
        RuleSet(name="none", settings=settings, defended=False),
    )


def a_start(*symbols: Symbol) -> Start:
    """Every coin at 100."""
    symbols = symbols or (BTC,)
    return Start(symbols=symbols, first=(D(100),) * len(symbols), at_ms=START_MS, interval_ms=MINUTE_MS)


def a_bundle(
    paths: int, bars: int, deviation: float, *, source: Source | None = None, start: Start | None = None
) -> Bundle:
    """Paths of a random walk whose bars have that standard deviation."""
    moves = (source or brownian(deviation)).draw(np.random.default_rng(11), paths, bars)
    return lay(moves, start or a_start())
