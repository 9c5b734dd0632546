"""From tapes to moves, and what cannot be drawn from."""

from math import log

import pytest

from bot.lab.montecarlo.errors import SourceError
from bot.lab.montecarlo.history import join
from bot.lab.tapes import group
from tests.building.contracts import BTC
from tests.building.core import D
from tests.building.tapes import MINUTE_MS, START_MS, Bar, a_tape
from tests.lab.montecarlo.sources import ETH

BARS: list[Bar] = [(1000, 1100, 900, 1050), (1060, 1070, 1000, 1000), (1000, 1000, 800, 900)]


def test_a_move_is_against_the_close_before() -> None:
    history = join(group([a_tape(BARS)]))
    assert history.symbols == (BTC,)
    second = history.moves[:, 0, 1]
    assert second == pytest.approx([log(1060 / 1050), log(1070 / 1050), log(1000 / 1050), log(1000 / 1050)])
    assert history.moves[:, 0, 0] == pytest.approx([0, log(1.1), log(0.9), log(1.05)])
    assert history.last == (D(90),)
    assert history.end_ms == START_MS + 3 * MINUTE_MS


def test_nobody_knows_how_far_a_price_went_in_a_gap() -> None:
    times = [START_MS, START_MS + MINUTE_MS, START_MS + 9 * MINUTE_MS]
    history = join(group([a_tape(BARS, times=times)]))
    # The bar behind the gap opens where the one before it closed, and falls by its own tenth.
    assert history.moves[:, 0, 2] == pytest.approx([0, 0, log(0.8), log(0.9)])


def test_several_tapes_are_drawn_from_where_all_have_a_bar() -> None:
    later = [START_MS + (n + 1) * MINUTE_MS for n in range(3)]
    history = join(group([a_tape(BARS), a_tape(BARS, ETH, times=later)]))
    assert history.moves.shape == (4, 2, 2)
    assert "only the 2 bars that all tapes have are drawn from, of up to 3" in history.assumptions
    # The third bar of the one is the second of the other.
    assert history.moves[3, :, 1] == pytest.approx([log(900 / 1000), log(1000 / 1050)])


def test_tapes_without_common_times_are_refused() -> None:
    never = [START_MS + (n + 100) * MINUTE_MS for n in range(3)]
    with pytest.raises(SourceError, match="have no bar in common"):
        join(group([a_tape(BARS), a_tape(BARS, ETH, times=never)]))


def test_bars_of_different_lengths_are_refused() -> None:
    with pytest.raises(SourceError, match="need bars of one length"):
        join(group([a_tape(BARS), a_tape(BARS, ETH, interval_ms=300_000)]))
