"""``level_alert``: below 95 and nearer than 4 % to liquidation at 90, and above 110."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import HOUR, Example, mark


def draw(random: Random) -> dict[str, Any]:
    watched: dict[str, Any] = {
        "price_below": [D(random.choice((97, 99)))],
        "price_above": [D(101)],
        "distance_below": D(random.choice((5, 9))) / 100,
        "margin_ratio_above": D("0.2"),
        "move_above": D("0.004"),
        "drawdown_above": D("0.01"),
        "funding_above": D("0.001"),
        "swings": 1,
        "nodes": D("1.1"),
    }
    chosen = random.sample(sorted(watched), 3)
    return {name: watched[name] for name in chosen} | {
        "timeframe": "1m",
        "bars": 2,
        "again": "3m",
        "look_back": 10,
    }


EXAMPLE = Example(
    params={"price_below": ["95"], "price_above": ["110"], "distance_below": "0.04"},
    beats=[mark("98"), mark("94.9"), mark("93"), mark("94", after_ms=2 * HOUR), mark("111")],
    draw=draw,
)
