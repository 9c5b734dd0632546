"""What is said about tapes, and which belong together."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.lab.tapes import (
    Gap,
    Quality,
    Tape,
    TapeError,
    TapeKind,
    gaps,
    group,
    quality,
    quality_sentences,
    read_tape,
)

MakeTape = Callable[..., Tape]
WriteTape = Callable[..., Path]
MINUTE = 60_000
HOUR = 3_600_000
FLAT = (1, 1, 1, 1)


def test_a_gap_runs_from_where_a_bar_was_due_to_where_one_came(make_tape: MakeTape) -> None:
    tape = make_tape([FLAT] * 4, [0, MINUTE, 5 * MINUTE, 6 * MINUTE])
    assert gaps(tape) == (Gap(start_ms=2 * MINUTE, end_ms=5 * MINUTE),)
    assert len(tape) == 4


def test_a_late_bar_is_a_gap_however_short(make_tape: MakeTape) -> None:
    assert gaps(make_tape([FLAT] * 2, [0, MINUTE + 1])) == (Gap(start_ms=MINUTE, end_ms=MINUTE + 1),)


def test_bars_in_a_row_have_no_gap(make_tape: MakeTape) -> None:
    assert gaps(make_tape([FLAT] * 3)) == ()


def test_the_report_counts_bars_gaps_and_bars_without_volume(write_tape: WriteTape) -> None:
    header = "ts_ms,open,high,low,close,volume"
    tape = read_tape(
        write_tape("0,1,1,1,1,5", "60000,1,1,1,1,0", "9000000,1,1,1,1,0", header=header), symbol_map={}
    )
    report = quality(tape)
    gap = Gap(start_ms=2 * MINUTE, end_ms=9_000_000)
    assert report == Quality(bars=3, first_ms=0, last_ms=9_000_000, gaps=(gap,), zero_volume=2)
    assert report.missing_ms == 148 * MINUTE
    assert quality_sentences(tape) == (
        "BTC_binance_perp_1m.csv: 3 bars of 1m, 1970-01-01 00:00Z to 1970-01-01 02:30Z",
        (
            "BTC_binance_perp_1m.csv: 1 gap of 2 h 28 min in all, the longest from 1970-01-01 00:02Z to "
            "1970-01-01 02:30Z; nothing is filled in, a gap is silence"
        ),
        "BTC_binance_perp_1m.csv: 2 bars without volume: nobody traded, or a price was filled in",
    )


def test_tapes_are_put_together_by_symbol_in_the_order_of_their_names(make_tape: MakeTape) -> None:
    eth = make_tape([FLAT], symbol="ETH/USDT:USDT")
    traded = make_tape([FLAT])
    mark = make_tape([FLAT], kind=TapeKind.MARK, interval_ms=HOUR)
    funding = make_tape([FLAT], kind=TapeKind.FUNDING)
    first, second = group([eth, funding, mark, traded])
    assert (first.symbol, second.symbol) == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert (first.traded, first.mark, first.funding) == (traded, mark, funding)
    assert first.tapes == (traded, mark, funding)
    assert (second.traded, second.mark, second.funding) == (eth, None, None)
    assert any("no funding is paid" in sentence for sentence in second.assumptions)
    assert not any("no funding is paid" in sentence for sentence in first.assumptions)


@pytest.mark.parametrize("kind", TapeKind)
def test_two_tapes_for_one_place_are_an_error_naming_both(make_tape: MakeTape, kind: TapeKind) -> None:
    one, other = make_tape([FLAT], kind=kind, name="one.csv"), make_tape([FLAT], kind=kind, name="other.csv")
    with pytest.raises(
        TapeError, match=rf"other\.csv: a second {kind.value} tape for BTC/USDT:USDT, beside one\.csv"
    ):
        group([one, other])


def test_perp_and_spot_of_one_symbol_compete(write_tape: WriteTape) -> None:
    spot = read_tape(write_tape("0,1,1,1,1", name="BTC_binance_spot_1h.csv"), symbol_map={})
    perp = read_tape(write_tape("0,1,1,1,1"), symbol_map={})
    with pytest.raises(TapeError, match="a second traded tape"):
        group([perp, spot])


def test_funding_alone_is_an_error(make_tape: MakeTape) -> None:
    with pytest.raises(
        TapeError, match=r"f\.csv: a tape of funding for BTC/USDT:USDT, which has no price tape"
    ):
        group([make_tape([FLAT], kind=TapeKind.FUNDING, name="f.csv")])


def test_trades_coarser_than_the_mark_are_an_error_naming_both(make_tape: MakeTape) -> None:
    traded = make_tape([FLAT], interval_ms=HOUR, name="t.csv")
    mark = make_tape([FLAT], kind=TapeKind.MARK, name="m.csv")
    with pytest.raises(TapeError, match=r"t\.csv: bars of 1h, coarser than the mark bars of 1m in m\.csv"):
        group([traded, mark])


def test_funding_of_another_time_is_said(make_tape: MakeTape) -> None:
    funding = make_tape([FLAT], [9 * HOUR], kind=TapeKind.FUNDING, name="f.csv")
    (symbol,) = group([make_tape([FLAT]), funding])
    assert "f.csv has no rate within the bars: no funding is paid but what is staged" in symbol.assumptions


def test_no_tapes_are_no_symbols() -> None:
    assert group([]) == ()
