"""Paths are played as any replay is: nothing that is left out would have changed anything."""

from math import erf, log, sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bot.config.errors import ConfigError
from bot.config.settings import Settings
from bot.lab.montecarlo.laying import Bundle, Columns
from bot.lab.montecarlo.outcomes import equity
from bot.lab.montecarlo.playing import Rehearsal
from bot.lab.replay.oracle import AlwaysAsking
from bot.lab.replay.result import decisions_digest
from bot.lab.replay.walk import Stepper
from bot.lab.stress.measures import measured
from bot.lab.stress.trial import RuleSet
from tests.building.contracts import BTC
from tests.lab.montecarlo.held import HOURLY, LADDER, a_bundle, a_start, both, settings_of
from tests.lab.montecarlo.sources import ETH, pair


def same_as_the_oracle(rules: RuleSet, bundle: Bundle) -> npt.NDArray[np.bool_]:
    """Play everything in both ways; which paths were left out."""
    rehearsal = Rehearsal(rules, bundle)
    outcomes = rehearsal.play(bundle)
    for number in range(len(bundle)):
        jumped = rehearsal.run(bundle, number)
        asked = rehearsal.run(bundle, number, walker=Stepper, engine=AlwaysAsking)
        assert decisions_digest(jumped.record) == decisions_digest(asked.record)
        assert jumped.figures == asked.figures
        assert outcomes.died[number] == (not asked.survived)
        assert outcomes.loss[number] == rehearsal.equity_before - equity(asked)
        assert outcomes.added[number] == float(measured(asked.record).margin_added)
        assert outcomes.cost[number] == float(measured(asked.record).cost)
    return rehearsal.still(bundle)


@pytest.mark.parametrize(("which", "deviation"), [(0, 0.005), (1, 0.012)])
def test_paths_that_are_left_out_would_have_been_silent(tmp_path: Path, which: int, deviation: float) -> None:
    rules = both(settings_of(tmp_path))[which]
    still = same_as_the_oracle(rules, a_bundle(8, 60, deviation))
    assert 0 < still.sum() < len(still)


def test_closing_bars_are_heard_on_every_path(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, rules=LADDER + HOURLY, seatbelt=True)
    still = same_as_the_oracle(both(settings)[0], a_bundle(3, 190, 0.003))
    assert not still.any()


def test_an_action_on_its_way_is_waited_for(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, latency_ms=30_000, seatbelt=True)
    same_as_the_oracle(both(settings)[0], a_bundle(5, 60, 0.005))


def test_positions_of_one_account_are_judged_together(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        positions=((BTC, "long", "cross"), (ETH, "short", "cross")),
        balance=220,
    )
    bundle = a_bundle(3, 30, 0.007, source=pair(0.006), start=a_start(BTC, ETH))
    for rules in both(settings):
        same_as_the_oracle(rules, bundle)


def test_whoever_comes_near_is_played_and_judged_to_the_tick(tmp_path: Path) -> None:
    # The liquidation price is 900 / 9.96 = 90.36144...: met at 90.3614, not at 90.3615.
    opened = np.full((3, 3), 1_000_000)
    low = opened.copy()
    low[:, 1] = (903_614, 903_615, 903_617)
    columns = Columns(opened, opened, low, opened)
    start = a_start()
    bundle = Bundle(start=start, times=start.times(3), columns=(columns,))
    still = same_as_the_oracle(both(settings_of(tmp_path))[1], bundle)
    assert still.tolist() == [False, False, True]
    died = Rehearsal(both(settings_of(tmp_path))[1], bundle).play(bundle).died
    assert died.tolist() == [True, False, False]


def liquidated(settings: Settings, bundle: Bundle) -> float:
    """The share of the undefended paths that are."""
    return float(Rehearsal(both(settings)[1], bundle).play(bundle).died.mean())


def test_the_undefended_die_as_often_as_brownian_motion_meets_the_liquidation_price(tmp_path: Path) -> None:
    deviation, bars, paths = 0.01, 60, 700
    # A long of 10 at 100 with a margin of 100: 10 L - 900 = 0.004 * 10 L, so L is 900 / 9.96.
    away = log(900 / 9.96 / 100)
    # Reflection: twice as often as it ends beyond, by the normal distribution.
    expected = 1 + erf(away / (deviation * sqrt(bars)) / sqrt(2))
    error = 4 * sqrt(expected * (1 - expected) / paths)
    found = liquidated(settings_of(tmp_path, rules=""), a_bundle(paths, bars, deviation))
    assert found == pytest.approx(expected, abs=error)


def test_every_path_opens_where_prices_are_now(tmp_path: Path) -> None:
    bundle = a_bundle(5, 3, 0.01)
    assert [path[0].bar(0)[0][1] for path in map(bundle.paths, range(5))] == [1_000_000] * 5
    low, close = bundle.columns[0].low, bundle.columns[0].close
    assert (low <= close).all()


def test_positions_that_cannot_be_are_refused_with_their_line(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, balance=50)
    with pytest.raises(ConfigError, match="needs a margin of 100"):
        Rehearsal(both(settings)[0], a_bundle(2, 3, 0.01))
