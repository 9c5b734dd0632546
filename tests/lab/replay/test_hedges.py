"""Jumping = stepping = always asking where positions are hedged, and hedges are taken away."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.decisions import Action, Refusal
from bot.core.intents import CloseHedge, OpenHedge, ReducePosition
from bot.core.settings import KEEPER
from tests.lab.replay.befallen import a_befallen_scene
from tests.lab.replay.harness import FEW, MANY, agreed, play
from tests.lab.replay.hedged import keeping_a_band, with_quarterlies
from tests.lab.replay.scenes import a_scene
from tests.lab.replay.seeking import seek, wander

SEEDS = st.integers(min_value=0, max_value=2**32)


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=25))
def test_all_ways_agree_on_hedges_where_prices_seek_the_edges(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(with_quarterlies(a_scene(random), random), random, bars))


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_ways_agree_on_hedges_where_prices_wander(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(wander(with_quarterlies(a_scene(random), random), random, bars))


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=25))
def test_all_ways_agree_on_hedges_that_something_befalls(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(with_quarterlies(a_befallen_scene(random), random), random, bars))


@pytest.mark.slow
@settings(max_examples=MANY)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_the_same_for_many_hedges(seed: int, bars: int) -> None:
    for make, tape in ((a_scene, seek), (a_scene, wander), (a_befallen_scene, seek)):
        random = Random(seed)
        agreed(tape(with_quarterlies(make(random), random), random, bars))


@pytest.mark.slow
def test_all_ways_agree_on_hedges_that_keep_the_delta_in_a_band() -> None:
    done: Counter[str] = Counter()
    for seed in range(48):
        random = Random(seed)
        make = a_befallen_scene if seed % 3 == 0 else a_scene
        scene = with_quarterlies(make(random), random, keeping_a_band)
        for action in agreed((wander if seed % 4 == 0 else seek)(scene, random, 30)).actions:
            if action.rule == "delta_hedge":
                done[type(action.intent).__name__] += 1
    assert done[OpenHedge.__name__] >= 5
    assert done[CloseHedge.__name__]


def test_the_hedged_scenes_are_worth_playing() -> None:
    done: Counter[str] = Counter()
    for seed in range(60):
        random = Random(seed)
        for decision in play(seek(with_quarterlies(a_scene(random), random), random, 30)).decisions:
            if isinstance(decision, Refusal):
                done[decision.because] += 1
            elif isinstance(decision, Action):
                done[type(decision.intent).__name__] += 1
                if decision.rule == KEEPER:
                    done[KEEPER] += 1
    for kind in (OpenHedge, CloseHedge, ReducePosition):
        assert done[kind.__name__] >= 5
    assert done[KEEPER] >= 5
    assert {"basis", "not_safer"} <= set(done)
