"""Hourly mark prices laid over a finer traded path."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.tapes.marks import MarkBars, MarkPoints, mark_points

HOUR = 3_600_000
Four = tuple[int, int, int, int]


def marks_of(times: list[int], lasts: list[Four], marks: dict[int, tuple[int, int]]) -> MarkPoints:
    """Marks from hour number to (low, high)."""
    low, high = np.array(list(marks.values()), dtype=np.int64).reshape(-1, 2).T
    bars = MarkBars(times=np.array(list(marks), dtype=np.int64) * HOUR, low=low, high=high, interval_ms=HOUR)
    return mark_points(np.array(times, dtype=np.int64), np.array(lasts, dtype=np.int64), bars)


@pytest.mark.parametrize(
    ("lasts", "mark", "expected"),
    [
        # Inside the range but for the high: the highest point goes up to it.
        ([(50, 40, 60, 55)], (40, 70), [[50, 40, 70, 55]]),
        # Inside the range on both sides: one point goes down, one up.
        ([(50, 45, 60, 55)], (40, 70), [[50, 40, 70, 55]]),
        # Beyond the range on both sides: clipped, nothing forced.
        ([(50, 30, 80, 55)], (40, 70), [[50, 40, 70, 55]]),
        # Equal lowest points: the earliest moves.
        ([(50, 45, 60, 55), (50, 45, 70, 60)], (40, 70), [[50, 40, 60, 55], [50, 45, 70, 60]]),
        # A flat hour: two different points move.
        ([(50, 50, 50, 50)], (40, 70), [[40, 70, 50, 50]]),
        # A path wholly below the mark range is the mark's low, with its high once.
        ([(30, 20, 35, 30)], (40, 70), [[70, 40, 40, 40]]),
        # A mark that stood still all hour.
        ([(50, 30, 80, 55)], (60, 60), [[60, 60, 60, 60]]),
    ],
)
def test_the_path_is_clipped_and_each_missed_extreme_is_touched_once(
    lasts: list[Four], mark: tuple[int, int], expected: list[list[int]]
) -> None:
    made = marks_of([at * 300_000 for at in range(len(lasts))], lasts, {0: mark})
    assert made.points.tolist() == expected


def test_each_hour_has_its_own_extremes_and_gaps_on_either_side_are_borne() -> None:
    made = marks_of(
        [0, HOUR, 3 * HOUR, 5 * HOUR],
        [(50, 45, 60, 55)] * 4,
        {1: (40, 60), 2: (10, 90), 3: (45, 70)},
    )
    assert made.points.tolist() == [[50, 45, 60, 55], [50, 40, 60, 55], [50, 45, 70, 55], [50, 45, 60, 55]]
    assert (made.unmarked, made.hours, made.forced_low, made.forced_high) == (2, 2, 1, 1)


def test_marks_of_another_time_leave_the_path_alone() -> None:
    made = marks_of([9 * HOUR], [(50, 45, 60, 55)], {1: (40, 60)})
    assert (made.points.tolist(), made.unmarked) == ([[50, 45, 60, 55]], 1)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[int], list[Four], dict[int, tuple[int, int]]]:
    times = sorted(draw(st.sets(st.integers(0, 4 * 12 - 1), min_size=1, max_size=20)))
    price = st.integers(40, 60)
    lasts = [draw(st.tuples(price, price, price, price)) for _ in times]
    hours = sorted(draw(st.sets(st.integers(0, 4), min_size=1)))
    ends = st.tuples(st.integers(35, 65), st.integers(35, 65)).map(sorted)
    marks = {hour: tuple(draw(ends)) for hour in hours}
    return [at * 300_000 for at in times], lasts, marks  # type: ignore[return-value] # two ends each


@given(cases())
def test_every_marked_hour_stays_in_its_range_touches_both_ends_and_moves_no_more_than_it_must(
    case: tuple[list[int], list[Four], dict[int, tuple[int, int]]],
) -> None:
    times, lasts, marks = case
    made = marks_of(times, lasts, marks)
    moved_down = moved_up = 0
    for hour, rows in groupby(range(len(times)), key=lambda row: times[row] // HOUR):
        group = list(rows)
        points = made.points[group].ravel().tolist()
        path = [last for row in group for last in lasts[row]]
        if hour not in marks:
            assert points == path
            continue
        low, high = marks[hour]
        clipped = [min(max(last, low), high) for last in path]
        assert (min(points), max(points)) == (low, high)
        changed = [(old, new) for old, new in zip(clipped, points, strict=True) if old != new]
        expected = ([(min(clipped), low)] if min(clipped) > low else []) + (
            [(max(clipped), high)] if max(clipped) < high else []
        )
        assert sorted(changed) == sorted(expected)
        moved_down += min(clipped) > low
        moved_up += max(clipped) < high
    assert (made.forced_low, made.forced_high) == (moved_down, moved_up)
