"""Intervals against the textbook, shortfalls by hand, and a size that does not grow."""

import numpy as np
import pytest

from bot.lab.montecarlo.outcomes import Outcomes
from bot.lab.montecarlo.tally import Spread, Tally, wilson
from bot.lab.montecarlo.telling import tally_json


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_an_interval_is_that_of_the_textbook(count: int, of: int, low: float, high: float) -> None:
    share = wilson(count, of)
    assert share.share == count / of
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)
    mirrored = wilson(of - count, of)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - share.high, 1 - share.low))


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 0.0, 1.0)


def spread_of(*amounts: float, step: float = 0.1) -> Spread:
    spread = Spread(step=step)
    spread.add(np.array(amounts))
    return spread


def test_the_expected_shortfall_is_the_mean_of_the_worst() -> None:
    spread = spread_of(*range(1, 101))
    assert spread.shortfall(0.95) == pytest.approx((96 + 97 + 98 + 99 + 100) / 5)
    assert spread.shortfall(0.99) == pytest.approx(100)
    assert spread.shortfall(0.0) == pytest.approx(spread.mean) == pytest.approx(50.5)


def test_a_part_of_a_path_counts_as_a_part() -> None:
    # The worst 15 % of ten: the worst one, and half of the second.
    assert spread_of(*range(1, 11)).shortfall(0.85) == pytest.approx((10 + 0.5 * 9) / 1.5)


def test_gains_are_negative_losses() -> None:
    spread = spread_of(-3.0, -1.0, 2.0, 10.0)
    assert (spread.least, spread.most, spread.mean) == (-3.0, 10.0, 2.0)
    assert spread.quantile(0.25) == pytest.approx(-3.0, abs=0.1)
    assert spread.quantile(0.5) == pytest.approx(-1.0, abs=0.1)
    assert spread.quantile(1.0) == 10.0


def test_quantiles_are_exact_to_a_step() -> None:
    amounts = np.random.default_rng(2).standard_normal(5_000) * 40
    spread = spread_of(*amounts, step=0.5)
    for probability in (0.05, 0.5, 0.95, 0.99):
        assert spread.quantile(probability) == pytest.approx(np.quantile(amounts, probability), abs=0.75)


def test_a_spread_is_no_larger_for_more_amounts() -> None:
    generator = np.random.default_rng(2)
    few, many = spread_of(*generator.random(1_000)), spread_of(*generator.random(50_000))
    assert len(few._bins) == len(many._bins) == 10


def outcomes(died: list[int], loss: list[float], added: list[float]) -> Outcomes:
    return Outcomes(
        died=np.array(died, dtype=np.bool_),
        loss=np.array(loss),
        added=np.array(added),
        cost=np.zeros(len(died)),
    )


def test_rules_are_compared_with_no_defence_path_by_path() -> None:
    tally = Tally(step=0.01)
    undefended = outcomes([1, 1, 0, 0], [100, 100, -20, 5], [0, 0, 0, 0])
    tally.add(outcomes([0, 1, 0, 1], [30, 120, -15, 80], [10, 50, 0, 0]), undefended)
    assert (tally.paths, tally.died, tally.saved, tally.lost) == (4, 2, 1, 1)
    # Where nobody needed defence it cost 5 and 75.
    assert (tally.premium.count, tally.premium.mean) == (2, 40.0)
    told = tally_json(tally)
    assert told["saved"] == {"paths": 1, "share": 0.5, "low": 0.09453121, "high": 0.90546879}
    assert told["margin_added"]["mean"] == 15.0
    assert told["active"] == 0.5
