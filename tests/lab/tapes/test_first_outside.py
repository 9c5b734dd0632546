"""The jump search against a plain loop, and prices as ticks."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.tapes import first_outside, to_price, to_ticks_ceil, to_ticks_floor

bounds = st.none() | st.integers(-5, 40) | st.sampled_from([-(10**30), 10**30])


def plain(
    lows: list[int], highs: list[int], start: int, stop: int, low_bound: int | None, high_bound: int | None
) -> int:
    for at in range(start, stop):
        if low_bound is not None and lows[at] <= low_bound:
            return at
        if high_bound is not None and highs[at] >= high_bound:
            return at
    return stop


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=40), bounds, bounds, st.data())
def test_the_search_finds_what_a_loop_finds(
    drawn: list[tuple[int, int]], low_bound: int | None, high_bound: int | None, data: st.DataObject
) -> None:
    lows = [low for low, _ in drawn]
    highs = [low + width for low, width in drawn]
    start = data.draw(st.integers(0, len(drawn)))
    stop = data.draw(st.integers(start, len(drawn)))
    low, high = np.array(lows, dtype=np.int64), np.array(highs, dtype=np.int64)
    found = first_outside(low, high, start, stop, low_bound, high_bound)
    assert found == plain(lows, highs, start, stop, low_bound, high_bound)


@pytest.mark.parametrize("at", [0, 1, 127, 128, 129, 1_151, 1_152, 9_343, 9_344, 82_000, 299_999])
@pytest.mark.parametrize("start", [0, 1, 77])
def test_a_lone_hit_is_found_wherever_the_windows_end(at: int, start: int) -> None:
    low = np.full(300_000, 100, dtype=np.int64)
    high = low + 5
    low[at] = 90
    expected = at if at >= start else len(low)
    assert first_outside(low, high, start, len(low), 90, 106) == expected
    assert first_outside(low, high, start, len(low), 90, None) == expected
    assert first_outside(low, high, start, len(low), 89, 106) == len(low)
    assert first_outside(-high, -low, start, len(low), None, -90) == expected


def test_the_hit_must_lie_before_the_stop() -> None:
    low = np.array([10, 10, 5], dtype=np.int64)
    assert first_outside(low, low, 0, 2, 5, None) == 2
    assert first_outside(low, low, 0, 3, 5, None) == 2


def test_open_bounds_and_an_empty_stretch_find_nothing() -> None:
    low = np.array([10, 10, 5], dtype=np.int64)
    assert first_outside(low, low, 0, 3, None, None) == 3
    assert first_outside(low, low, 3, 3, 10, 10) == 3


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=15), st.integers(0, 12))
def test_ticks_enclose_the_price(price: Decimal, exponent: int) -> None:
    floor, ceil = to_ticks_floor(price, exponent), to_ticks_ceil(price, exponent)
    tick = Decimal(1).scaleb(-exponent)
    assert floor * tick <= price < (floor + 1) * tick
    assert (ceil - 1) * tick < price <= ceil * tick


def test_a_price_of_more_digits_than_the_decimal_context_is_bounded_exactly() -> None:
    price = Decimal("100." + "0" * 40 + "1")
    assert (to_ticks_floor(price, 2), to_ticks_ceil(price, 2)) == (10_000, 10_001)


@given(st.integers(-(10**18), 10**18), st.integers(0, 12), st.integers(0, 3))
def test_equal_prices_print_equally_whatever_their_exponent(ticks: int, exponent: int, finer: int) -> None:
    price = to_price(ticks, exponent)
    assert price == Decimal(ticks) / 10**exponent
    assert str(price) == str(to_price(ticks * 10**finer, exponent + finer))


@pytest.mark.parametrize(
    ("ticks", "exponent", "text"),
    [
        (5_000_000, 2, "50000"),
        (50_000, 0, "50000"),
        (5, 1, "0.5"),
        (50, 2, "0.5"),
        (1, 6, "0.000001"),
        (0, 3, "0"),
    ],
)
def test_a_price_prints_without_trailing_zeros(ticks: int, exponent: int, text: str) -> None:
    assert str(to_price(ticks, exponent)) == text
