"""``structure_stop``: behind the swing low at 97, and then behind the one at 99."""

from random import Random
from typing import Any

from tests.strategies.contract.example import Example, hour, mark


def draw(random: Random) -> dict[str, Any]:
    return {
        "behind": random.choice(("swing", "cluster", "node")),
        "timeframe": "1m",
        "length": random.choice((10, 12)),
        "strength": 1,
        "touches": 2,
        "width": random.choice(("0.002", "0.02")),
        "factor": "1.1",
        "buffer": random.choice(("0.1", "0.5")),
        "least": "1",
        "atr_length": 3,
        "step": random.choice(("0", "0.25")),
    }


PRICES = ("100", "99", "98", "99", "100", "101", "100", "101", "102", "103", "102", "103", "101")

EXAMPLE = Example(
    params={"length": 12, "strength": 1, "atr_length": 2, "timeframe": "1h"},
    beats=[*(hour(price) for price in PRICES), mark("102")],
    draw=draw,
)
