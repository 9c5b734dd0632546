"""The exchange's clock, from readings of it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import MarkPrice
from bot.venues.live.clock import ExchangeClock
from tests.building.core import BTC, D
from tests.venues.live.virtual import live

T0 = 1_800_000_000_000


def at_noon() -> int:
    return T0


def test_a_reading_is_of_the_middle_of_the_time_it_took() -> None:
    clock = ExchangeClock(at_noon)
    clock.read(said_ms=T0 + 530, asked_ms=T0, answered_ms=T0 + 60)
    assert clock.offset_ms == 500
    assert clock.now_ms() == T0 + 500


def test_the_quickest_reading_counts() -> None:
    clock = ExchangeClock(at_noon)
    clock.read(said_ms=T0 + 505, asked_ms=T0, answered_ms=T0 + 10)
    clock.read(said_ms=T0 + 900, asked_ms=T0, answered_ms=T0 + 1_000)
    assert clock.offset_ms == 500


def test_a_clock_that_jumped_is_believed_at_the_first_reading() -> None:
    clock = ExchangeClock(at_noon)
    clock.read(said_ms=T0, asked_ms=T0, answered_ms=T0)
    clock.read(said_ms=T0 + 20_000, asked_ms=T0, answered_ms=T0 + 100)
    assert clock.offset_ms == 19_950


def test_prices_are_told_by_our_clock() -> None:
    clock = ExchangeClock(at_noon)
    clock.read(said_ms=T0 + 500, asked_ms=T0, answered_ms=T0)
    fact = MarkPrice(at_ms=T0 + 700, symbol=BTC, price=D(1))
    assert clock.ours(fact) == MarkPrice(at_ms=T0 + 200, symbol=BTC, price=D(1))
    assert not clock.is_ahead(T0 + 1_500)
    assert clock.is_ahead(T0 + 1_501)


def test_doubt_wakes_who_reads_it() -> None:
    async def doubting() -> tuple[float, float]:
        clock, loop = ExchangeClock(at_noon), asyncio.get_running_loop()
        loop.call_later(3, clock.doubt)
        await clock.doubted(10)
        first = loop.time()
        await clock.doubted(10)
        return first, loop.time()

    first, second = live(doubting)
    assert (round(first, 3), round(second, 3)) == (3.0, 13.0)


READINGS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=20)


@given(offset_ms=st.integers(-50_000, 50_000), delays=READINGS)
def test_the_error_is_at_most_half_of_the_quickest_of_the_last_readings(
    offset_ms: int, delays: list[tuple[int, int]]
) -> None:
    clock = ExchangeClock(at_noon)
    for there_ms, back_ms in delays:
        clock.read(T0 + there_ms + offset_ms, T0, T0 + there_ms + back_ms)
    quickest_ms = min(there + back for there, back in delays[-6:])
    assert abs(clock.offset_ms - offset_ms) <= quickest_ms / 2 + 1


def test_whoever_waits_for_a_doubt_ends_when_he_is_told_to_even_as_the_doubt_comes() -> None:
    async def work() -> bool:
        clock = ExchangeClock(at_noon)
        waiting = asyncio.ensure_future(clock.doubted(10))
        await asyncio.sleep(1)
        clock.doubt()
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert live(work)


@pytest.mark.parametrize(
    ("offset_ms", "apart"),
    [
        (0, ""),
        (5_000, ""),
        (-5_000, ""),
        (5_001, "the exchange's clock is 5001 ms ahead of ours"),
        (-5_001, "the exchange's clock is 5001 ms behind ours"),
    ],
)
def test_clocks_that_are_too_far_apart_say_so(offset_ms: int, apart: str) -> None:
    clock = ExchangeClock(lambda: 1_000_000)
    clock.read(1_000_000 + offset_ms, 1_000_000, 1_000_000)
    assert (clock.apart, clock.ill) == (apart, apart)


def test_a_clock_that_was_not_read_for_two_minutes_is_ill_and_forbids_nothing() -> None:
    now_ms = [1_000_000]
    clock = ExchangeClock(lambda: now_ms[0])
    clock.read(1_000_000, 1_000_000, 1_000_000)
    now_ms[0] += 120_000
    assert clock.ill == ""
    now_ms[0] += 1_000
    assert clock.ill == "the exchange's clock was last read 121 s ago"
    assert clock.apart == ""
