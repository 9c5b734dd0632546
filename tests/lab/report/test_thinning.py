"""Fewer points, the same extremes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.report.thinning import thinned

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


@given(VALUES, st.integers(1, 20))
def test_the_lowest_and_the_highest_value_stay_and_so_do_the_ends(values: list[float], buckets: int) -> None:
    x, y = np.arange(len(values), dtype=float), np.array(values)
    kept = thinned(x, y, 0, max(1, len(values) - 1), buckets)
    assert y[kept].min() == min(values)
    assert y[kept].max() == max(values)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    assert len(kept) <= max(2 * buckets, 2 * buckets + 2)
    assert (np.diff(kept) > 0).all()


def test_each_bucket_keeps_its_own_extremes() -> None:
    # Two buckets of five; the ends are kept besides.
    y = np.array([5.0, 9, 5, 1, 5, 5, 2, 7, 3, 5])
    assert thinned(np.arange(10.0), y, 0, 10, 2).tolist() == [0, 1, 3, 6, 7, 9]


def test_a_hole_stays_a_hole() -> None:
    y = np.array([1.0, 2, 3, np.nan, np.nan, np.nan, np.nan, 4, 5, 6, 7, 8])
    kept = thinned(np.arange(12.0), y, 0, 12, 3)
    assert np.isnan(y[kept]).any()


def test_few_points_are_all_kept() -> None:
    assert thinned(np.arange(4.0), np.array([1.0, 1, 1, 1]), 0, 3, 2).tolist() == [0, 1, 2, 3]
