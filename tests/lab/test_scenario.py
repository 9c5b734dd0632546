from decimal import Decimal
from pathlib import Path

import numpy as np

from bot.lab.scenario import CALM_MINUTES, MINUTE_MS, MINUTES, flash_crash, write_csv
from bot.lab.tapes import Tape, read_tape, to_price


def share(tape: Tape, ticks: int) -> float:
    """How far a price is from the first one, as a fraction."""
    return ticks / int(tape.open[0]) - 1


def test_the_same_seed_gives_the_same_minutes() -> None:
    assert [tape.sha256 for tape in flash_crash(3)] == [tape.sha256 for tape in flash_crash(3)]
    assert [tape.sha256 for tape in flash_crash(3)] != [tape.sha256 for tape in flash_crash(4)]


def test_two_symbols_stand_side_by_side_minute_for_minute() -> None:
    bitcoin, ether = flash_crash()
    assert (bitcoin.symbol, ether.symbol) == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert np.array_equal(bitcoin.times, ether.times)
    assert len(bitcoin) == MINUTES
    assert set(np.diff(bitcoin.times).tolist()) == {MINUTE_MS}


def test_bars_are_sound() -> None:
    for seed in range(8):
        for tape in flash_crash(seed):
            assert (tape.low > 0).all()
            assert (tape.low <= np.minimum(tape.open, tape.close)).all()
            assert (tape.high >= np.maximum(tape.open, tape.close)).all()
            assert np.array_equal(tape.open[1:], tape.close[:-1])


def test_a_calm_day_is_followed_by_the_crash_and_a_rebound() -> None:
    for seed in range(8):
        for tape, fall in zip(flash_crash(seed), (-0.14, -0.20), strict=True):
            calm = tape.low[:CALM_MINUTES].min()
            lowest = int(tape.low.argmin())
            assert share(tape, int(calm)) > -0.03
            assert CALM_MINUTES < lowest <= CALM_MINUTES + 40
            assert fall - 0.02 < share(tape, int(tape.low.min())) < fall + 0.001
            assert share(tape, int(tape.close[-1])) > fall / 1.5


def test_a_tape_that_was_written_reads_back_the_same(tmp_path: Path) -> None:
    for tape in flash_crash():
        read = read_tape(write_csv(tape, tmp_path / "tapes"), symbol_map={})
        assert (read.symbol, read.interval_ms) == (tape.symbol, tape.interval_ms)
        for name in ("open", "high", "low", "close"):
            mine, other = getattr(tape, name), getattr(read, name)
            assert to_price(int(mine[7]), tape.exponent) == to_price(int(other[7]), read.exponent)
            assert Decimal(int(mine.sum())).scaleb(-tape.exponent) == Decimal(int(other.sum())).scaleb(
                -read.exponent
            )
