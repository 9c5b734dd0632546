"""``partial_close``: a quarter is closed whenever liquidation is near, and its distance stays as it is."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    below = D(random.choice((4, 5, 7))) / 100
    target = random.choice(({"restore_to": below + D("0.03")}, {"fraction": "0.3"}, {"loss_cap": 25}))
    return {"below": below, "max_times": random.choice((2, 10)), **target}


EXAMPLE = Example(
    params={"below": "0.05", "fraction": "0.25"},
    beats=[mark("96"), mark("94"), mark("93.9"), mark("94", after_ms=10 * MINUTE), mark("103")],
    draw=draw,
)
