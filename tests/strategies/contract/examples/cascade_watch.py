"""``cascade_watch``: four minutes of falling, with liquidation near; then three of rest."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, hour


def draw(random: Random) -> dict[str, Any]:
    return {
        "timeframe": random.choice(("1m", "2m")),
        "bars": random.choice((1, 3)),
        "move": D(random.choice((3, 10))) / 1000,
        "near": D(random.choice((6, 12))) / 100,
        "tighten": D(random.choice(("1.2", "2"))),
        "reduce": random.choice((None, "0.2")),
        "every": random.choice(("1m", "5m")),
    }


EXAMPLE = Example(
    params={"bars": 3, "near": "0.08", "reduce": "0.5"},
    beats=[hour(p, "0.2", timeframe_ms=MINUTE) for p in ("100", "99", "98", "97", "93", "97", "97.5", "98")],
    draw=draw,
)
