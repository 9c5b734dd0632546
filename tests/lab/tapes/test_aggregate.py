"""Bars of coarser timeframes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.tapes import Bars, Tape, TapeError, aggregate

MakeTape = Callable[..., Tape]
Bar = tuple[int, int, int, int]
MINUTE = 60_000
Row = tuple[int, int, int, int, int, bool]


def rows(bars: Bars) -> list[Row]:
    columns = (bars.close_time_ms, bars.open, bars.high, bars.low, bars.close, bars.complete)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def plain(times: list[int], bars: list[Bar], timeframe_ms: int) -> list[Row]:
    """One bar after the other, closing whenever the clock passes a multiple of the timeframe."""
    closed: list[Row] = []
    for start in range(0, times[-1] + MINUTE, timeframe_ms):
        end = start + timeframe_ms
        inside = [bar for at, bar in zip(times, bars, strict=True) if start <= at < end]
        if inside and times[-1] + MINUTE >= end:
            whole = len(inside) == timeframe_ms // MINUTE
            highs, lows = [bar[1] for bar in inside], [bar[2] for bar in inside]
            closed.append((end, inside[0][0], max(highs), min(lows), inside[-1][3], whole))
    return closed


def test_bars_are_aligned_to_the_epoch_and_the_unfinished_one_is_left_out(make_tape: MakeTape) -> None:
    bars = [(10, 12, 9, 11), (11, 15, 11, 14), (14, 14, 8, 9), (9, 10, 9, 10), (10, 11, 10, 11)]
    tape = make_tape(bars, [at * MINUTE for at in range(3, 8)])
    assert rows(aggregate(tape, 2 * MINUTE)) == [
        (4 * MINUTE, 10, 12, 9, 11, False),
        (6 * MINUTE, 11, 15, 8, 9, True),
        (8 * MINUTE, 9, 11, 9, 11, True),
    ]
    assert rows(aggregate(tape, 3 * MINUTE)) == [(6 * MINUTE, 10, 15, 8, 9, True)]


def test_a_bar_without_constituents_is_absent_and_one_with_few_is_marked(make_tape: MakeTape) -> None:
    tape = make_tape([(1, 1, 1, 1), (2, 2, 2, 2), (3, 3, 3, 3)], [0, MINUTE, 5 * MINUTE])
    assert rows(aggregate(tape, 2 * MINUTE)) == [
        (2 * MINUTE, 1, 2, 1, 2, True),
        (6 * MINUTE, 3, 3, 3, 3, False),
    ]


def test_the_interval_of_the_tape_is_a_timeframe_too(make_tape: MakeTape) -> None:
    tape = make_tape([(10, 12, 9, 11), (11, 15, 11, 14)])
    assert rows(aggregate(tape, MINUTE)) == [
        (MINUTE, 10, 12, 9, 11, True),
        (2 * MINUTE, 11, 15, 11, 14, True),
    ]


def test_a_constituent_across_the_border_belongs_to_the_later_bar(make_tape: MakeTape) -> None:
    tape = make_tape([(1, 1, 1, 1), (2, 2, 2, 2)], [MINUTE // 2, 3 * MINUTE // 2])
    assert rows(aggregate(tape, MINUTE)) == [(2 * MINUTE, 1, 1, 1, 1, True)]


@pytest.mark.parametrize(("timeframe_ms", "wanted"), [(1_000, "1s"), (90_000, "90s"), (30_000, "30s")])
def test_a_timeframe_that_the_tape_cannot_make_is_an_error_naming_both(
    make_tape: MakeTape, timeframe_ms: int, wanted: str
) -> None:
    with pytest.raises(TapeError, match=f"bars of {wanted} cannot be made of bars of 1m"):
        aggregate(make_tape([(1, 1, 1, 1)]), timeframe_ms)


@given(
    st.sets(st.integers(0, 60), min_size=1, max_size=40).map(sorted),
    st.integers(1, 12),
    st.lists(st.lists(st.integers(1, 50), min_size=4, max_size=4).map(sorted), min_size=40, max_size=40),
)
def test_aggregation_gives_what_a_loop_gives(
    make_tape: MakeTape, minutes: list[int], multiple: int, sorted_prices: list[list[int]]
) -> None:
    bars = [(b, d, a, c) for a, b, c, d in sorted_prices[: len(minutes)]]
    times = [minute * MINUTE for minute in minutes]
    made = aggregate(make_tape(bars, times), multiple * MINUTE)
    assert rows(made) == plain(times, bars, multiple * MINUTE)


def test_volumes_are_added_up_where_they_are_asked_for(make_tape: MakeTape) -> None:
    tape = make_tape([(1, 1, 1, 1)] * 4, [at * MINUTE for at in range(4)])
    told = replace(tape, volume=np.array([1.5, 2, 4, 8]))
    made = aggregate(told, 2 * MINUTE, volumes=True)
    assert made.volume is not None
    assert made.volume.tolist() == [3.5, 12]
    assert aggregate(told, 2 * MINUTE).volume is None
    assert aggregate(tape, 2 * MINUTE, volumes=True).volume is None
