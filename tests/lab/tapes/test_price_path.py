"""Four points for each bar, whatever anybody's position is."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.tapes import PathOrder, PricePath, Tape, TapeError, TapeKind, group, price_path

MakeTape = Callable[..., Tape]
Bar = tuple[int, int, int, int]
HOUR = 3_600_000


@st.composite
def bars(draw: st.DrawFn, low: int = 1, high: int = 60) -> Bar:
    bottom, top = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    return draw(st.integers(bottom, top)), top, bottom, draw(st.integers(bottom, top))


def path_of(*tapes: Tape, order: PathOrder = PathOrder.NEAREST) -> PricePath:
    (symbol,) = group(tapes)
    return price_path(symbol, order=order)


def lasts(path: PricePath, at: int) -> list[int]:
    return [last for _, last, _ in path.bar(at)]


@pytest.mark.parametrize(
    ("bar", "nearest", "worst"),
    [
        ((100, 110, 95, 105), [100, 95, 110, 105], [100, 110, 95, 105]),
        ((100, 103, 90, 95), [100, 103, 90, 95], [100, 90, 103, 95]),
        ((100, 105, 95, 100), [100, 95, 105, 100], [100, 105, 95, 100]),
        ((100, 100, 100, 100), [100, 100, 100, 100], [100, 100, 100, 100]),
    ],
)
def test_the_extreme_nearer_the_open_comes_first_and_worst_swaps_them(
    make_tape: MakeTape, bar: Bar, nearest: list[int], worst: list[int]
) -> None:
    tape = make_tape([bar])
    assert lasts(path_of(tape), 0) == nearest
    assert lasts(path_of(tape, order=PathOrder.WORST), 0) == worst


@pytest.mark.parametrize(
    ("interval_ms", "offsets"),
    [(60_000, [0, 20_000, 40_000, 59_999]), (1_000, [0, 333, 666, 999]), (4, [0, 1, 2, 3])],
)
def test_points_stand_at_thirds_and_at_the_last_millisecond(
    make_tape: MakeTape, interval_ms: int, offsets: list[int]
) -> None:
    path = path_of(make_tape([(1, 1, 1, 1)], [7 * interval_ms], interval_ms=interval_ms))
    assert [at_ms - 7 * interval_ms for at_ms, _, _ in path.bar(0)] == offsets


@given(st.lists(bars(), min_size=1, max_size=20), st.sampled_from(PathOrder))
def test_points_lie_in_their_bar_and_touch_all_four_prices(
    make_tape: MakeTape, drawn: list[Bar], order: PathOrder
) -> None:
    points = path_of(make_tape(drawn), order=order).points()
    for row, (opened, high, low, closed) in enumerate(drawn):
        last = points.last[row].tolist()
        assert (last[0], last[3]) == (opened, closed)
        assert sorted(last[1:3]) == [low, high]
        assert (np.diff(points.times[row]) > 0).all()
    assert (np.diff(points.times.ravel()) > 0).all()


@given(st.lists(bars(25, 40), min_size=1, max_size=20), st.sampled_from(PathOrder), st.booleans(), st.data())
def test_one_bar_and_a_block_of_bars_give_the_same_points(
    make_tape: MakeTape, drawn: list[Bar], order: PathOrder, marked: bool, data: st.DataObject
) -> None:
    tapes = [make_tape(drawn)]
    if marked:
        tapes.append(make_tape([data.draw(bars(25, 40))], interval_ms=HOUR, kind=TapeKind.MARK))
    path = path_of(*tapes, order=order)
    start = data.draw(st.integers(0, len(path) - 1))
    stop = data.draw(st.integers(start + 1, len(path)))
    block = path.points(start, stop)
    for row in range(stop - start):
        rows = zip(block.times[row].tolist(), block.last[row].tolist(), block.mark[row].tolist(), strict=True)
        assert list(path.bar(start + row)) == list(rows)


def test_without_a_mark_tape_the_mark_is_the_traded_price_and_that_is_said(make_tape: MakeTape) -> None:
    path = path_of(make_tape([(10, 12, 9, 11)]))
    assert [mark for _, _, mark in path.bar(0)] == [10, 9, 12, 11]
    assert (path.mark_low.tolist(), path.mark_high.tolist()) == ([9], [12])
    assert any("no mark tape" in sentence for sentence in path.assumptions)
    assert any("the extreme nearer to the open" in sentence for sentence in path.assumptions)


def test_a_lone_mark_tape_is_traded_at_too_and_that_is_said(make_tape: MakeTape) -> None:
    path = path_of(make_tape([(10, 12, 9, 11)], kind=TapeKind.MARK))
    assert path.bar(0) == ((0, 10, 10), (20_000, 9, 9), (40_000, 12, 12), (59_999, 11, 11))
    assert any("orders fill at the mark" in sentence for sentence in path.assumptions)
    assert not any("no mark tape" in sentence for sentence in path.assumptions)


def test_trades_and_marks_of_different_decimals_share_one_exponent(make_tape: MakeTape) -> None:
    traded = make_tape([(100, 120, 90, 110)], exponent=1)
    mark = make_tape([(10_000, 11_500, 9_500, 11_000)], exponent=3, interval_ms=HOUR, kind=TapeKind.MARK)
    path = path_of(traded, mark)
    assert path.exponent == 3
    assert path.bar(0) == (
        (0, 10_000, 10_000),
        (20_000, 9_000, 9_500),
        (40_000, 12_000, 11_500),
        (59_999, 11_000, 11_000),
    )
    assert (path.last_low.tolist(), path.last_high.tolist()) == ([9_000], [12_000])
    assert (path.mark_low.tolist(), path.mark_high.tolist()) == ([9_500], [11_500])


def test_bars_without_a_mark_bar_are_counted(make_tape: MakeTape) -> None:
    traded = make_tape([(10, 12, 9, 11)] * 3, [0, HOUR, 2 * HOUR])
    mark = make_tape([(10, 11, 10, 10)], [HOUR], interval_ms=HOUR, kind=TapeKind.MARK)
    path = path_of(traded, mark)
    assert path.points().mark.tolist() == [[10, 9, 12, 11], [10, 10, 11, 11], [10, 9, 12, 11]]
    assert any("2 traded bars have no mark bar" in sentence for sentence in path.assumptions)


def test_marks_of_another_contract_are_refused(make_tape: MakeTape) -> None:
    traded = make_tape([(100, 120, 90, 110)])
    mark = make_tape([(10, 12, 9, 11)], interval_ms=HOUR, kind=TapeKind.MARK, name="mark.csv")
    with pytest.raises(TapeError, match=r"mark\.csv: the mark prices are 0\.1 times the traded prices"):
        path_of(traded, mark)


def test_prices_that_do_not_fit_in_one_exponent_are_refused(make_tape: MakeTape) -> None:
    traded = make_tape([(10**17,) * 4])
    mark = make_tape([(10**17,) * 4], exponent=2, interval_ms=HOUR, kind=TapeKind.MARK)
    with pytest.raises(TapeError, match="do not fit into 64 bits"):
        path_of(traded, mark)
