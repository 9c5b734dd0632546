from pathlib import Path

import numpy as np
import pytest

from bot.lab.store.worst import MINUTE_MS, WINDOWS_MS, can_tell, worst_windows
from bot.lab.tapes import read_tape
from tests.building.tapes import START_MS, a_tape

FIVE, FIFTEEN, HOUR = WINDOWS_MS


def flat(count: int, price: int = 1000) -> list[tuple[int, int, int, int]]:
    return [(price, price, price, price)] * count


def test_a_fall_goes_from_the_open_of_its_first_bar_to_its_lowest_low() -> None:
    bars = [*flat(30), (1000, 1010, 900, 950), (950, 960, 800, 900), *flat(30, 900)]
    (window,) = worst_windows(a_tape(bars), FIVE, 1)
    assert window.drop == pytest.approx(0.2)
    assert (window.start_price, window.low_price) == (100.0, 80.0)
    # The earliest of the windows that reach the low: five minutes before the end of its bar.
    assert window.start_ms == START_MS + 27 * MINUTE_MS
    assert window.low_ms == START_MS + 31 * MINUTE_MS


def test_windows_of_one_length_do_not_overlap_and_come_deepest_first() -> None:
    first = [*flat(20), (1000, 1000, 900, 1000), *flat(20), (1000, 1000, 700, 1000), *flat(20)]
    windows = worst_windows(a_tape(first), FIFTEEN, 5)
    assert [round(window.drop, 9) for window in windows] == [0.3, 0.1]
    assert windows[0].start_ms >= windows[1].end_ms


def test_a_window_does_not_reach_across_a_gap() -> None:
    bars = [*flat(3), *flat(3, 500)]
    hour_later = [START_MS + at * MINUTE_MS + (HOUR if at > 2 else 0) for at in range(6)]
    assert worst_windows(a_tape(bars, times=hour_later), FIVE, 3) == []


def test_a_rise_is_no_crash() -> None:
    assert (
        worst_windows(a_tape([(1000 + at, 1010 + at, 1000 + at, 1010 + at) for at in range(20)]), FIVE, 3)
        == []
    )


def test_bars_that_are_too_long_tell_nothing() -> None:
    tape = a_tape(flat(3), interval_ms=HOUR)
    assert [can_tell(tape, length) for length in WINDOWS_MS] == [False, False, True]


def test_the_search_finds_what_looking_at_every_window_finds() -> None:
    steps = np.random.default_rng(7).integers(-9, 10, size=400).cumsum() + 3000
    bars = [(int(p), int(p) + 4, int(p) - 4, int(p)) for p in steps]
    for length_ms in WINDOWS_MS:
        count = length_ms // MINUTE_MS
        drops = [
            1 - min(low for _, _, low, _ in bars[at : at + count]) / bars[at][0] for at in range(len(bars))
        ]
        (window,) = worst_windows(a_tape(bars), length_ms, 1)
        assert window.drop == pytest.approx(max(drops))
        assert window.start_ms == START_MS + drops.index(max(drops)) * MINUTE_MS


def test_recorded_crashes_are_as_deep_as_they_were_measured(shared: Path) -> None:
    # Measured apart from this code: BitMEX, 12 March 2020, 16.1, 21.0 and 26.7 percent.
    tape = read_tape(
        shared / "data" / "crashes" / "2020-03-12_covid" / "XBT_bitmex_perp_1m.csv.gz", symbol_map={}
    )
    found = [worst_windows(tape, length_ms, 1)[0].drop for length_ms in WINDOWS_MS]
    assert found == pytest.approx([0.161, 0.210, 0.267], abs=0.0005)
