"""Prices as integers: a tick count and the power of ten that makes it one.

Tapes hold `price * 10**exponent` as int64, so that the array search of a replay is exact and cheap.
Bounds become ticks by floor and ceiling: the search is a superset filter and must never be narrower than
the bound.
"""

from decimal import Decimal
from itertools import repeat
from operator import mul

import numpy as np
import numpy.typing as npt

Ticks = npt.NDArray[np.int64]

EXPONENT_MAX = 12
"""No tape keeps more decimals than this."""

DIGITS_MAX = 18
"""Every whole number of so many digits fits into int64."""


def to_ticks_floor(price: Decimal, exponent: int) -> int:
    """The greatest tick at or below `price`, exact for any finite Decimal."""
    numerator, denominator = price.as_integer_ratio()
    return int(numerator * 10**exponent // denominator)


def to_ticks_ceil(price: Decimal, exponent: int) -> int:
    """The smallest tick at or above `price`, exact for any finite Decimal."""
    numerator, denominator = price.as_integer_ratio()
    return int(-(-numerator * 10**exponent // denominator))


def to_price(ticks: int, exponent: int) -> Decimal:
    """The price of a tick count, exact and without trailing zeros.

    Equal prices print equally whatever exponent their tapes have: 50000, 0.5, never 5E+4 or 0.50.
    """
    while exponent > 0 and ticks % 10 == 0:
        ticks //= 10
        exponent -= 1
    return Decimal(ticks).scaleb(-exponent)


_UNITS = tuple(Decimal(1).scaleb(-exponent) for exponent in range(EXPONENT_MAX + 1))


def tick_price(ticks: int, exponent: int) -> Decimal:
    """The price of a tick count with all decimals of its tape: as exact as `to_price`, and quicker."""
    return ticks * _UNITS[exponent]


def tick_prices(ticks: Ticks, exponent: int) -> list[Decimal]:
    """The prices of many tick counts, each as `tick_price` gives it."""
    unit = _UNITS[exponent]
    return list(map(mul, ticks.tolist(), repeat(unit)))


def rescaled(ticks: Ticks, exponent: int, wanted: int) -> Ticks:
    """The same prices in a finer exponent; OverflowError where int64 cannot hold them."""
    if wanted == exponent:
        return ticks
    factor = 10 ** (wanted - exponent)
    if ticks.size and int(ticks.max()) > np.iinfo(np.int64).max // factor:
        message = f"prices with {exponent} decimals do not fit into 64 bits with {wanted}"
        raise OverflowError(message)
    return ticks * np.int64(factor)


def reduced(columns: list[Ticks], exponent: int) -> tuple[list[Ticks], int]:
    """The same prices in the coarsest exponent that holds them all: 1.50 and 1.5 make the same tape."""
    while exponent > 0 and all(
        not (column[:64] % 10).any() and not (column % 10).any() for column in columns
    ):
        columns = [column // 10 for column in columns]
        exponent -= 1
    return columns, exponent
