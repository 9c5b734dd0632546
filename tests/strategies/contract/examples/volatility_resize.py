"""``volatility_resize``: the account is worth 20; three ranges of 10 may cost 10, so 33 of 100 may stay."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import HOUR, Example, hour


def draw(random: Random) -> dict[str, Any]:
    return {
        "risk": D(random.choice((1, 5, 20))) / 100,
        "measure": random.choice(("atr", "width", "volatility")),
        "timeframe": random.choice(("1m", "2m")),
        "length": 2,
    }


EXAMPLE = Example(
    params={"length": 2},
    free="6.4",
    beats=[hour("100"), hour("100"), hour("100", "10"), hour("100", "10", timeframe_ms=HOUR)],
    draw=draw,
)
