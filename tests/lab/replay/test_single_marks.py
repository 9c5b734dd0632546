"""Marks that come one by one are jumped over as bars are: a bar of one mark, however far apart they come."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from bot.lab.replay.run import Plan
from bot.lab.replay.walk import Jumper, Stepper
from bot.lab.tapes import MarkPath
from tests.building import a_contract
from tests.lab.replay.corpus import tape
from tests.lab.replay.harness import agreed, play
from tests.lab.replay.scenes import SYMBOLS, Scene, a_scene, an_opening
from tests.lab.replay.seeking import seek, wander


def one_by_one(plan: Plan) -> Plan:
    """The marks of the plan's bars, none of them part of a bar any more."""
    paths = []
    for path in plan.paths:
        points = path.points()
        times, marks = points.times.ravel(), points.mark.ravel()
        paths.append(
            MarkPath(symbol=path.symbol, interval_ms=20_000, exponent=path.exponent, times=times, marks=marks)
        )
    return replace(plan, paths=tuple(paths))


@pytest.mark.parametrize("seed", range(6))
def test_jumping_stepping_and_asking_always_agree_where_marks_come_one_by_one(seed: int) -> None:
    random = Random(seed)
    agreed(one_by_one((seek if seed % 2 else wander)(a_scene(random), random, 16)))


@pytest.mark.parametrize("name", ["together", "paying", "naked", "ladder", "tight"])
def test_they_agree_where_something_is_known_to_happen_between_two_marks(name: str) -> None:
    assert agreed(one_by_one(tape(name))).decisions


def test_a_jump_leaves_out_most_marks_that_come_one_by_one() -> None:
    calm = Scene(
        contracts=(a_contract(SYMBOLS[0]),), openings=(an_opening(SYMBOLS[0], leverage=3),), entries=()
    )
    plan = one_by_one(wander(calm, Random(1), 60))
    assert play(plan, Jumper).marks < play(plan, Stepper).marks / 4


def test_a_path_of_marks_has_a_bar_of_one_point_for_each() -> None:
    times = np.array([0, 1_000, 2_500], dtype=np.int64)
    path = MarkPath(
        symbol="BTC/USDT:USDT", interval_ms=1_000, exponent=1, times=times, marks=times // 100 + 5
    )
    assert path.bar(2) == ((2_500, 30, 30),)
    assert path.points(1).mark.tolist() == [[15], [30]]
    assert not path.gapless
    assert "from one recorded mark to the next" in path.assumptions[0]
