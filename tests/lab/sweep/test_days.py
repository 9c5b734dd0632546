"""Days that did not happen, as every cell of a sweep meets them."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.run import Wanted, montecarlo
from bot.lab.scenarios import library, tapes
from bot.lab.stress.matrix import YOURS, symbols_of
from bot.lab.stress.trial import RuleSet
from bot.lab.sweep.cell import Sample, Task, evaluate
from bot.lab.sweep.days import Days, days, met
from bot.lab.sweep.sweep import CONFIGURED, Layout
from bot.lab.tapes import SymbolTapes, group
from tests.building.contracts import BTC
from tests.building.core import D
from tests.building.tapes import a_tape
from tests.lab.montecarlo.held import settings_of
from tests.lab.sweep.small import ROOT, a_layout

PATHS = 12


def a_wild_tape() -> tuple[SymbolTapes, ...]:
    """Ten hours without a trend that move by a tenth of the price within each quarter of an hour or so."""
    closes = 1e6 * np.exp(np.cumsum(np.random.default_rng(3).standard_normal(600) * 0.02))
    ticks = np.rint(closes).astype(int).tolist()
    opens = [ticks[0], *ticks[:-1]]
    return group([a_tape([(o, max(o, c), min(o, c), c) for o, c in zip(opens, ticks, strict=True)], BTC)])


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    return RuleSet(name=YOURS, settings=settings_of(tmp_path_factory.mktemp("held")))


@pytest.fixture(scope="module")
def drawn(rules: RuleSet) -> Days:
    return days(rules.settings, a_wild_tape(), paths=PATHS, seed=5, prices={BTC: D(100)})


@pytest.mark.parametrize("defended", [True, False])
def test_paths_are_those_of_a_monte_carlo_run(rules: RuleSet, drawn: Days, defended: bool) -> None:
    tried = replace(rules, name="tried", defended=defended)
    found = met(drawn.drawing, tried)
    wanted = Wanted(paths=PATHS, minutes=1_440, seed=5)
    tally = montecarlo([tried], a_wild_tape(), wanted, prices={BTC: D(100)}).tallies["tried"]
    assert (found.paths, found.survived) == (PATHS, PATHS - tally.died)
    assert (tally.died > 0) is not defended
    assert float(found.cost) == pytest.approx(tally.cost.mean * PATHS, abs=0.01)
    assert float(found.margin_added) == pytest.approx(tally.added.mean * PATHS, abs=0.01)
    assert float(found.equity) == pytest.approx((1_000 - tally.loss.mean) * PATHS, abs=0.01)


def test_those_held_back_are_others_and_always_the_same(drawn: Days) -> None:
    one, same = drawn.held_back(4), drawn.held_back(4)
    assert (len(one.bundle(0)), one.paths) == (4, 4)
    closes = [each.bundle(0).columns[0].close for each in (one, same, drawn.drawing)]
    assert np.array_equal(closes[0], closes[1])
    assert not np.array_equal(closes[0], closes[2][:4])
    # Nor are they those of the next seed, which somebody may have chosen by before.
    following = replace(drawn.drawing, seed=6)
    assert not np.array_equal(closes[0], following.bundle(0).columns[0].close[:4])


def test_a_cell_meets_its_crashes_and_its_paths_wherever_it_is_evaluated() -> None:
    layout = with_days(2)
    task = Task(question=layout.question(Sample.IN), sample=Sample.IN, cell=CONFIGURED)
    outcome = evaluate(pickle.loads(pickle.dumps(task)))
    assert outcome.paths is not None
    assert (len(outcome.crashes), outcome.paths.paths) == (2, 2)


def test_paths_are_part_of_what_a_sweep_is_known_by() -> None:
    without, two, three = a_layout(), with_days(2), with_days(3)
    assert len({without.digest(), two.digest(), three.digest()}) == 3
    assert "paths" not in without.head()
    # Two crashes to choose by and one held back: for two paths one.
    held_back = two.paths(Sample.HELD_BACK)
    assert held_back is not None
    assert held_back.paths == 1


def test_without_anything_held_back_no_path_is(drawn: Days) -> None:
    layout = a_layout()
    whole = layout.samples[Sample.IN]
    bare = replace(layout, samples={Sample.IN: whole, Sample.HELD_BACK: ()}, days=drawn)
    assert bare.paths(Sample.HELD_BACK) is None


def test_a_coin_that_is_held_needs_a_tape(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, positions=(("ETH/USDT:USDT", "long", "isolated"),))
    with pytest.raises(SourceError, match="no tape of ETH/USDT:USDT"):
        days(settings, a_wild_tape(), paths=1, seed=1, prices={})


def with_days(paths: int) -> Layout:
    """The small sweep with paths of its own coins beside its crashes."""
    layout = a_layout()
    (crash,) = library(["whipsaw"], ROOT / "config" / "scenarios")
    grouped = group(tapes(crash, symbols_of(layout.settings)))
    return replace(layout, days=days(layout.settings, grouped, paths=paths, seed=1, prices={}))
