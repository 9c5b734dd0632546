"""Prices of moves: bars in whole ticks, every path from the same first price on and at the same times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.core.types import Symbol
from bot.lab.montecarlo.history import CLOSE, HIGH, LOW, OPEN, Floats
from bot.lab.tapes import PathOrder, PricePath, SymbolTapes, Tape, TapeKind, Ticks
from bot.lab.tapes.ticks import EXPONENT_MAX

_DIGITS = 7
"""First prices have at least so many, as on an exchange."""
_FARTHEST = 9.0
"""No price goes farther than by this logarithm: a factor of 8,000."""


class Columns(NamedTuple):
    """Prices in ticks, each of the shape (paths, bars)."""

    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where paths begin: ``first`` is each symbol's first price, ``at_ms`` when the first bar opens."""

    symbols: tuple[Symbol, ...]
    first: tuple[Decimal, ...]
    at_ms: int
    interval_ms: int

    @property
    def exponents(self) -> tuple[int, ...]:
        """How many decimals prices have: enough for the first one, and for a fraction of it."""
        return tuple(
            min(EXPONENT_MAX, max(0, _DIGITS - 1 - each.adjusted(), -int(each.as_tuple().exponent)))
            for each in self.first
        )

    def times(self, bars: int) -> Ticks:
        """When each bar opens."""
        return self.at_ms + self.interval_ms * np.arange(bars, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """Some paths of all symbols."""

    start: Start
    times: Ticks
    columns: tuple[Columns, ...]

    def __len__(self) -> int:
        """How many paths there are."""
        return len(self.columns[0].close)

    @property
    def end_ms(self) -> int:
        """When the last bar closes."""
        return self.times.item(-1) + self.start.interval_ms

    def tapes(self, number: int) -> tuple[SymbolTapes, ...]:
        """One path as if it had been recorded."""
        return tuple(
            SymbolTapes(symbol=symbol, traded=tape, mark=None, funding=None)
            for symbol, tape in zip(self.start.symbols, self._traded(number), strict=True)
        )

    def paths(self, number: int) -> tuple[PricePath, ...]:
        """One path as a replay plays it; the traded price is the mark."""
        return tuple(
            PricePath(
                symbol=symbol,
                interval_ms=self.start.interval_ms,
                exponent=exponent,
                order=PathOrder.NEAREST,
                times=self.times,
                open=columns.open[number],
                last_high=columns.high[number],
                last_low=columns.low[number],
                close=columns.close[number],
                mark_high=columns.high[number],
                mark_low=columns.low[number],
                marks=None,
                assumptions=(),
            )
            for symbol, exponent, columns in zip(
                self.start.symbols, self.start.exponents, self.columns, strict=True
            )
        )

    def _traded(self, number: int) -> Sequence[Tape]:
        return [
            Tape(
                path=Path(f"path of {symbol}"),
                symbol=symbol,
                kind=TapeKind.TRADED,
                word="invented",
                venue="",
                interval_ms=self.start.interval_ms,
                times=self.times,
                exponent=exponent,
                open=columns.open[number],
                high=columns.high[number],
                low=columns.low[number],
                close=columns.close[number],
                volume=None,
                rates=(),
                sha256="",
                assumptions=(),
            )
            for symbol, exponent, columns in zip(
                self.start.symbols, self.start.exponents, self.columns, strict=True
            )
        ]


def lay(moves: Floats, start: Start) -> Bundle:
    """Bars in ticks of moves of the shape (4, symbols, paths, bars), from the first price on."""
    moves[OPEN, :, :, 0] = 0.0
    columns = tuple(
        _columns(moves[:, number], float(first.scaleb(exponent)))
        for number, (first, exponent) in enumerate(zip(start.first, start.exponents, strict=True))
    )
    return Bundle(start=start, times=start.times(moves.shape[3]), columns=columns)


def _columns(moves: Floats, scale: float) -> Columns:
    """The four prices of one symbol; ``scale`` is the first one in ticks."""
    after = np.cumsum(moves[CLOSE], axis=1)
    before = np.zeros_like(after)
    before[:, 1:] = after[:, :-1]
    opens, high, low = (_ticks(before + moves[which], scale) for which in (OPEN, HIGH, LOW))
    close = _ticks(after, scale)
    # Rounding or a first bar without its gap may leave an end out.
    high = np.maximum(np.maximum(high, opens), close)
    low = np.minimum(np.minimum(low, opens), close)
    return Columns(opens, high, low, close)


def _ticks(logarithms: Floats, scale: float) -> Ticks:
    prices = np.exp(np.clip(logarithms, -_FARTHEST, _FARTHEST)) * scale
    return np.maximum(np.rint(prices).astype(np.int64), 1)
