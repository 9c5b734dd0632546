"""Which cells a sweep has, and which of them can be."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import load
from bot.config.errors import ConfigError
from bot.config.settings import Settings
from bot.lab.sweep.axes import Listed
from bot.lab.sweep.errors import ParameterError
from bot.lab.sweep.grid import drawn, full_grid, possible
from bot.lab.sweep.parameters import parse_axes
from tests.building.sweeps import a_range, an_axis

PAPER = Path(__file__).resolve().parents[3] / "config" / "paper.toml"


@pytest.fixture(scope="module")
def paper() -> Settings:
    return load(PAPER, {})


lengths = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@given(lengths)
def test_a_grid_has_each_combination_once(lengths: list[int]) -> None:
    axes = [an_axis(*range(length), name=f"rule.p{at}") for at, length in enumerate(lengths)]
    cells = full_grid(axes)
    count = 1
    for length in lengths:
        count *= length
    assert [cell.number for cell in cells] == list(range(1, count + 1))
    assert len({cell.values for cell in cells}) == count
    assert all(
        value in range(length) for cell in cells for value, length in zip(cell.values, lengths, strict=True)
    )


def test_the_last_axis_is_the_fastest() -> None:
    cells = full_grid([an_axis(1, 2), an_axis("a", "b")])
    assert [cell.values for cell in cells] == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_a_grid_needs_numbers_of_values_and_not_too_many() -> None:
    with pytest.raises(ParameterError, match="how many values"):
        full_grid([a_range("0.1", "0.2")])
    with pytest.raises(ParameterError, match="1,000,000 cells"):
        full_grid([an_axis(*range(1000)), an_axis(*range(1000))])


@given(lengths=lengths, count=st.integers(1, 20), seed=st.integers(0, 5))
def test_drawn_cells_are_of_the_grid_and_all_different(lengths: list[int], count: int, seed: int) -> None:
    axes = [an_axis(*range(length), name=f"rule.p{at}") for at, length in enumerate(lengths)]
    cells = drawn(axes, count, seed)
    grid = {cell.values for cell in full_grid(axes)}
    assert {cell.values for cell in cells} <= grid
    assert len({cell.values for cell in cells}) == len(cells)
    assert len(cells) <= count
    assert [cell.number for cell in cells] == list(range(1, len(cells) + 1))


def test_a_seed_draws_the_same_and_more_of_it_the_same_first() -> None:
    axes = [a_range("0.05", "0.2"), an_axis("15m", "1h", "4h")]
    assert drawn(axes, 5, seed=3) == drawn(axes, 8, seed=3)[:5]
    assert drawn(axes, 5, seed=3) != drawn(axes, 5, seed=4)


def test_where_there_are_no_more_cells_all_are_drawn() -> None:
    assert {cell.values for cell in drawn([an_axis(1, 2, 3)], 50, seed=1)} == {(1,), (2,), (3,)}


def test_a_value_that_cannot_be_is_refused_as_the_configuration_refuses_it(paper: Settings) -> None:
    axes = parse_axes(paper, ("top_up.below=0.05,1.2",))
    with pytest.raises(ConfigError) as refused:
        possible(paper, axes, full_grid(axes))
    assert str(refused.value).startswith("top_up.below=1.2: rules[2].params.below: found 1.2; allowed:")


def test_values_that_cannot_meet_are_left_out(paper: Settings) -> None:
    axes = parse_axes(paper, ("top_up.below=0.05,0.07", "top_up.restore_to=0.06,0.08"))
    found = possible(paper, axes, full_grid(axes))
    assert [cell.values for cell in found.cells] == [
        (Decimal("0.05"), Decimal("0.06")),
        (Decimal("0.05"), Decimal("0.08")),
        (Decimal("0.07"), Decimal("0.08")),
    ]
    assert found.left_out == 1
    assert "restore_to 0.06 must be above below 0.07" in found.because


def test_where_no_cell_can_be_it_is_said_why(paper: Settings) -> None:
    axes = parse_axes(paper, ("top_up.below=0.5:0.8:3",))
    assert isinstance(axes[0].span, Listed)
    with pytest.raises(ConfigError, match=r"restore_to 0.09 must be above below 0.5"):
        possible(paper, axes, full_grid(axes))
