"""Decimal text and binary floats turned into scaled integers, exactly and quickly.

Text is read digit by digit over whole columns, never through a float. The few cells that are not plain
digits (exponents, signs, more digits than int64 holds, or nonsense) go through Decimal one by one. A
binary float stands for the shortest decimal that reads back as itself, which is what its file was written
from.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import numpy.typing as npt

from bot.lab.tapes.ticks import DIGITS_MAX, EXPONENT_MAX, Ticks

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64] | npt.NDArray[np.float32]

_CHUNK = 1 << 16
_WIDTH_MAX = 24
_ZERO, _NINE, _DOT = ord("0"), 9, ord(".")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*")
_EXACT = Context(prec=2_000)
_POWERS = 10 ** np.arange(DIGITS_MAX + 1, dtype=np.int64)
_SAFE_DIGITS = {np.dtype(np.float32): 6, np.dtype(np.float64): 15}
"""Significant digits that always survive a trip through the binary type (FLT_DIG and DBL_DIG of C)."""
_SAFE_DECIMALS = {np.dtype(np.float32): 8, np.dtype(np.float64): EXPONENT_MAX}
"""With more decimals, dividing in double and rounding to single could round twice and prove nothing."""


class CellError(Exception):
    """A cell that holds no usable number: the row counted from 0 and what was found."""

    def __init__(self, row: int, found: str) -> None:
        """Remember the row; the reader knows the line and the file."""
        super().__init__(found)
        self.row = row
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """A column of decimals: mantissa / 10**decimals for each row, save those in `odd`, kept as they are."""

    mantissa: Ticks
    decimals: npt.NDArray[np.int8]
    odd: dict[int, Decimal]

    def value(self, row: int) -> Decimal:
        """The exact value of one row."""
        if row in self.odd:
            return self.odd[row]
        return Decimal(int(self.mantissa[row])).scaleb(-int(self.decimals[row]))

    def floats(self) -> npt.NDArray[np.float64]:
        """The values as floats, for statistics only."""
        powers = 10.0 ** np.arange(EXPONENT_MAX + 1)
        values: npt.NDArray[np.float64] = self.mantissa / powers[self.decimals]
        for row, value in self.odd.items():
            values[row] = float(value)
        return values


def text_column(body: Bytes, starts: Offsets, lengths: Offsets) -> Column:
    """Read the cells `body[start:start + length]`; CellError for the first that is no finite decimal number.

    `body` must go on for at least as many bytes after the last cell as the longest plain cell is wide.
    """
    rows = len(starts)
    mantissa = np.zeros(rows, dtype=np.int64)
    decimals = np.zeros(rows, dtype=np.int8)
    odd: dict[int, Decimal] = {}
    for first in range(0, rows, _CHUNK):
        part = slice(first, first + _CHUNK)
        plain = _plain(body, starts[part], lengths[part], mantissa[part], decimals[part])
        for row in np.flatnonzero(~plain).tolist():
            at = first + row
            odd[at] = number(body[starts[at] : starts[at] + lengths[at]].tobytes(), at)
    return Column(mantissa=mantissa, decimals=decimals, odd=odd)


def _plain(
    body: Bytes, starts: Offsets, lengths: Offsets, mantissa: Ticks, decimals: npt.NDArray[np.int8]
) -> npt.NDArray[np.bool_]:
    """Fill mantissa and decimals of the cells of digits with at most one dot; True for each that is one."""
    width = min(int(lengths.max()), _WIDTH_MAX)
    digits = np.zeros(len(starts), dtype=np.int8)
    dots = np.zeros(len(starts), dtype=np.int8)
    for at in range(width):
        char = body[starts + at]
        inside = lengths > at
        value = char - np.uint8(_ZERO)
        is_digit = (value <= _NINE) & inside
        np.multiply(mantissa, 10, out=mantissa, where=is_digit)
        np.add(mantissa, value, out=mantissa, where=is_digit)
        digits += is_digit
        decimals += is_digit & (dots > 0)
        dots += (char == _DOT) & inside
    plain: npt.NDArray[np.bool_] = (
        (digits + dots == lengths) & (dots <= 1) & (digits > 0) & (digits <= DIGITS_MAX)
    )
    plain &= decimals <= EXPONENT_MAX
    mantissa[~plain] = 0
    decimals[~plain] = 0
    return plain


def number(cell: bytes, row: int) -> Decimal:
    """One cell as a Decimal; CellError says why it is none."""
    text = cell.decode("utf-8", errors="replace")
    if not text.strip():
        raise CellError(row, "an empty cell")
    if not _NUMBER.fullmatch(text):
        raise CellError(row, f"{text[:40]!a}, which is no finite number,")
    return Decimal(text.strip())


def float_column(values: Floats) -> Column:
    """The decimals a binary column was written from; CellError for the first value that is not finite."""
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise CellError(row, f"{values[row]}, which is no finite number,")
    mantissa, exponent = _common_decimals(values)
    if mantissa is None:
        return decimal_column(_shortest(values))
    return Column(mantissa=mantissa, decimals=np.full(len(values), exponent, dtype=np.int8), odd={})


def integer_column(values: npt.NDArray[np.integer[npt.NBitBase]]) -> Column:
    """A column of whole numbers; what int64 or the digits of a column cannot hold goes one by one."""
    if values.size and (values.min() < 0 or values.max() >= 10**DIGITS_MAX):
        return decimal_column(Decimal(value) for value in values.tolist())
    decimals = np.zeros(len(values), dtype=np.int8)
    return Column(mantissa=values.astype(np.int64), decimals=decimals, odd={})


def _common_decimals(values: Floats) -> tuple[Ticks | None, int]:
    """Scaled integers, if some number of decimals gives every value back within the digits the type keeps.

    Two decimals of so few digits never share a float, hence the one found is the shortest.
    """
    limit = 10 ** _SAFE_DIGITS[values.dtype]
    wide = values.astype(np.float64)
    for exponent in range(_SAFE_DECIMALS[values.dtype] + 1):
        scaled = np.rint(wide * 10.0**exponent)
        if scaled.size and np.abs(scaled).max() >= limit:
            return None, 0
        if ((scaled / 10.0**exponent).astype(values.dtype) == values).all():
            return scaled.astype(np.int64), exponent
    return None, 0


def _shortest(values: Floats) -> list[Decimal]:
    """The shortest decimal of each value; equal values are worked out once."""
    distinct, where = np.unique(values, return_inverse=True)
    texts = [Decimal(np.format_float_scientific(value, unique=True, trim="-")) for value in distinct]
    return [texts[at] for at in where.tolist()]


def decimal_column(values: Iterable[Decimal]) -> Column:
    """A column of Decimals taken one by one: slow, exact, without limits of digits."""
    mantissas: list[int] = []
    decimals: list[int] = []
    odd: dict[int, Decimal] = {}
    for row, value in enumerate(values):
        sign, digits, exponent = value.as_tuple()
        if isinstance(exponent, str):
            raise CellError(row, f"{value}, which is no finite number,")
        if sign or not -EXPONENT_MAX <= exponent <= 0 or len(digits) > DIGITS_MAX:
            odd[row] = value
            mantissas.append(0)
            decimals.append(0)
        else:
            mantissas.append(int("".join(map(str, digits))))
            decimals.append(-exponent)
    return Column(
        mantissa=np.array(mantissas, dtype=np.int64), decimals=np.array(decimals, dtype=np.int8), odd=odd
    )


def common_ticks(columns: list[Column]) -> tuple[list[Ticks], int, bool]:
    """All columns as integers of one exponent, that exponent, and whether prices had to be rounded to it.

    The exponent is the most decimals used, at most 12 and no more than leaves the greatest price inside
    int64. OverflowError where a price has more than 18 digits before the point. Rounding is half-even,
    which keeps order.
    """
    wanted = max((_most_decimals(column) for column in columns), default=0)
    room = DIGITS_MAX - max((_whole_digits(column) for column in columns), default=0)
    if room < 0:
        message = f"a price has more than {DIGITS_MAX} digits before the decimal point"
        raise OverflowError(message)
    exponent = min(wanted, room, EXPONENT_MAX)
    return [_ticks(column, exponent) for column in columns], exponent, exponent < wanted


def too_large(columns: Iterable[Column]) -> int:
    """The first row in which a column has more digits before the point than ``common_ticks`` takes."""
    return min(
        row for column in columns for row, value in column.odd.items() if value.adjusted() >= DIGITS_MAX
    )


def _most_decimals(column: Column) -> int:
    most = int(column.decimals.max(initial=0))
    for value in column.odd.values():
        exponent = value.normalize(_EXACT).as_tuple().exponent
        most = max(most, -int(exponent))
    return most


def _whole_digits(column: Column) -> int:
    whole = column.mantissa // _POWERS[column.decimals]
    most = len(str(int(whole.max(initial=0))))
    return max([most, *(value.adjusted() + 1 for value in column.odd.values())])


def _ticks(column: Column, exponent: int) -> Ticks:
    missing = exponent - column.decimals.astype(np.int64)
    if (missing >= 0).all():
        ticks = column.mantissa * _POWERS[missing]
    else:
        ticks = np.array(
            [_tick(column.value(row), exponent) for row in range(len(column.mantissa))], dtype=np.int64
        )
    for row, value in column.odd.items():
        ticks[row] = _tick(value, exponent)
    return ticks


def _tick(value: Decimal, exponent: int) -> int:
    return int(value.scaleb(exponent, _EXACT).to_integral_value(rounding=ROUND_HALF_EVEN, context=_EXACT))
