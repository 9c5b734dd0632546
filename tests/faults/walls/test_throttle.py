"""However much is wanted at once, no window of an exchange is ever fuller than the exchange allows."""

import asyncio
from itertools import pairwise

import pytest

from bot.venues.live.dialects.binanceusdm import TRAITS
from bot.venues.live.gate import Gate
from bot.venues.live.wire import Request, Urgency
from tests.venues.live.virtual import live

WEIGHT = 5
WANTED = 1_500


@pytest.mark.parametrize("urgency", [Urgency.EMERGENCY, Urgency.ACCOUNT])
def test_no_window_is_fuller_than_allowed(urgency: Urgency) -> None:
    left_s: list[float] = []

    async def work() -> None:
        gate, loop = Gate(TRAITS.windows), asyncio.get_running_loop()

        async def one() -> None:
            await gate.turn(Request(api="", method="GET", path="account", weight=WEIGHT), urgency)
            left_s.append(loop.time())

        await asyncio.gather(*(one() for _ in range(WANTED)))

    live(work)
    window = TRAITS.windows["requests"]
    most = window.capacity // WEIGHT
    assert len(left_s) == WANTED > most
    assert all(later - earlier >= window.per_ms / 1_000 - 1e-3 for earlier, later in _apart(left_s, most))
    assert all(earlier <= later for earlier, later in pairwise(left_s))


def _apart(times: list[float], places: int) -> list[tuple[float, float]]:
    return list(zip(times, times[places:], strict=False))
