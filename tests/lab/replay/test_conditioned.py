"""Jumping = stepping = always asking, where the configuration has put conditions on the rules."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config.when import parse_when
from bot.core.decisions import Refusal, StateChanged
from bot.core.settings import RuleEntry
from bot.lab.replay.run import Plan, prepare
from bot.lab.replay.walk import Jumper, Stepper
from bot.runtime.journal.memory import MemoryJournal
from tests.lab.replay.harness import agreed, play
from tests.lab.replay.scenes import Scene, a_scene
from tests.lab.replay.seeking import seek, wander

SEEDS = st.integers(min_value=0, max_value=2**32)

PARTS = (
    "distance < 0.07",
    "distance <= 0.05",
    "distance > 0.02",
    "not distance < 0.03",
    "0.02 < distance < 0.08",
    "mark < entry * 0.97",
    "mark >= 98.5",
    "mark != 100",
    "margin_ratio > 0.2",
    "margin_ratio <= 0.5",
    "profit < -5",
    "abs(mark - entry) > 2",
    "max(mark, entry) > 101 / 1",
    "liquidation < mark * 0.95",
    "mark < close_2m",
    "close_1m < open_1m",
    "mark < low_3m - atr_2m_2",
    "abs(profit) / margin > 0.3",
    "side > 0",
    "leverage >= 8",
    "loss_at_liquidation < 60",
    "free > 20",
    "funding_8h > 0.001",
    "funding_cost_8h * notional < 0.1",
    "open_interest > 1 or side > 0",
    "p_liquidation_12m > 0.3",
    "p_liquidation_20m <= 0.05",
    "p_liquidation_12m != 0.5",
)
CONFIRMS_MS = (0, 0, 1, 19_999, 20_000, 40_001, 60_000, 90_000)


def a_condition(random: Random) -> str:
    """One to three parts, joined and turned around at random."""
    text = random.choice(PARTS)
    for _ in range(random.choice((0, 0, 1, 2))):
        text = f"({text}) {random.choice(('and', 'or', 'or not'))} {random.choice(PARTS)}"
    return f"not ({text})" if random.random() < 0.15 else text


def conditioned(scene: Scene, random: Random) -> Scene:
    """The scene with conditions on most of its rules."""

    def put(entry: RuleEntry) -> RuleEntry:
        when = parse_when(a_condition(random)) if random.random() < 0.75 else None
        return replace(entry, when=when, confirm_for_ms=random.choice(CONFIRMS_MS))

    return replace(scene, entries=tuple(map(put, scene.entries)))


def a_conditioned_scene(seed: int) -> tuple[Scene, Random]:
    random = Random(seed)
    return conditioned(a_scene(random), random), random


def recorded_brings_it_back(plan: Plan) -> None:
    for walker in (Jumper, Stepper):
        fresh = prepare(plan, MemoryJournal()).stage.engine
        for step in play(plan, walker).steps:
            for fact in step.swallowed:
                silent = fresh.recall(fact)
                assert silent is None or silent.decisions == ()
            again = fresh.fold(step.facts)
            assert (again.decisions if again is not None else ()) == step.decisions


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_all_three_ways_agree_and_what_was_recorded_brings_it_back(seed: int) -> None:
    scene, random = a_conditioned_scene(seed)
    plan = seek(scene, random, 14)
    agreed(plan)
    recorded_brings_it_back(plan)


@pytest.mark.slow
@settings(max_examples=50)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_three_ways_agree_where_prices_seek_the_edges_of_conditions(seed: int, bars: int) -> None:
    scene, random = a_conditioned_scene(seed)
    agreed(seek(scene, random, bars))


@pytest.mark.slow
@settings(max_examples=40)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=60))
def test_all_three_ways_agree_where_prices_wander(seed: int, bars: int) -> None:
    scene, random = a_conditioned_scene(seed)
    agreed(wander(scene, random, bars))


@pytest.mark.slow
@settings(max_examples=60)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=24))
def test_what_was_recorded_brings_back_what_was_being_confirmed(seed: int, bars: int) -> None:
    scene, random = a_conditioned_scene(seed)
    recorded_brings_it_back(seek(scene, random, bars))


@pytest.mark.slow
def test_conditions_are_confirmed_broken_and_acted_on() -> None:
    """So that the agreement above is about something."""
    changes, refused, acted = [], 0, 0
    for seed in range(25):
        scene, random = a_conditioned_scene(seed)
        found = play(seek(scene, random, 24))
        changes += [(d.was, d.now) for d in found.decisions if isinstance(d, StateChanged)]
        refused += sum(isinstance(d, Refusal) for d in found.decisions)
        acted += len(found.actions)
    assert changes.count(("waiting", "confirming")) > 50
    assert changes.count(("confirming", "waiting")) > 15
    assert acted > 20
    assert refused > 20
