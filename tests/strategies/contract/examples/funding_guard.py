"""``funding_guard``: a rate of 0.3 % every eight hours costs 0.9 of a margin of 13.6 in a day, 6.6 %."""

from random import Random
from typing import Any

from bot.core.facts import FundingRate
from tests.building.core import BTC, D, Desk
from tests.strategies.contract.example import HOUR, MINUTE, Beat, Example, mark


def draw(random: Random) -> dict[str, Any]:
    warn = D(random.choice((5, 20, 60))) / 100
    limits: tuple[dict[str, Any], ...] = ({}, {"reduce": warn * 2}, {"aside": warn * 8}, {"spent": "0.02"})
    return {"warn": warn, "lead": random.choice(("1m", "40s", "5m")), **random.choice(limits)}


def told(rate: str, in_ms: int) -> Beat:
    """Funding of the next settlement is told."""

    def beat(desk: Desk) -> None:
        desk.now_ms += 1_000
        fact = FundingRate(at_ms=desk.now_ms, symbol=BTC, rate=D(rate), next_ms=desk.now_ms + in_ms)
        desk.fold(fact)

    return beat


EXAMPLE = Example(
    params={"warn": "0.05", "reduce": "0.06"},
    beats=[
        told("0.0001", 8 * HOUR),
        mark("101"),
        told("0.003", 8 * HOUR),
        mark("101", after_ms=7 * HOUR),
        mark("101", after_ms=52 * MINUTE),
        mark("101", after_ms=5 * MINUTE),
    ],
    draw=draw,
)
