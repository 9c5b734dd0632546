"""``take_profit``: the trader's own stop at 98 makes one R 2; at 104 half goes, then the stop follows."""

from random import Random
from typing import Any

from tests.building.core import Desk, a_stop
from tests.strategies.contract.example import MINUTE, Example, mark


def draw(random: Random) -> dict[str, Any]:
    first = random.choice(("0.5", "1"))
    rungs = [{"at": first, "close": "0.3"}, {"at": "2", "close": random.choice(("0.3", "0.7"))}]
    whole = rungs[1]["close"] == "0.7"
    return {
        "rungs": rungs,
        "break_even_at": random.choice(("0", "0.5", "1")),
        "trail": "0" if whole else random.choice(("0", "0.5", "1.5")),
        "step": random.choice(("0", "0.1")),
        "risk": random.choice(("0.01", "0.03")),
    }


def own_stop(desk: Desk) -> None:
    desk.rests(a_stop("98"))


EXAMPLE = Example(
    params={},
    beats=[
        own_stop,
        mark("101.9"),
        mark("102.1"),
        mark("104", after_ms=2 * MINUTE),
        mark("106", after_ms=2 * MINUTE),
        mark("105", after_ms=2 * MINUTE),
        mark("110", after_ms=2 * MINUTE),
    ],
    draw=draw,
)
