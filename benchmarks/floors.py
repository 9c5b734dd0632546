"""What nothing can be faster than: looking at every price, and doing nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.playing import best
from bot.lab.tapes import first_outside, tick_price

Ticks = npt.NDArray[np.int64]
Price = TypeVar("Price", float, Decimal)

TIMES = 3


def bare_loop(low: list[Price], high: list[Price], below: Price, above: Price) -> int:
    """Two comparisons a bar, in plain Python: a backtest that asks at every bar cannot do less."""
    outside = 0
    for one, other in zip(low, high, strict=True):
        if one <= below or other >= above:
            outside += 1
    return outside


def crossing(low: Ticks, high: Ticks) -> float:
    """Seconds of one search through all of it, for bounds that nothing crosses."""
    size, above = len(low), int(high.max()) + 1
    return best(lambda: first_outside(low, high, 0, size, 0, above), TIMES)


def float_loop(low: Ticks, high: Ticks) -> float:
    """Seconds of the bare loop over prices that are floats."""
    lows, highs = low.astype(np.float64).tolist(), high.astype(np.float64).tolist()
    return best(lambda: bare_loop(lows, highs, 0.0, 1e18), TIMES)


def decimal_loop(low: Ticks, high: Ticks, exponent: int) -> float:
    """The same over prices that are Decimals, as the core's are."""
    lows = [tick_price(ticks, exponent) for ticks in low.tolist()]
    highs = [tick_price(ticks, exponent) for ticks in high.tolist()]
    return best(lambda: bare_loop(lows, highs, Decimal(0), Decimal(10**18)), TIMES)
