"""Reading a tape: from a file to checked integers, or to one error that names file, line and remedy.

A replay that runs on damaged data teaches the wrong lesson, so whatever cannot be a price series is
refused here. Two things that real recordings do have are let through and said: gaps, and BitMEX's opens
outside the bar's range.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bot.lab.tapes.cells import common_ticks, too_large
from bot.lab.tapes.checks import check_bars, check_interest, check_rates, check_times, check_volume
from bot.lab.tapes.csvfile import CsvTable, read_csv, require_columns
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.files import read_bytes
from bot.lab.tapes.names import Naming, TapeKind, naming
from bot.lab.tapes.parquetfile import MAGIC, ParquetTable, read_parquet
from bot.lab.tapes.tape import Tape
from bot.lab.tapes.ticks import Ticks, reduced

PRICES = ("open", "high", "low", "close")
COLUMNS = {TapeKind.FUNDING: "rate", TapeKind.INTEREST: "quantity"}
"""What a tape without prices holds beside its times."""

_Table = CsvTable | ParquetTable
_NONE = np.zeros(0, dtype=np.int64)


def read_tape(path: Path | str, *, symbol_map: Mapping[str, str]) -> Tape:
    """Read a CSV, gzipped CSV or parquet tape; TapeError says in one line what is wrong with it.

    `symbol_map` goes from a glob on the file name to `SYMBOL` or `SYMBOL,KIND` and overrides the name
    (see `naming`).
    """
    path = Path(path)
    data = read_bytes(path)
    told = naming(path, symbol_map)
    is_parquet = data.startswith(MAGIC)
    if path.suffix == ".parquet" and not is_parquet:
        raise TapeError(path, None, "the file is no parquet file", "download it again")
    table = read_parquet(path, data) if is_parquet else read_csv(path, data)
    sha256 = hashlib.sha256(data).hexdigest()
    kind = told.kind or next((kind for kind, name in COLUMNS.items() if name in table.names), TapeKind.TRADED)
    header_line = None if is_parquet else 1
    if kind in COLUMNS:
        require_columns(path, table.names, ("ts_ms", COLUMNS[kind]), header_line)
        return _figures(table, told, kind, sha256)
    require_columns(path, table.names, ("ts_ms", *PRICES), header_line)
    return _bars(table, told, kind, sha256)


def _figures(table: _Table, told: Naming, kind: TapeKind, sha256: str) -> Tape:
    """A tape of funding rates or of open interest."""
    times = _times(table)
    interval_ms = check_times(table, times, None)
    column = table.column(COLUMNS[kind])
    figures = tuple(column.value(row) for row in range(table.rows))
    funding = kind is TapeKind.FUNDING
    (check_rates if funding else check_interest)(table, figures)
    return Tape(
        path=table.path,
        symbol=told.symbol,
        kind=kind,
        word=told.word or kind.value,
        venue=told.venue,
        interval_ms=interval_ms,
        times=times,
        exponent=0,
        open=_NONE,
        high=_NONE,
        low=_NONE,
        close=_NONE,
        volume=None,
        rates=figures if funding else (),
        interest=() if funding else figures,
        sha256=sha256,
        assumptions=told.assumptions,
    )


def _bars(table: _Table, told: Naming, kind: TapeKind, sha256: str) -> Tape:
    times = _times(table)
    interval_ms = check_times(table, times, told.interval_ms, bars=True)
    columns, exponent, rounded = _prices(table)
    assumptions = told.assumptions
    if rounded:
        assumptions += (
            f"{table.path.name} has prices of more decimals than can be kept; rounded to {exponent}",
        )
    opens, high, low, close = columns
    opens, clipped = check_bars(table, (opens, high, low, close), clip_open=told.venue == "bitmex")
    if clipped:
        assumptions += (
            f"{table.path.name}: {clipped} opens, at BitMEX the close before, were out of range; clipped",
        )
    volume = None
    if "volume" in table.names:
        volume = table.floats("volume")
        check_volume(table, volume)
    return Tape(
        path=table.path,
        symbol=told.symbol,
        kind=kind,
        word=told.word or kind.value,
        venue=told.venue,
        interval_ms=interval_ms,
        times=times,
        exponent=exponent,
        open=opens,
        high=high,
        low=low,
        close=close,
        volume=volume,
        rates=(),
        sha256=sha256,
        assumptions=assumptions,
    )


def _times(table: _Table) -> Ticks:
    column = table.column("ts_ms")
    try:
        (ticks,), exponent, rounded = common_ticks([column])
    except OverflowError as error:
        line = table.line(too_large([column]))
        raise TapeError(
            table.path, line, "a time is far too large", "give ts_ms in milliseconds UTC"
        ) from error
    (times,), exponent = reduced([ticks], exponent)
    if exponent or rounded:
        row = next(row for row in range(table.rows) if column.value(row) % 1)
        found = f"the time {column.value(row)} is no whole millisecond"
        raise TapeError(table.path, table.line(row), found, "give ts_ms as whole milliseconds UTC")
    return times


def _prices(table: _Table) -> tuple[list[Ticks], int, bool]:
    columns = [table.column(name) for name in PRICES]
    try:
        ticks, exponent, rounded = common_ticks(columns)
    except OverflowError as error:
        line = table.line(too_large(columns))
        raise TapeError(table.path, line, str(error), "check the units of the prices") from error
    ticks, exponent = reduced(ticks, exponent)
    return ticks, exponent, rounded
