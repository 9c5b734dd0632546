"""``correlation_guard``: two longs of 100 each share 100, of which a joint fall of a fifth takes 40.

At 95 it takes 38 of 90, which is said, and at 90 it takes 36 of 80: the first gets smaller.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.building.core import CROSS, ETH, ETH_LONG, D, Desk, a_position
from tests.strategies.contract.example import MINUTE, Beat, Example

FIVE = 5 * MINUTE


def draw(random: Random) -> Mapping[str, Any]:
    groups: tuple[tuple[str, ...], ...] = (("AAA/USDT:USDT", "BBB/USDT:USDT"),)
    warn = D(random.choice((2, 10, 40))) / 100
    return {
        "groups": random.choice(((), groups, groups)),
        "betas": random.choice(({}, {"BBB/USDT:USDT": D("1.7")})),
        "shock": D(random.choice((5, 10, 30))) / 100,
        "warn": warn,
        "reduce": warn * random.choice((1, 2)),
        "restore": D(random.choice((5, 9))) / 10,
        "timeframe": random.choice(("1m", "2m")),
        "again": random.choice(("1m", "7m")),
    }


def both(price: str, after_ms: int = FIVE) -> Beat:
    """Five minutes later both coins stand there, and a bar of each closes."""

    def beat(desk: Desk) -> None:
        desk.mark(price, ETH, after_ms=after_ms)
        desk.mark(price)
        desk.bar(*(price,) * 4, timeframe_ms=FIVE)
        desk.bar(*(price,) * 4, timeframe_ms=FIVE, symbol=ETH)

    return beat


EXAMPLE = Example(
    params={"warn": "0.41", "reduce": "0.44", "again": "10m"},
    held=(a_position(mode=CROSS), a_position(ETH_LONG, mode=CROSS)),
    free="100",
    beats=[both("100"), both("102"), both("95"), both("90"), both("89.5"), both("85")],
    draw=draw,
)
