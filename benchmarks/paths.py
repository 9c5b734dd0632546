"""Monte Carlo: ten thousand days of minutes, drawn from the year of the other figures, one isolated position.

With the year's three rules, of which one moves a stop at every hour's close, so that nothing can be left out;
and with three that go by the distance alone. The same days with no defence are played beside either, as they
always are. Beside it stands the floor: a search for the first price below a bound, on the same prices.

Of a tenth of the paths and of all of them it is told how much memory the largest of the processes took.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from benchmarks.year import year
from bot.config.settings import Settings, load
from bot.lab.montecarlo.run import MonteCarloResult, Wanted, montecarlo
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import group

PATHS, MINUTES, PROCESSES = 10_000, 1_440, 2
HELD = """
schema_version = 1
mode = "paper"

[accounts.main]
margin_rules = "binance_usdm"
balance = 1_000_000

[paper]
fees = { maker = 0.0002, taker = 0.0005 }
spread = 0.0001

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 1
leverage = 10
margin_mode = "isolated"

[contracts."*"]
tick = 0.1
lot = 0.001
max_leverage = 100
synthetic_tiers = true
tiers = [
  { floor = 0, cap = 50_000, rate = 0.004, max_leverage = 100 },
  { floor = 50_000, rate = 0.005, max_leverage = 50 },
]

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
params = { multiple = 12.247, timeframe = "1h", length = 14 }
"""
BY_DISTANCE = """
[seatbelt]
enabled = false

[[rules]]
use = "cut_leverage"
params = { below = 0.03, leverage = 5 }
"""


def figures() -> Sequence[tuple[str, str]]:
    """What drawing and playing take, and the floor."""
    rows: list[tuple[str, str]] = []
    _run(HOURLY, PATHS // 10)
    few_mb = _peak_mb()
    name = f"{PATHS:,} paths x {MINUTES:,} minutes"
    for kind, rules in (("three rules, one by hourly ATR", HOURLY), ("three rules by distance", BY_DISTANCE)):
        result = _run(rules, PATHS)
        if not rows:
            floor_s = _floor(result)
            rows += [
                (f"{name}: drawing, seconds of one core", f"{result.drawing_s:.3f} s"),
                (f"{name}: floor, a search of one core", f"{floor_s:.3f} s"),
            ]
        mine = result.tallies["configured"]
        rows += [
            (f"{kind}: playing, seconds of one core", f"{result.playing_s:.3f} s"),
            (f"{kind}: playing, on {PROCESSES} processes", f"{result.playing_s / PROCESSES:.3f} s"),
            (f"{kind}: everything, on {PROCESSES} processes", f"{result.seconds:.3f} s"),
            (f"{kind}: playing / floor", f"{result.playing_s / floor_s:.0f}"),
            (f"{kind}: actions", f"{sum(mine.actions.values()):,}"),
            (f"{kind}: survived", f"{mine.survival.share:.4f}"),
        ]
    return [
        *rows,
        (f"{PATHS // 10:,} paths: peak resident memory of a process", f"{few_mb:.0f} MB"),
        (f"{PATHS:,} paths: peak resident memory of a process", f"{_peak_mb():.0f} MB"),
    ]


def _peak_mb() -> float:
    """The most that this process or any that has ended for it took so far."""
    return max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN)) / 1024


def _run(rules: str, paths: int) -> MonteCarloResult:
    wanted = Wanted(paths=paths, minutes=MINUTES, seed=1, workers=PROCESSES)
    configured = RuleSet(name="configured", settings=_settings(rules))
    return montecarlo([configured], group(year(minutes=30 * MINUTES)), wanted, prices={})


def _settings(rules: str) -> Settings:
    with TemporaryDirectory() as folder:
        file = Path(folder, "held.toml")
        file.write_text((HELD + rules).lstrip(), encoding="utf-8")
        return load([file], {})


def _floor(result: MonteCarloResult) -> float:
    """Seconds in which numpy finds where each path is first a tenth lower than it began."""
    seconds = 0.0
    for number in result.drawing.numbers():
        low = result.drawing.bundle(number).columns[0].low
        bound = low[0, 0] * 9 // 10
        began = process_time()
        np.argmax(low <= bound, axis=1)
        seconds += process_time() - began
    return seconds
