"""A stress test: seventeen crashes, three positions, three sets of rules, with what would have saved them.

The configuration is the shipped one and a position in a third coin; generation of the minutes is in the time,
and so are the text for the terminal and the page. Beside it stand the floors: whoever asks at every bar looks
at each minute of each coin once for every set of rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks import floors
from bot.cli.stress_text import report as text
from bot.config.settings import load
from bot.lab.report.stress.report import report
from bot.lab.report.stress.story import Story, story
from bot.lab.scenarios import Scenario, Taken, library
from bot.lab.stress.matrix import first_prices, stress, symbols_of
from bot.lab.stress.trial import RuleSet, stretch

ROOT = Path(__file__).resolve().parents[1]
POSITIONS = """
[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
notional = 15_000
leverage = 12

[[paper.positions]]
symbol = "ETH/USDT:USDT"
side = "long"
notional = 10_000
leverage = 10
margin_mode = "cross"

[[paper.positions]]
symbol = "SOL/USDT:USDT"
side = "long"
notional = 5_000
leverage = 5

[contracts."SOL/USDT:USDT"]
tick = "auto"
lot = 0.01
synthetic_tiers = true
tiers = [{ floor = 0, rate = 0.01, max_leverage = 50 }]
"""


def figures() -> Sequence[tuple[str, str]]:
    """What it takes, and what came of it."""
    config = ROOT / "config"
    with TemporaryDirectory() as folder:
        positions = Path(folder, "positions.toml")
        positions.write_text(POSITIONS, encoding="utf-8")
        files = [config / "paper.toml", positions]
        settings, careful = load(files, {}), load([*files, config / "presets" / "conservative.toml"], {})
    sets = [
        RuleSet(name="configured", settings=settings),
        RuleSet(name="none", settings=settings, defended=False),
        RuleSet(name="conservative", settings=careful),
    ]
    began = perf_counter()
    crashes = [each for each in library(folder=config / "scenarios") if each.name.startswith("20")]
    loaded = perf_counter()
    stories: list[Story] = []
    result = stress(sets, crashes, prices={}, seen=lambda attempt: stories.append(story(attempt)))
    text(result.to_json())
    played = perf_counter()
    html = report(result, stories, [])
    ended = perf_counter()
    floor_rows = _floors(crashes, sets, ended - loaded)
    name = f"{len(crashes)} crashes x 3 positions x {len(sets)} rule sets"
    return [
        (f"{name}: load", f"{loaded - began:.3f} s"),
        (f"{name}: with report", f"{ended - loaded:.3f} s"),
        (f"{name}: of that the page", f"{ended - played:.3f} s, {len(html.encode()) / 1000:.0f} KB"),
        (f"{name}: survived", " / ".join(str(result.survived(each.name)) for each in sets)),
        *((f"{name}: {what}", figure) for what, figure in floor_rows),
    ]


def _floors(crashes: Sequence[Scenario], sets: Sequence[RuleSet], took_s: float) -> Sequence[tuple[str, str]]:
    """What looking at the same prices takes, and how far from it ``took_s`` is."""
    held = symbols_of(sets[0].settings)
    taken = Taken(first=first_prices(sets[0].settings, {}))
    paths = [path for each in crashes for path in stretch(each, held, taken).paths]
    low, high = (np.concatenate(x) for x in zip(*((p.mark_low, p.mark_high) for p in paths), strict=True))
    search = floors.crossing(low, high) * len(sets)
    in_float = floors.float_loop(low, high) * len(sets)
    return [
        ("floor, a numpy crossing search", f"{search:.4f} s"),
        ("floor, two comparisons a bar in Python", f"{in_float:.3f} s"),
        ("all / float loop", f"{took_s / in_float:.0f}"),
    ]
