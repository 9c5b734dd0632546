"""From files to exact integers."""

import gzip
import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.lab.tapes import Tape, TapeError, TapeKind, read_tape, to_price
from bot.lab.tapes.cells import CellError, common_ticks, float_column, integer_column, text_column
from bot.lab.tapes.parquetfile import Pyarrow, read_parquet

WriteTape = Callable[..., Path]


def prices(tape: Tape, name: str) -> list[Decimal]:
    return [to_price(ticks, tape.exponent) for ticks in getattr(tape, name).tolist()]


def text_values(cells: list[str]) -> list[Decimal]:
    """The cells as the reader sees them: one after the other in a buffer."""
    lengths = np.array([len(cell) for cell in cells], dtype=np.int32)
    starts = (np.cumsum(lengths) - lengths).astype(np.int32)
    body = np.frombuffer("".join(cells).encode() + b"\0" * 32, dtype=np.uint8)
    column = text_column(body, starts, lengths)
    return [column.value(row) for row in range(len(cells))]


@st.composite
def number_texts(draw: st.DrawFn) -> str:
    whole = draw(st.text("0123456789", min_size=0, max_size=20))
    fraction = draw(st.text("0123456789", min_size=0 if whole else 1, max_size=20))
    point = "." if fraction or draw(st.booleans()) else ""
    sign = draw(st.sampled_from(["", "", "", "-", "+"]))
    power = draw(st.sampled_from(["", "", "", "e-5", "E3", "e+07"]))
    return f"{sign}{whole}{point}{fraction}{power}"


@given(st.lists(number_texts(), min_size=1, max_size=30))
def test_text_is_read_exactly_as_decimal_reads_it(cells: list[str]) -> None:
    assert text_values(cells) == [Decimal(cell) for cell in cells]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_double_stands_for_its_shortest_decimal(values: list[float]) -> None:
    column = float_column(np.array(values))
    assert [column.value(row) for row in range(len(values))] == [Decimal(repr(value)) for value in values]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.integers(0, 6))
def test_decimals_written_as_doubles_come_back(ticks: list[int], exponent: int) -> None:
    wanted = [Decimal(tick).scaleb(-exponent) for tick in ticks]
    column = float_column(np.array([float(value) for value in wanted]))
    assert [column.value(row) for row in range(len(ticks))] == wanted


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_single_stands_for_a_decimal_no_longer_than_needed_that_reads_back(values: list[float]) -> None:
    singles = np.array(values, dtype=np.float32)
    column = float_column(singles)
    for row, single in enumerate(singles):
        value = column.value(row)
        assert np.float32(str(value)) == single
        assert len(value.normalize().as_tuple().digits) <= len(
            Decimal(str(single)).normalize().as_tuple().digits
        )


@given(st.lists(st.integers(-(10**18), 2**63 - 1), min_size=1, max_size=20))
def test_whole_numbers_stay_what_they_are(values: list[int]) -> None:
    column = integer_column(np.array(values, dtype=np.int64))
    assert [column.value(row) for row in range(len(values))] == [Decimal(value) for value in values]


@given(st.lists(st.decimals("0.000001", "999999", places=6), min_size=1, max_size=20))
def test_ticks_of_one_exponent_hold_every_price_exactly(values: list[Decimal]) -> None:
    lengths = np.array([len(str(value)) for value in values], dtype=np.int32)
    starts = (np.cumsum(lengths) - lengths).astype(np.int32)
    body = np.frombuffer("".join(map(str, values)).encode() + b"\0" * 32, dtype=np.uint8)
    (ticks,), exponent, rounded = common_ticks([text_column(body, starts, lengths)])
    assert not rounded
    assert [Decimal(tick).scaleb(-exponent) for tick in ticks.tolist()] == values


@pytest.mark.parametrize(
    "cell", ["", " ", "abc", "nan", "NaN", "inf", "-Infinity", "1_000", "1.2.3", ".", "0x10", "1e", "\uff11"]
)
def test_a_cell_that_is_no_number_is_refused_with_its_row(cell: str) -> None:
    raw = cell.encode()
    body = np.frombuffer(b"12" + raw + b"\0" * 32, dtype=np.uint8)
    starts, lengths = np.array([0, 2], dtype=np.int32), np.array([2, len(raw)], dtype=np.int32)
    with pytest.raises(CellError) as caught:
        text_column(body, starts, lengths)
    assert caught.value.row == 1


