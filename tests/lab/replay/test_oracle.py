"""Jumping = stepping = always asking, on tapes that wander and on tapes that seek the edges.

A scene and its tape are drawn from a seed: they are too long to be shrunk usefully, but a shorter tape of the
same seed is the beginning of the longer one, so what hypothesis reports is the shortest failing tape.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.decisions import Refusal
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from bot.lab.replay.run import prepare
from bot.lab.replay.walk import Jumper, Stepper
from bot.runtime.journal.memory import MemoryJournal
from strategies.cut_leverage import LeverageCut, LeverageCutParams
from tests.building import MINUTE_MS, a_contract
from tests.lab.replay.harness import FEW, agreed, play
from tests.lab.replay.rules import Stubborn, StubbornParams
from tests.lab.replay.scenes import SYMBOLS, Scene, a_scene, an_opening
from tests.lab.replay.seeking import seek, wander

SEEDS = st.integers(min_value=0, max_value=2**32)


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_jumping_stepping_and_asking_always_agree_where_prices_seek_the_edges(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(a_scene(random), random, bars))


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=40))
def test_jumping_stepping_and_asking_always_agree_where_prices_wander(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(wander(a_scene(random), random, bars))


def stubborn(random: Random) -> Scene:
    """A scene in which rules that say the same at every mark are refused for what no mark can lift."""
    scene, leverage = a_scene(random), Decimal(random.choice((1, 2, 3, 6)))
    quantity = Decimal(random.choice(("0.004", "0.05")))
    below = Decimal(random.choice((5, 9, 15))) / 100
    said = StubbornParams(below=below, leverage=leverage, quantity=quantity)
    cut = LeverageCut(RuleName("cut"), LeverageCutParams(below=below, leverage=leverage))
    entries = tuple(
        RuleEntry(rule=rule, cooldown_ms=random.choice((0, MINUTE_MS)))
        for rule in (cut, Stubborn(RuleName("stubborn"), said))
    )
    return replace(scene, entries=(*entries, *scene.entries[: random.randint(0, 2)]))


@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=24))
@settings(max_examples=25)
def test_they_agree_where_rules_that_are_refused_say_the_same_at_every_mark(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(stubborn(random), random, bars))


def test_a_rule_that_is_refused_whatever_the_mark_lets_marks_be_left_out() -> None:
    left_out = 0
    for seed in range(12):
        random = Random(seed)
        plan = wander(replace(stubborn(random), entries=stubborn(random).entries[:2]), random, 20)
        left_out += play(plan, Stepper).marks - play(plan, Jumper).marks
    assert left_out > 0


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=20))
def test_what_was_recorded_leads_a_fresh_engine_to_the_same_decisions(seed: int, bars: int) -> None:
    random = Random(seed)
    plan = seek(a_scene(random), random, bars)
    for walker in (Jumper, Stepper):
        fresh = prepare(plan, MemoryJournal()).stage.engine
        for step in play(plan, walker).steps:
            for fact in step.swallowed:
                silent = fresh.recall(fact)
                assert silent is None or silent.decisions == ()
            again = fresh.fold(step.facts)
            assert (again.decisions if again is not None else ()) == step.decisions


@pytest.mark.slow
@given(seed=SEEDS, bars=st.integers(min_value=30, max_value=90))
def test_the_same_at_length(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(a_scene(random), random, bars))


def test_the_scenes_are_worth_playing() -> None:
    plays = []
    for seed in range(40):
        random = Random(seed)
        plays.append(play(seek(a_scene(random), random, 30)))
    refused = {d.because for each in plays for d in each.decisions if isinstance(d, Refusal)}
    assert len(refused) >= 8
    assert sum(bool(each.actions) for each in plays) >= 30
    assert any(each.liquidations for each in plays)


def test_a_jump_leaves_out_most_of_a_calm_tape() -> None:
    scene = Scene(
        contracts=(a_contract(SYMBOLS[0]),), openings=(an_opening(SYMBOLS[0], leverage=3),), entries=()
    )
    plan = wander(scene, Random(1), 60)
    assert play(plan, Jumper).marks < play(plan, Stepper).marks / 4
