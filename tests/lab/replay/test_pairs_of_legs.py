"""The same random scenes with a long and a short of every contract, equal or nearly so, in one cross pool.

Such a pair is liquidated by what both legs have to keep or by the larger one's loss, and the marks decide by
which first: whoever sleeps until one of them has to wake for the other.
"""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.types import PositionMode, Side
from tests.building import MINUTE_MS, START_MS
from tests.lab.replay.harness import agreed
from tests.lab.replay.scenes import D, Scene, a_scene, an_opening
from tests.lab.replay.seeking import seek, wander
from tests.lab.replay.test_coins import with_coins

SEEDS = st.integers(min_value=0, max_value=2**32)


def paired(scene: Scene, random: Random) -> Scene:
    """The scene with accounts that can just afford a pair in each contract, some of them in coins."""
    openings = []
    for account in scene.accounts:
        for symbol in scene.symbols:
            size, leverage = D(random.choice(("5", "9", "20"))), random.choice((10, 12, 20))
            times = D(random.choice(("1", "1", "1.02", "0.98", "1.3", "0.6")))
            later_ms = random.choice((0, 0, MINUTE_MS, 3 * MINUTE_MS))
            openings += [
                an_opening(
                    symbol,
                    side,
                    quantity=f"{quantity:.2f}",
                    leverage=leverage,
                    cross=True,
                    at_ms=at_ms,
                    when_flat=True,
                    account=account.name,
                )
                for side, quantity, at_ms in (
                    (Side.LONG, size, START_MS),
                    (Side.SHORT, size * times, START_MS + later_ms),
                )
            ]
    needed = sum((each.opening.quantity * 100 / each.opening.leverage for each in openings), D(0))
    balance = D(int(needed / len(scene.accounts) * random.choice((D("1.02"), D("1.1"), D("1.3"))))) + 5
    accounts = (replace(each, balance=balance, position_mode=PositionMode.HEDGE) for each in scene.accounts)
    scene = replace(scene, openings=tuple(openings), accounts=tuple(accounts))
    return with_coins(scene, random) if random.random() < 0.3 else scene


@settings(max_examples=8)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=20))
def test_all_ways_agree_on_pairs_of_legs(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(paired(a_scene(random), random), random, bars))


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=SEEDS, bars=st.integers(min_value=12, max_value=30))
def test_the_same_for_many_pairs(seed: int, bars: int) -> None:
    for tape in (seek, wander):
        random = Random(seed)
        agreed(tape(paired(a_scene(random), random), random, bars))