def test_bars_become_integers_with_the_most_decimals_used(write_tape: WriteTape) -> None:
    path = write_tape("0,100,101.25,99.5,100.5", "60000,100.5,102,100,101")
    tape = read_tape(path, symbol_map={})
    assert (tape.exponent, tape.interval_ms, tape.kind, tape.symbol) == (
        2,
        60_000,
        TapeKind.TRADED,
        "BTC/USDT:USDT",
    )
    assert tape.times.tolist() == [0, 60_000]
    assert tape.open.tolist() == [10_000, 10_050]
    assert tape.high.tolist() == [10_125, 10_200]
    assert tape.low.tolist() == [9_950, 10_000]
    assert tape.close.tolist() == [10_050, 10_100]
    assert tape.volume is None


def test_trailing_zeros_make_no_decimals(write_tape: WriteTape) -> None:
    tape = read_tape(write_tape("0,1.50,1.70,1.20,1.50"), symbol_map={})
    assert (tape.exponent, tape.open.tolist()) == (1, [15])


def test_columns_may_stand_in_any_order_beside_others(write_tape: WriteTape) -> None:
    path = write_tape(
        "x,5,100,1,7,101,99,0",
        header="note,volume,open,trades,taker, High,low,ts_ms".replace("taker", "close"),
    )
    with pytest.raises(TapeError, match="close is outside"):
        read_tape(path, symbol_map={})
    path = write_tape("x,5,100,1,100,101,99,0", header="note,volume,open,trades,close, High,low,ts_ms")
    tape = read_tape(path, symbol_map={})
    assert (
        tape.high.tolist(),
        tape.low.tolist(),
        tape.volume.tolist() if tape.volume is not None else None,
    ) == ([101], [99], [5.0])


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_at_the_end_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv"
    path.write_bytes(b"\xef\xbb\xbfts_ms,open,high,low,close\r\n0,1,2,1,2\r\n60000,2,3,2,3\r\n\r\n\r\n")
    assert read_tape(path, symbol_map={}).close.tolist() == [2, 3]


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv"
    path.write_bytes(b"ts_ms,open,high,low,close\n0,1,2,1,2\n60000,2,3,2,3")
    assert len(read_tape(path, symbol_map={})) == 2


def test_more_decimals_than_can_be_kept_are_rounded_and_said(write_tape: WriteTape) -> None:
    path = write_tape("0,0.1234567890123,0.1234567890125,0.1234567890115,0.1234567890125")
    tape = read_tape(path, symbol_map={})
    assert tape.exponent == 12
    assert tape.open.tolist() == [123_456_789_012]
    assert tape.high.tolist() == [123_456_789_012]
    assert any("rounded to 12" in sentence for sentence in tape.assumptions)


def test_large_prices_keep_fewer_decimals_and_that_is_said(write_tape: WriteTape) -> None:
    path = write_tape("0,123456789.0123456789,123456790,123456789,123456789.5")
    tape = read_tape(path, symbol_map={})
    assert tape.exponent == 9
    assert prices(tape, "open") == [Decimal("123456789.012345679")]
    assert any("rounded to 9" in sentence for sentence in tape.assumptions)


def test_funding_is_read_as_exact_fractions(write_tape: WriteTape) -> None:
    path = write_tape(
        "0,0.0001", "28800000,-4.946e-05", "57600000,0", name="BTC_binance_funding.csv", header="ts_ms,rate"
    )
    tape = read_tape(path, symbol_map={})
    assert (tape.kind, tape.interval_ms) == (TapeKind.FUNDING, 28_800_000)
    assert tape.rates == (Decimal("0.0001"), Decimal("-0.00004946"), Decimal(0))
    assert tape.times.tolist() == [0, 28_800_000, 57_600_000]


def test_a_mapped_file_with_a_rate_is_funding(write_tape: WriteTape) -> None:
    path = write_tape("0,0.0001", name="f.csv", header="ts_ms,rate")
    assert read_tape(path, symbol_map={"f.csv": "BTC/USDT:USDT"}).kind is TapeKind.FUNDING


