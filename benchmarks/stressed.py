"""A stress test: seventeen crashes, three positions, three sets of rules, with what would have saved them.

The configuration is the shipped one and a position in a third coin; generation of the minutes is in the time,
and so are the text for the terminal and the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bot.cli.stress_text import report as text
from bot.config.settings import load
from bot.lab.report.stress.report import report
from bot.lab.report.stress.story import Story, story
from bot.lab.scenarios import library
from bot.lab.stress.matrix import stress
from bot.lab.stress.trial import RuleSet

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
    name = f"{len(crashes)} crashes x 3 positions x {len(sets)} rule sets"
    return [
        (f"{name}: load", f"{loaded - began:.3f} s"),
        (f"{name}: with report", f"{ended - loaded:.3f} s"),
        (f"{name}: of that the page", f"{ended - played:.3f} s, {len(html.encode()) / 1000:.0f} KB"),
        (f"{name}: survived", " / ".join(str(result.survived(each.name)) for each in sets)),
    ]
