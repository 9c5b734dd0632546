"""What lies beside the chosen cell."""

from bot.lab.sweep.axes import Axis, Value
from bot.lab.sweep.grid import Cell, full_grid
from bot.lab.sweep.judging import Figures
from bot.lab.sweep.stability import Stability, neighbours, stability
from tests.building.sweeps import a_range, an_axis, cells_of, figures_of

BELOW = an_axis(1, 2, 3, name="top_up.below")
TIMEFRAME = an_axis("15m", "1h", "4h", name="atr_stop.timeframe")
GRID = full_grid([BELOW, TIMEFRAME])
# 1 2 3
# 4 5 6
# 7 8 9


def seen(chosen: int, axes: list[Axis], cells: tuple[Cell, ...], **survived: int) -> Stability:
    known: dict[int, Figures] = {
        cell.number: figures_of(cell.number, survived=survived.get(f"cell{cell.number}", 10))
        for cell in cells
    }
    return stability(known[chosen], axes, cells, known)


def test_neighbours_are_one_step_away_on_one_axis() -> None:
    assert [each.cell for each in seen(5, [BELOW, TIMEFRAME], GRID).neighbours] == [2, 8, 4, 6]
    assert [each.cell for each in seen(3, [BELOW, TIMEFRAME], GRID).neighbours] == [6, 2]


def test_a_cell_that_cannot_be_is_stepped_over() -> None:
    cells = tuple(cell for cell in GRID if cell.number != 2)
    assert [each.cell for each in seen(1, [BELOW, TIMEFRAME], cells).neighbours] == [4, 3]


def test_cells_drawn_at_random_have_the_nearest_for_neighbours() -> None:
    places = {1: (0.5, 0.5), 2: (0.6, 0.6), 3: (0.1, 0.9), 4: (0.4, 0.45), 5: (0.9, 0.1), 6: (0.52, 0.8)}
    # Squared distances: 2 is 0.02 away, 3 is 0.32, 4 is 0.0125, 5 is 0.32, 6 is 0.0904.
    assert neighbours(1, places) == (4, 2, 6, 3)


def test_on_one_axis_drawn_cells_have_one_on_either_side() -> None:
    values: list[tuple[Value, ...]] = [(7,), (1,), (5,), (9,)]
    assert [each.cell for each in seen(1, [a_range("0", "10")], cells_of(*values)).neighbours] == [3, 4]


def test_a_cell_stands_firm_among_cells_that_survive_about_as_many() -> None:
    assert seen(5, [BELOW, TIMEFRAME], GRID, cell2=9).stable
    assert not seen(5, [BELOW, TIMEFRAME], GRID, cell2=8).stable
    # What is not beside it does not shake it.
    assert seen(5, [BELOW, TIMEFRAME], GRID, cell1=0).stable


def test_a_cell_at_the_end_of_numbers_says_so() -> None:
    assert seen(5, [BELOW, TIMEFRAME], GRID).at_the_end == ()
    assert seen(2, [BELOW, TIMEFRAME], GRID).at_the_end == ("top_up.below",)
    # Nothing lies beyond a word.
    assert seen(4, [BELOW, TIMEFRAME], GRID).at_the_end == ()


def test_an_only_cell_has_no_neighbours() -> None:
    lonely = seen(1, [an_axis(1)], cells_of((1,)))
    assert lonely.neighbours == ()
    assert lonely.at_the_end == ()
