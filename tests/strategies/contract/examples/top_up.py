"""``top_up``: margin is added at 95, and again once the mark has fallen as far as that allows."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    below = D(random.choice((5, 6, 8))) / 100
    return {"below": below, "restore_to": below + D("0.03"), "max_times": random.choice((1, 3))}


EXAMPLE = Example(
    params={"below": "0.08", "restore_to": "0.12"},
    beats=[mark("98"), mark("95"), mark("90.8"), mark("90.7", after_ms=10 * MINUTE), mark("101")],
    draw=draw,
)