def test_open_interest_is_read_as_it_is_written(write_tape: WriteTape) -> None:
    lines = ("0,85123.5", "300000,84000")
    path = write_tape(*lines, name="BTC_binance_interest_5m.csv", header="ts_ms,quantity")
    tape = read_tape(path, symbol_map={})
    assert (tape.kind, tape.interval_ms, tape.rates) == (TapeKind.INTEREST, 300_000, ())
    assert tape.interest == (Decimal("85123.5"), Decimal(84000))
    mapped = write_tape(*lines, name="i.csv", header="ts_ms,quantity")
    assert read_tape(mapped, symbol_map={"i.csv": "BTC/USDT:USDT"}).kind is TapeKind.INTEREST


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_open_interest_of_nothing_is_refused_with_its_line(write_tape: WriteTape, quantity: str) -> None:
    name, header = "BTC_binance_interest_5m.csv", "ts_ms,quantity"
    path = write_tape("0,1", f"300000,{quantity}", name=name, header=header)
    with pytest.raises(TapeError, match=rf"csv:3: the open interest {quantity} is not above 0"):
        read_tape(path, symbol_map={})


def test_an_interval_not_named_is_the_most_common_step(write_tape: WriteTape) -> None:
    path = write_tape(
        *(f"{at},1,1,1,1" for at in (0, 300_000, 600_000, 1_500_000)), name="BTC_binance_perp.csv"
    )
    assert read_tape(path, symbol_map={}).interval_ms == 300_000


def test_gzip_is_told_by_its_bytes_and_the_digest_is_that_of_the_text(
    write_tape: WriteTape, tmp_path: Path
) -> None:
    plain = write_tape("0,1,2,1,2")
    packed = tmp_path / "ETH_binance_perp_1m.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = read_tape(plain, symbol_map={}), read_tape(packed, symbol_map={})
    assert one.sha256 == other.sha256 == hashlib.sha256(plain.read_bytes()).hexdigest()


def test_opens_of_bitmex_are_moved_into_their_bar_and_counted(write_tape: WriteTape) -> None:
    path = write_tape("0,5,12,10,11", "60000,11,12,10,11", name="XBT_bitmex_perp_1m.csv")
    tape = read_tape(path, symbol_map={})
    assert tape.open.tolist() == [10, 11]
    assert any("1 opens" in sentence for sentence in tape.assumptions)


def write_parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.string(), pa.decimal128(12, 4)])
def test_parquet_gives_the_same_tape_as_text(
    tmp_path: Path, write_tape: WriteTape, kind: pa.DataType
) -> None:
    rows = [("0", "58750.5", "58751", "58750", "58750.5"), ("60000", "58750.5", "58799.5", "58750", "58760")]
    columns = {"ts_ms": pa.array([0, 60_000])}
    for at, name in enumerate(("open", "high", "low", "close"), start=1):
        values = [Decimal(row[at]) for row in rows]
        columns[name] = pa.array([str(v) for v in values] if kind == pa.string() else values).cast(kind)
    tape = read_tape(write_parquet(tmp_path / "BTC_x_perp_1m.parquet", **columns), symbol_map={})
    same = read_tape(write_tape(*(",".join(row) for row in rows)), symbol_map={})
    assert tape.exponent == same.exponent == 1
    for name in ("times", "open", "high", "low", "close"):
        assert getattr(tape, name).tolist() == getattr(same, name).tolist()


def test_parquet_volume_and_funding_are_read(tmp_path: Path) -> None:
    flat = {name: [1.5] for name in ("open", "high", "low", "close")}
    bars = write_parquet(
        tmp_path / "BTC_x_perp_1m.parquet", ts_ms=[0], volume=pa.array([2.5], pa.float32()), **flat
    )
    volume = read_tape(bars, symbol_map={}).volume
    assert volume is not None
    assert volume.tolist() == [2.5]
    funding = write_parquet(tmp_path / "BTC_x_funding.parquet", ts_ms=[0, 1], rate=[0.0001, -0.00020527])
    assert read_tape(funding, symbol_map={}).rates == (Decimal("0.0001"), Decimal("-0.00020527"))


def test_without_pyarrow_the_error_names_the_extra(tmp_path: Path) -> None:
    def load() -> Pyarrow:
        raise ImportError

    with pytest.raises(TapeError, match=r'pip install "holdfast\[parquet\]"'):
        read_parquet(tmp_path / "a.parquet", b"PAR1", load)
