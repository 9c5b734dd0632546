"""The map of the first two parameters."""

from decimal import Decimal

from bot.lab.sweep.grid import full_grid
from bot.lab.sweep.heat import HeatMap, heat_map
from tests.building.sweeps import a_range, an_axis, cells_of, figures_of


def shares(drawn: HeatMap) -> list[list[str | None]]:
    return [[None if each is None else f"{each.part_survived:.2f}" for each in row] for row in drawn.rows]


def test_a_grid_is_shown_value_by_value() -> None:
    axes = [an_axis(1, 2), an_axis("a", "b")]
    cells = full_grid(axes)
    known = {number: figures_of(number, survived=number) for number in range(1, 5)}
    drawn = heat_map(cells[0], axes, cells[:3], known, sliced=True)
    assert (drawn.row_names, drawn.column_names) == (("1", "2"), ("a", "b"))
    assert shares(drawn) == [["0.10", "0.20"], ["0.30", None]]
    assert drawn.slice_at == ()


def test_other_parameters_are_as_in_the_chosen_cell() -> None:
    axes = [an_axis(1, 2), an_axis("a", "b"), an_axis(True, False, name="rule.third")]
    cells = full_grid(axes)
    known = {cell.number: figures_of(cell.number, survived=cell.number) for cell in cells}
    drawn = heat_map(cells[1], axes, cells, known, sliced=True)
    assert shares(drawn) == [["0.20", "0.40"], ["0.60", "0.80"]]
    assert drawn.slice_at == (("rule.third", "false"),)


def test_one_parameter_is_a_column() -> None:
    axes = [an_axis(1, 2, 3)]
    cells = full_grid(axes)
    known = {cell.number: figures_of(cell.number, survived=5) for cell in cells}
    drawn = heat_map(cells[0], axes, cells, known, sliced=True)
    assert shares(drawn) == [["0.50"], ["0.50"], ["0.50"]]
    assert drawn.across == ""


def test_many_values_share_fields_and_a_field_is_their_mean() -> None:
    axes = [a_range("0", "80")]
    cells = cells_of(*((value,) for value in range(1, 41)))
    known = {cell.number: figures_of(cell.number, survived=cell.number % 2, crashes=2) for cell in cells}
    drawn = heat_map(cells[0], axes, cells, known, sliced=False)
    # Eight fields of ten; beyond 40 lies nothing, and 40 itself begins the fifth.
    assert drawn.row_names == ("1..9", "10..19", "20..29", "30..39", "40..40")
    first = drawn.rows[0][0]
    assert first is not None
    assert first.cells == tuple(range(1, 10))
    # Of nine cells five have an odd number, each of them with one of two crashes survived.
    assert first.part_survived == Decimal("2.5") / 9
    assert first.cost_each == 50
