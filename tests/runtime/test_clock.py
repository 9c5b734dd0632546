"""The system's clock."""

import asyncio
import time

from bot.runtime.clock import SystemClock


def test_it_tells_the_time_of_day_and_never_goes_back() -> None:
    clock = SystemClock()
    times = [clock.now_ms() for _ in range(1_000)]
    assert times == sorted(times)
    assert abs(times[-1] - time.time() * 1_000) < 5_000


def test_a_sleep_of_nothing_lets_others_go_on() -> None:
    turns: list[int] = []

    async def main() -> None:
        other = asyncio.ensure_future(note())
        await SystemClock().sleep(0)
        assert turns == [1]
        await other

    async def note() -> None:
        turns.append(1)

    asyncio.run(main())
