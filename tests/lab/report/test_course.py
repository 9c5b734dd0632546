"""A position's way through a run, against figures worked out by hand and against what the trial says."""

from pathlib import Path

import numpy as np
import pytest

from tests.lab.report.telling import defended, undefended

LIQUIDATED_AT = 90 / 0.99
"""A long of 100 at leverage 10 with a maintenance of one percent."""


def test_an_undefended_position_is_drawn_as_its_formula_says(tmp_path: Path) -> None:
    (course,) = undefended(tmp_path).courses
    assert course.price[0] == 100
    assert course.price.min() == 80
    assert course.liquidation[0] == pytest.approx(LIQUIDATED_AT, abs=0.01)
    assert course.distance[0] == pytest.approx(1 - LIQUIDATED_AT / 100, abs=1e-4)
    # One percent of 10,000 is required of the 1,000 that are there.
    assert course.ratio[0] == pytest.approx(0.1)
    assert course.steady


def test_who_is_liquidated_ends_at_no_distance_and_a_full_ratio(tmp_path: Path) -> None:
    story = undefended(tmp_path)
    (course,), (fate,) = story.courses, story.trial.fates
    assert course.closed_ms == fate.liquidated_ms
    last = np.flatnonzero(~np.isnan(course.distance))[-1]
    assert (course.distance[last], course.ratio[last]) == (0, 1)
    assert course.at_ms[last] == course.closed_ms
    assert np.isnan(course.liquidation[last + 1 :]).all()


@pytest.mark.parametrize("low", [91, 85])
def test_the_nearest_call_that_is_drawn_is_the_one_that_is_told(tmp_path: Path, low: float) -> None:
    story = defended(tmp_path, low)
    (course,), (fate,) = story.courses, story.trial.fates
    assert fate.nearest is not None
    assert np.nanmin(course.distance) == pytest.approx(float(fate.nearest), abs=1e-4)


def test_a_cross_position_is_judged_with_the_whole_balance(tmp_path: Path) -> None:
    # 10,000 stand behind 10,000 worth of coins: down to nothing it is not liquidated.
    (course,) = undefended(tmp_path, mode="cross").courses
    assert not course.steady
    assert np.isnan(course.liquidation).all() or np.nanmax(course.liquidation) < 2
    # At 80 equity is 8,000, of which one percent of 8,000 is required.
    assert np.nanmax(course.ratio) == pytest.approx(0.01, abs=1e-6)


def test_margin_that_is_added_moves_the_liquidation_price_away(tmp_path: Path) -> None:
    story = defended(tmp_path)
    (course,) = story.courses
    prices = course.liquidation[~np.isnan(course.liquidation)]
    assert (np.diff(prices) <= 0).all()
    assert prices[-1] < 80 < prices[0]
    assert [deed.what.endswith("margin added") for deed in story.deeds] == [True] * len(story.deeds)
    assert story.deeds[0].reason.startswith("liquidation ")
    assert sum(story.trial.actions.values()) == len(story.deeds)
