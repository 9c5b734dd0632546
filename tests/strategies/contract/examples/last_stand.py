"""``last_stand``: liquidation is at 90; at 91.5 it is 1.64 % away, and everything is closed."""

from random import Random
from typing import Any

from tests.building.core import D
from tests.strategies.contract.example import Example, mark


def draw(random: Random) -> dict[str, Any]:
    return {"below": D(random.choice((2, 3, 5))) / 100, "ratio": D(random.choice((30, 50, 80))) / 100}


EXAMPLE = Example(
    params={"below": "0.02", "ratio": "0.9"},
    beats=[mark("98"), mark("93"), mark("91.5"), mark("91.4")],
    draw=draw,
)
