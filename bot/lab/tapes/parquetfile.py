"""Parquet tapes, through the extra `parquet`; pyarrow is imported only when the first such tape is read."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.lab.tapes.cells import CellError, Column, decimal_column, float_column, integer_column, number
from bot.lab.tapes.errors import TapeError, shown

MAGIC = b"PAR1"
_FLOATS = frozenset({"float", "double"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyarrow:
    """The two modules of pyarrow in use; it has no types, so all is Any until it is an array."""

    core: Any
    parquet: Any


def import_pyarrow() -> Pyarrow:
    """Import pyarrow; ImportError without the extra."""
    return Pyarrow(
        core=importlib.import_module("pyarrow"), parquet=importlib.import_module("pyarrow.parquet")
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParquetTable:
    """The columns of a parquet file."""

    path: Path
    names: tuple[str, ...]
    rows: int
    arrow: Any

    def column(self, name: str) -> Column:
        """The decimals of one column; TapeError names the row of the first cell that is no number."""
        try:
            return _column(self.arrow.column(name))
        except CellError as error:
            found = f"{error.found} in column {name}"
            raise TapeError(self.path, self.line(error.row), found, "correct or remove the row") from error
        except TypeError as error:
            found = f"the column {name} holds {shown(str(error))}"
            raise TapeError(self.path, None, found, "store prices as double and ts_ms as int64") from error

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """One column as floats, for statistics only; TapeError as for `column`."""
        cells = self.arrow.column(name)
        if str(cells.type) not in _FLOATS or cells.null_count:
            return self.column(name).floats()
        values: npt.NDArray[np.float64] = cells.to_numpy().astype(np.float64)
        return values if np.isfinite(values).all() else self.column(name).floats()

    def line(self, row: int) -> int:
        """Rows of a parquet file are counted from 1."""
        return row + 1


def _column(cells: Any) -> Column:  # noqa: ANN401 - pyarrow has no types
    kind = str(cells.type)
    if cells.null_count:
        raise CellError(int(np.argmax(cells.is_null().to_numpy())), "an empty cell")
    if kind in _FLOATS:
        return float_column(cells.to_numpy())
    if kind.startswith(("int", "uint")):
        return integer_column(cells.to_numpy())
    if kind.startswith("decimal"):
        return decimal_column(cells.to_pylist())
    if kind in {"string", "large_string"}:
        return decimal_column(number(text.encode(), row) for row, text in enumerate(cells.to_pylist()))
    raise TypeError(kind)


def read_parquet(path: Path, data: bytes, load: Callable[[], Pyarrow] = import_pyarrow) -> ParquetTable:
    """Read a parquet file; TapeError if it is damaged, has no rows, or the extra is not installed."""
    try:
        pyarrow = load()
    except ImportError as error:
        found = "reading parquet needs pyarrow, which is not installed"
        remedy = 'pip install "holdfast[parquet]", or make setup in a checkout'
        raise TapeError(path, None, found, remedy) from error
    try:
        table = pyarrow.parquet.read_table(pyarrow.core.BufferReader(data))
    except (pyarrow.core.ArrowException, OSError) as error:
        reason = shown(str(error).partition("\n")[0])
        raise TapeError(path, None, f"the parquet data is damaged ({reason})", "download it again") from error
    if table.num_rows == 0:
        raise TapeError(path, None, "the tape has columns and no rows", "record or download it again")
    names = tuple(table.column_names)
    return ParquetTable(path=path, names=names, rows=table.num_rows, arrow=table)
