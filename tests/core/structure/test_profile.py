"""The volume profile. Rows of ten per cent: 1 to 1.1, to 1.21, to 1.331."""

import pytest

from bot.core.structure import Nodes, Zone
from bot.core.structure.profile import ProfileSeries
from tests.building.core import D
from tests.core.structure.bars import HOUR, bars, fed

LOW, MIDDLE, HIGH = ("1", "1.05"), ("1.15", "1.2"), ("1.25", "1.3")
ROW = Zone(D("1.1"), D("1.21"))


def a_profile(length: int = 3, factor: str = "1.5") -> ProfileSeries:
    return ProfileSeries(Nodes(HOUR, length, D("0.1"), D(factor)))


def test_a_node_is_a_row_with_so_much_more_than_the_mean() -> None:
    # 72 in three rows are 24 each on average, and one and a half times that is 36.
    assert fed(a_profile(), bars(LOW, MIDDLE, HIGH, volumes=["24", "36", "12"])).value == (ROW,)
    assert fed(a_profile(), bars(LOW, MIDDLE, HIGH, volumes=["24", "35", "13"])).value == ()


def test_it_is_no_less_than_its_neighbours() -> None:
    # A mean of 24: with a factor of 1 two rows have enough, and they are neighbours.
    assert fed(a_profile(factor="1"), bars(LOW, MIDDLE, HIGH, volumes=["30", "36", "6"])).value == (ROW,)


def test_a_bar_is_spread_over_its_range() -> None:
    # 20 from 1.05 to 1.15 are 10 in each row: 10, 46 and 10.
    closed = bars(("1.05", "1.15"), MIDDLE, HIGH, volumes=["20", "36", "10"])
    assert fed(a_profile(factor="2"), closed).value == (ROW,)


def test_there_is_none_before_it_is_full_and_what_leaves_is_forgotten() -> None:
    series = fed(a_profile(length=2), bars(MIDDLE, volumes=["90"]))
    assert series.value is None
    assert fed(series, bars(LOW, volumes=["9"])).value == (ROW,)
    assert fed(series, bars(LOW, volumes=["8"])).value == ()


@pytest.mark.parametrize("volumes", [(None, None, None, None), ("1", "90", "1", None)])
def test_where_a_volume_is_not_told_all_bars_count_alike(volumes: tuple[str | None, ...]) -> None:
    # Two of four bars in one of three rows: a mean of 4/3, and one and a half times that is 2.
    closed = bars(LOW, HIGH, MIDDLE, MIDDLE, volumes=volumes)
    assert fed(a_profile(length=4), closed).value == (ROW,)


def test_a_bar_nothing_was_traded_in_is_told_all_the_same() -> None:
    closed = bars(LOW, MIDDLE, HIGH, volumes=["0", "36", "12"])
    assert fed(a_profile(), closed).value == (ROW,)


def test_a_bar_over_the_whole_world_is_put_where_it_closed() -> None:
    closed = bars(("1.1", "1.15"), ("0.0000000000000000001", "1.15"), volumes=["1", "5"])
    assert fed(a_profile(length=2, factor="1"), closed).value == (ROW,)
