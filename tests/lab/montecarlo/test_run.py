"""A whole run: what it takes, what it refuses, and that a seed says all of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.core.rule import Decisions, Params, Rule
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from bot.core.view import View
from bot.lab.montecarlo.drawing import Drawing
from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.run import MonteCarloResult, Wanted, montecarlo
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import SymbolTapes, group
from tests.building.contracts import BTC
from tests.building.core import D
from tests.building.tapes import a_tape
from tests.lab.montecarlo.held import a_start, settings_of
from tests.lab.montecarlo.sources import ETH, brownian

WANTED = Wanted(paths=30, minutes=40, seed=5, block_ms=600_000)


def a_walk(seed: int = 1, bars: int = 400) -> tuple[SymbolTapes, ...]:
    """A tape of a random walk."""
    closes = 1e6 * np.exp(np.cumsum(np.random.default_rng(seed).standard_normal(bars) * 0.012))
    ticks = np.rint(closes).astype(int).tolist()
    opens = [ticks[0], *ticks[:-1]]
    tapes = [(o, max(o, c), min(o, c), c) for o, c in zip(opens, ticks, strict=True)]
    return group([a_tape(tapes, BTC)])


def run(folder: Path, wanted: Wanted = WANTED) -> MonteCarloResult:
    configured = RuleSet(name="configured", settings=settings_of(folder))
    return montecarlo([configured], a_walk(), wanted, prices={BTC: D(100)})


def figures(result: MonteCarloResult) -> str:
    """All that is told, but for how long it took."""
    answer = result.to_json()
    del answer["seconds"]
    return json.dumps(answer, sort_keys=True)


def test_rules_are_told_beside_no_defence(tmp_path: Path) -> None:
    answer = run(tmp_path).to_json()
    assert list(answer["rules"]) == ["configured", "none"]
    mine, none = answer["rules"].values()
    assert answer["first"] == {BTC: "100"}
    assert none["liquidated"] > mine["liquidated"]
    assert none["margin_added"]["most"] == none["cost"]["most"] == 0
    assert mine["liquidated"] == none["liquidated"] - mine["saved"]["paths"] + mine["lost"]
    assert mine["cost_of_safety"]["paths"] == 30 - none["liquidated"]
    assert mine["margin_added"]["most"] > 0
    assert mine["budget_ran_out"] > 0


def test_a_seed_says_which_paths_are_drawn(tmp_path: Path) -> None:
    assert figures(run(tmp_path)) == figures(run(tmp_path))
    other = replace(WANTED, seed=6)
    assert run(tmp_path).tallies["none"].loss.mean != run(tmp_path, other).tallies["none"].loss.mean


def test_more_paths_begin_with_the_same_ones() -> None:
    few = Drawing(source=brownian(0.01), start=a_start(), seed=1, paths=128, bars=5)
    many = replace(few, paths=300)
    assert [len(many.bundle(number)) for number in many.numbers()] == [128, 128, 44]
    assert np.array_equal(few.bundle(0).columns[0].close, many.bundle(0).columns[0].close)
    assert not np.array_equal(many.bundle(0).columns[0].close, many.bundle(1).columns[0].close)


def test_long_paths_come_in_smaller_bundles() -> None:
    assert Drawing(source=brownian(0.01), start=a_start(), seed=1, paths=100, bars=20_000).size == 10
    assert Drawing(source=brownian(0.01), start=a_start(), seed=1, paths=100, bars=10**6).size == 1


@pytest.mark.slow
def test_how_many_processes_play_changes_no_figure(tmp_path: Path) -> None:
    many = replace(WANTED, paths=300)
    alone, together = run(tmp_path, many), run(tmp_path, replace(many, workers=2))
    assert figures(together) == figures(replace(alone, wanted=together.wanted))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (replace(WANTED, paths=0), "0 paths; ask for one at least"),
        (replace(WANTED, minutes=0), "0 minutes are no bar of the tapes"),
        (replace(WANTED, block_ms=600 * 60_000), "the tapes have 400 bars, and a block 600"),
        (replace(WANTED, method="parametric"), "400 bars in common, and 500 are needed"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_line(tmp_path: Path, wanted: Wanted, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        run(tmp_path, wanted)


def test_a_position_without_a_tape_is_refused(tmp_path: Path) -> None:
    held = settings_of(tmp_path, positions=((ETH, "long", "isolated"),))
    with pytest.raises(SourceError, match="no tape of ETH/USDT:USDT, which the configuration holds"):
        montecarlo([RuleSet(name="configured", settings=held)], a_walk(), WANTED, prices={})


class Broken(Rule[Params]):
    """Raises whenever it is asked."""

    def decide(self, view: View) -> Decisions:
        if view.mark > 0:
            raise ValueError(f"at {view.mark}")
        yield from ()


def test_a_rule_that_raises_is_told_with_how_often(tmp_path: Path) -> None:
    held = settings_of(tmp_path)
    broken = replace(held, rules=(RuleEntry(rule=Broken(RuleName("broken"), Params())),))
    configured = RuleSet(name="configured", settings=broken)
    answer = montecarlo([configured], a_walk(), WANTED, prices={BTC: D(100)}).to_json()
    told = "WARNING: rule:broken of the configured rules raised on 30 paths and did nothing more on them"
    assert told in answer["assumptions"]
