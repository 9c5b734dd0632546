"""``bracket``: a stop at 95 and a target at 115, seconds after the long was seen with neither."""

from random import Random
from typing import Any

from tests.building.core import T0, a_position
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    return {
        "stop": random.choice(("0.01", "0.04")),
        "target": random.choice(("0", "0.05")),
        "close": random.choice(("0.3", "1")),
        "grace": random.choice(("0s", "40s", "3m")),
    }


EXAMPLE = Example(
    params={},
    held=[a_position(opened_ms=T0 + 1_000)],
    beats=[
        mark("100", after_ms=3_000),
        mark("100.1", after_ms=4_000),
        mark("101"),
        mark("102", after_ms=2 * MINUTE),
    ],
    draw=draw,
)
