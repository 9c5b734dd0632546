"""``time_stop``: halves a long that has stayed in loss for three hours."""

from random import Random
from typing import Any

from bot.core.settings import Limits
from tests.strategies.contract.example import HOUR, Example, hour


def draw(random: Random) -> dict[str, Any]:
    return {
        "after": random.choice(("8m", "12m")),
        "worked": random.choice(("0", "0.02")),
        "in_loss": random.choice(("4m", None)),
        "fraction": "0.5",
        "max_times": random.choice((1, 3)),
        "timeframe": "2m",
    }


EXAMPLE = Example(
    params={"after": "6h", "in_loss": "3h", "fraction": "0.5", "max_times": 2},
    beats=[hour(price, "0.5") for price in ("99.5", "99", "99.2", "98.9", "99", "99.6")],
    cooldown_ms=2 * HOUR,
    limits=Limits(),
    draw=draw,
)
