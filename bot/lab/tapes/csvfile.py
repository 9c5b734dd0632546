"""CSV tapes: which bytes are which cells. Numbers are read in `cells`.

The whole file is searched for separators at once; only a ragged file is walked line by line, to name the
line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.lab.tapes.cells import Bytes, CellError, Column, Offsets, text_column
from bot.lab.tapes.errors import TapeError, shown

FIRST_LINE = "ts_ms,open,high,low,close[,volume] or ts_ms,rate"
_BOM = b"\xef\xbb\xbf"
_COMMA, _NEWLINE = ord(","), ord("\n")
_PADDING = b"\0" * 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CsvTable:
    """The cells of a CSV file, found but not yet read."""

    path: Path
    names: tuple[str, ...]
    rows: int
    body: Bytes
    starts: Offsets
    lengths: Offsets

    def column(self, name: str) -> Column:
        """The decimals of one column; TapeError names the line of the first cell that is no number."""
        at = self.names.index(name)
        try:
            return text_column(self.body, self.starts[:, at], self.lengths[:, at])
        except CellError as error:
            found = f"{error.found} in column {name}"
            raise TapeError(self.path, self.line(error.row), found, "correct or remove the line") from error

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """One column as floats, for statistics only; TapeError as for `column`."""
        return self.column(name).floats()

    def line(self, row: int) -> int:
        """The line of the file in which a row stands, the header being line 1."""
        return row + 2


def read_csv(path: Path, data: bytes) -> CsvTable:
    """Split a CSV file into cells; TapeError if it is no text, has no header or is ragged."""
    text = data.removeprefix(_BOM)
    _check_utf8(path, text)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, _, rest = text.partition(b"\n")
    names = _names(path, head.decode("utf-8"))
    rest = rest.rstrip() + b"\n"
    if rest == b"\n":
        require_columns(path, names, ("ts_ms",), 1)
        raise TapeError(path, None, "the tape has a header and no rows", "record or download it again")
    body = np.frombuffer(rest + _PADDING, dtype=np.uint8)
    separators = np.flatnonzero((body == _COMMA) | (body == _NEWLINE)).astype(np.int32)
    if not _is_even(body, separators, len(names)):
        raise _ragged(path, rest, len(names))
    ends = separators.reshape(-1, len(names))
    starts = np.concatenate((np.zeros(1, dtype=np.int32), separators[:-1] + 1)).reshape(ends.shape)
    return CsvTable(path=path, names=names, rows=len(ends), body=body, starts=starts, lengths=ends - starts)


def _is_even(body: Bytes, separators: Offsets, width: int) -> bool:
    """Every line ends exactly at its last column."""
    if len(separators) % width:
        return False
    newlines = (body[separators] == _NEWLINE).reshape(-1, width)
    return bool(newlines[:, -1].all()) and not newlines[:, :-1].any()


def _check_utf8(path: Path, text: bytes) -> None:
    if text.isascii():
        return
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise TapeError(path, line, "this is no UTF-8 text", f"give CSV text with {FIRST_LINE}") from error


def _names(path: Path, head: str) -> tuple[str, ...]:
    names = tuple(name.strip().strip('"').lower() for name in head.split(","))
    if all(name.replace(".", "", 1).isdigit() for name in names):
        found = "numbers where the columns should be named"
        raise TapeError(path, 1, found, f"begin the file with the line {FIRST_LINE}")
    for name in names:
        if name and names.count(name) > 1:
            raise TapeError(path, 1, f"the column {shown(name)} is there twice", "keep one of them")
    return names


def _ragged(path: Path, rest: bytes, width: int) -> TapeError:
    line, cells = next(
        (at, text.count(b",") + 1)
        for at, text in enumerate(rest.removesuffix(b"\n").split(b"\n"), start=2)
        if text.count(b",") + 1 != width
    )
    found = f"{cells} cells where the header has {width} columns"
    return TapeError(path, line, found, "the file may be cut short: correct or remove the line")


def require_columns(path: Path, names: Sequence[str], wanted: Sequence[str], line: int | None) -> None:
    """TapeError if one of the wanted columns is missing."""
    missing = [name for name in wanted if name not in names]
    if missing:
        columns = shown(",".join(names))
        found = f"no column {', '.join(missing)}: the columns are {columns}"
        raise TapeError(path, line, found, f"give {FIRST_LINE}")
