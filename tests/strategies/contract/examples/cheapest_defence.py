"""``cheapest_defence``: what the budget allows is added at 95, what is missing is closed minutes later."""

from random import Random
from typing import Any

from bot.core.settings import Limits
from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    below = D(random.choice((4, 6, 7))) / 100
    return {
        "below": below,
        "restore_to": below + D("0.03"),
        "capital_per_day": D(random.choice((0, 1, 50))) / 1000,
        "loss_counts": D(random.choice((0, 5, 10))) / 10,
        "max_times": random.choice((2, 8)),
    }


EXAMPLE = Example(
    params={"below": "0.06", "restore_to": "0.1"},
    beats=[mark("97"), mark("95"), mark("94.9"), mark("94.8", after_ms=2 * MINUTE), mark("99")],
    draw=draw,
    limits=Limits(margin_per_position=D(3)),
)
