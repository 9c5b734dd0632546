"""``cut_leverage``: a position at ten times is cut to five when liquidation is near."""

from random import Random
from typing import Any

from tests.building.core import D, a_position
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    return {
        "below": D(random.choice((5, 7, 9))) / 100,
        "leverage": random.choice((2, 5, 8)),
        "max_times": random.choice((1, 2)),
    }


EXAMPLE = Example(
    params={"below": "0.07", "leverage": 5},
    held=[a_position(leverage=D(10), margin="10")],
    beats=[mark("99.9"), mark("98"), mark("97", after_ms=10 * MINUTE), mark("103")],
    draw=draw,
)
