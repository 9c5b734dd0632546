"""Every damaged tape ends in one clear line that names the file, the line and what to do."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.lab.tapes import TapeError, read_tape
from bot.lab.tapes.files import read_bytes

WriteTape = Callable[..., Path]
GOOD = "0,100,101,99,100"


def refusal(path: Path) -> TapeError:
    with pytest.raises(TapeError) as caught:
        read_tape(path, symbol_map={})
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("60000,nan,101,99,100", "'nan', which is no finite number, in column open"),
        ("60000,100,inf,99,100", "'inf', which is no finite number, in column high"),
        ("60000,100,101,,100", "an empty cell in column low"),
        ("60000,100,101,99,abc", "'abc', which is no finite number, in column close"),
        ("noon,100,101,99,100", "'noon', which is no finite number, in column ts_ms"),
        ("60000,100,101,0,100", "the low is zero or negative"),
        ("60000,-1,101,99,100", "the open is zero or negative"),
        ("60000,100,99,101,100", "the high is below the low"),
        ("60000,98,101,99,100", "the open is outside low and high"),
        ("60000,100,101,99,102", "the close is outside low and high"),
        ("0,100,101,99,100", "the time 0 is there twice"),
        ("-60000,100,101,99,100", "the time -60000 is no millisecond of this age"),
        ("60000.5,100,101,99,100", "the time 60000.5 is no whole millisecond"),
        ("1577836800000000,100,101,99,100", "the time 1577836800000000 is no millisecond of this age"),
        ("30000,100,101,99,100", "the bar opens 30000 ms after the one before, inside it: bars are 1m long"),
        ("60000,100,101,99", "4 cells where the header has 5 columns"),
        ("60000,100,101,99,100,7", "6 cells where the header has 5 columns"),
        ("", "1 cells where the header has 5 columns"),
    ],
)
def test_a_bad_line_is_named(write_tape: WriteTape, line: str, found: str) -> None:
    error = refusal(write_tape(GOOD, line, "120000,100,101,99,100"))
    assert (error.line, error.found) == (3, found)


def test_unsorted_times_are_refused(write_tape: WriteTape) -> None:
    error = refusal(write_tape("120000,1,1,1,1", "60000,1,1,1,1"))
    assert (error.line, error.found) == (3, "the time 60000 comes after 120000")
    assert "sort the lines" in error.remedy


def test_lines_that_make_up_for_each_other_are_still_ragged(write_tape: WriteTape) -> None:
    error = refusal(write_tape(GOOD, "60000,100,101,99", "120000,100,101,99,100,100"))
    assert (error.line, error.found) == (3, "4 cells where the header has 5 columns")


def test_a_tape_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv"
    path.write_bytes(b"ts_ms,open,high,low,close\n0,1,2,1,2\n60000,2,3,")
    assert refusal(path).line == 3


@pytest.mark.parametrize("volume", ["-1", "nan", ""])
def test_a_bad_volume_is_refused(write_tape: WriteTape, volume: str) -> None:
    error = refusal(
        write_tape(f"{GOOD},1", f"60000,1,1,1,1,{volume}", header="ts_ms,open,high,low,close,volume")
    )
    assert error.line == 3
    assert "volume" in error.found


@pytest.mark.parametrize("rate", ["1", "-1.5", "0.01%", "nan"])
def test_a_bad_funding_rate_is_refused(write_tape: WriteTape, rate: str) -> None:
    path = write_tape("0,0.0001", f"28800000,{rate}", name="BTC_binance_funding.csv", header="ts_ms,rate")
    assert refusal(path).line == 3


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("ts_ms,open,high,low", "no column close: the columns are 'ts_ms,open,high,low'"),
        (
            "time;open;high;low;close",
            "no column ts_ms, open, high, low, close: the columns are 'time;open;high;low;close'",
        ),
        ("ts_ms,rate", "no column open, high, low, close: the columns are 'ts_ms,rate'"),
    ],
)
def test_missing_columns_are_named(write_tape: WriteTape, header: str, found: str) -> None:
    line = ",".join("1" * len(header.split(",")))
    error = refusal(write_tape(line, header=header))
    assert (error.line, error.found) == (1, found)


def test_a_tape_without_a_header_is_told_of_as_that(write_tape: WriteTape) -> None:
    error = refusal(write_tape("60000,100,100,100,100", header="0,100,100.5,100,100"))
    assert (error.line, error.found) == (1, "numbers where the columns should be named")


def test_a_column_that_is_there_twice_is_refused(write_tape: WriteTape) -> None:
    error = refusal(write_tape("0,1,1,1,1,1", header="ts_ms,open,high,low,close,close"))
    assert (error.line, error.found) == (1, "the column 'close' is there twice")


@pytest.mark.parametrize("content", [b"", b" \n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv.gz"
    path.write_bytes(content)
    assert refusal(path).found == "the tape is empty"


def test_a_header_alone_is_refused(write_tape: WriteTape) -> None:
    assert refusal(write_tape()).found == "the tape has a header and no rows"


def test_text_that_is_no_tape_is_not_called_a_header(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv.gz"
    path.write_bytes(b"this is no gzip")
    error = refusal(path)
    assert (error.line, error.found) == (1, "no column ts_ms: the columns are 'this is no gzip'")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "BTC_binance_perp_1m.csv").found == "no such file or directory"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).found == "this is a directory"


def test_a_device_is_refused() -> None:
    assert refusal(Path("/dev/null")).found == "this is no regular file"


def test_something_that_is_no_path_is_refused() -> None:
    with pytest.raises(TapeError, match="this is no path"):
        read_bytes(Path("a\0b"))


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_gzip_is_refused(tmp_path: Path, damage: str) -> None:
    text = "ts_ms,open,high,low,close\n" + "".join(
        f"{at * 60_000},{at + 1},{at + 1},{at + 1},{at + 1}\n" for at in range(500)
    )
    raw = bytearray(gzip.compress(text.encode()))
    if damage == "cut":
        raw = raw[: len(raw) // 2]
    else:
        raw[len(raw) // 2] ^= 0xFF
    path = tmp_path / "BTC_binance_perp_1m.csv.gz"
    path.write_bytes(raw)
    assert "gzip data is damaged" in refusal(path).found


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.csv"
    path.write_bytes(b"ts_ms,open,high,low,close\n0,1,1,1,1\n\xff\xfe\x00")
    error = refusal(path)
    assert (error.line, error.found) == (3, "this is no UTF-8 text")


@pytest.mark.parametrize("content", [b"PAR1 and then nothing of use", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_damaged_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "BTC_binance_perp_1m.parquet"
    path.write_bytes(content)
    assert "the parquet data is damaged" in refusal(path).found


def test_text_under_the_name_of_parquet_is_refused(write_tape: WriteTape) -> None:
    assert (
        refusal(write_tape(GOOD, name="BTC_binance_perp_1m.parquet")).found == "the file is no parquet file"
    )


@pytest.mark.parametrize(
    ("close", "found", "line"),
    [
        (pa.array([1.0, float("nan")]), "nan, which is no finite number, in column close", 2),
        (pa.array([1.0, None]), "an empty cell in column close", 2),
        (pa.array([1.0, -1.0]), "the close is zero or negative", 2),
        (pa.array([True, False]), "the column close holds 'bool'", None),
        (pa.array(["1", "one"]), "'one', which is no finite number, in column close", 2),
    ],
)
def test_bad_rows_of_parquet_are_named(tmp_path: Path, close: Any, found: str, line: int | None) -> None:
    path = tmp_path / "BTC_binance_perp_1m.parquet"
    flat = {name: pa.array([1.0, 1.0]) for name in ("open", "high", "low")}
    pq.write_table(pa.table({"ts_ms": pa.array([0, 60_000]), **flat, "close": close}), path)
    error = refusal(path)
    assert (error.line, error.found) == (line, found)


def test_parquet_without_rows_or_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTC_binance_perp_1m.parquet"
    pq.write_table(pa.table({"ts_ms": pa.array([], pa.int64())}), path)
    assert refusal(path).found == "the tape has columns and no rows"
    pq.write_table(pa.table({"ts_ms": pa.array([0])}), path)
    error = refusal(path)
    assert (error.line, error.found) == (None, "no column open, high, low, close: the columns are 'ts_ms'")


def test_prices_beyond_all_measure_are_refused(write_tape: WriteTape) -> None:
    error = refusal(write_tape("0,1,1,1,1", "60000,1,1e30,1,1", "120000,1e30,1e30,1e30,1e30"))
    assert "more than 18 digits" in error.found
    assert error.line == 3


def test_times_beyond_all_measure_are_refused(write_tape: WriteTape) -> None:
    error = refusal(write_tape("0,1,1,1,1", "1e30,1,1,1,1"))
    assert (error.line, error.found) == (3, "a time is far too large")


def test_one_bar_without_a_named_interval_is_refused(write_tape: WriteTape) -> None:
    assert "its length is unknown" in refusal(write_tape(GOOD, name="BTC_binance_perp.csv")).found


def test_bars_too_short_for_four_marks_are_refused(write_tape: WriteTape) -> None:
    path = write_tape(*(f"{at},1,1,1,1" for at in range(3)), name="BTC_binance_perp.csv")
    assert refusal(path).found == "the bars are 1 ms long"


def test_long_foreign_text_is_cut_in_the_message(write_tape: WriteTape) -> None:
    error = refusal(write_tape("1," + "x" * 5_000, header="ts_ms," + "y\t" * 3_000))
    assert len(str(error)) < 400 + len(str(error.path))


def junk_error(path: Path) -> TapeError | None:
    try:
        read_tape(path, symbol_map={})
    except TapeError as error:
        return error
    return None


def test_junk_ends_in_a_line_or_in_a_tape(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    path = tmp_path / "BTC_binance_perp_1m.csv"
    alphabet = np.frombuffer(b"0123456789.,\n\r-+eE nan\"'", dtype=np.uint8)
    for _ in range(300):
        junk = generator.choice(alphabet, size=int(generator.integers(1, 120))).tobytes()
        path.write_bytes(b"ts_ms,open,high,low,close\n" + junk)
        assert "\n" not in str(junk_error(path))
