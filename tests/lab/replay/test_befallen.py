"""Jumping = stepping = always asking, whatever befalls the market, and some of it to be read off."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.lab.replay.befallen import a_befallen_scene
from tests.lab.replay.harness import agreed
from tests.lab.replay.seeking import seek

SEEDS = st.integers(min_value=0, max_value=2**32)


@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_three_ways_agree_whatever_befalls_the_market(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(a_befallen_scene(random), random, bars))
