"""``atr_stop``: placed at the first closed bar, moved when the mark has gained enough."""

from random import Random
from typing import Any

from tests.strategies.contract.example import Example, hour, mark


def draw(random: Random) -> dict[str, Any]:
    return {
        "multiple": random.choice((1, 2, 4)),
        "timeframe": "2m",
        "length": 2,
        "step": random.choice(("0", "0.25")),
    }


EXAMPLE = Example(
    params={"multiple": "1", "timeframe": "1h", "length": 1},
    beats=[mark("100"), hour("100"), mark("100.1"), hour("101"), hour("99"), hour("103"), mark("102")],
    draw=draw,
)
