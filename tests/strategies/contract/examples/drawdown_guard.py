"""``drawdown_guard``: the account is worth 20 at 100; at 98 it is 10 % down, at 96 20 %, at 92 40 %."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import MINUTE, Example, hour

FIVE = 5 * MINUTE


def draw(random: Random) -> dict[str, Any]:
    yellow = D(random.choice((5, 20))) / 1000
    return {
        "yellow": yellow,
        "orange": yellow * 2,
        "red": yellow * random.choice((3, 6)),
        "timeframe": random.choice(("1m", "2m")),
        "length": random.choice((1, 3)),
    }


EXAMPLE = Example(
    params={"yellow": "0.08", "orange": "0.18", "red": "0.3", "length": 1},
    free="6.4",
    beats=[hour(price, timeframe_ms=FIVE) for price in ("100", "100", "98", "99.5", "96", "95.9", "92")],
    draw=draw,
)
