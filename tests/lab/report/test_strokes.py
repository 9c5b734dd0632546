"""Lines as SVG paths: read back by a reader of our own."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.lab.report.strokes import area, staircase, stroke

SPOTS = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 400)), min_size=1, max_size=30)


def walked(path: str) -> list[tuple[int, int]]:
    """Every corner of a path, absolute."""
    x = y = 0
    corners = []
    for letter, numbers in re.findall(r"([MlhvzH])([^MlhvzH]*)", path):
        found = [int(number) for number in re.findall(r"-?\d+", numbers)]
        steps = list(zip(found[::2], found[1::2], strict=True)) if letter in "Ml" else [(n, n) for n in found]
        for across, down in steps:
            if letter == "M":
                x, y = across, down
            else:
                x, y = x + across * (letter in "lh"), y + down * (letter in "lv")
            corners.append((x, y))
    return corners


def distinct(spots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [spot for at, spot in enumerate(spots) if at == 0 or spot != spots[at - 1]]


@given(SPOTS)
def test_a_stroke_goes_through_every_spot(spots: list[tuple[int, int]]) -> None:
    assert distinct(walked(stroke(spots))) == distinct(spots)


@given(SPOTS)
def test_a_staircase_goes_only_across_or_down_and_ends_where_the_line_does(
    spots: list[tuple[int, int]],
) -> None:
    spots = sorted(spots)
    corners = walked(staircase(spots))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))
    assert (corners[0], corners[-1]) == (spots[0], spots[-1])


def test_a_hole_lifts_the_pen() -> None:
    assert stroke([(0, 5), (4, 9), None, (8, 1), (9, 1)]) == "M0 5l4 4M8 1l1 0"


def test_a_staircase_holds_each_value_until_the_next() -> None:
    assert staircase([(0, 50), (10, 50), (20, 30), (40, 30)]) == "M0 50h20v-20h20"


def test_a_single_spot_is_a_dot() -> None:
    assert stroke([(3, 4)]) == "M3 4h0"


def test_an_area_goes_there_and_back() -> None:
    assert area([(0, 1), (5, 2)], [(0, 9), (5, 8)]) == "M0 1l5 1 0 6-5 1z"
