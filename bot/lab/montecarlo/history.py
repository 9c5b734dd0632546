"""What paths are drawn from: the moves of several symbols, bar by bar, at the times at which all have one.

A move is a logarithm against the close before, so that a bar can follow any other at any price. Statistics,
hence floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import numpy as np
import numpy.typing as npt

from bot.core.timeframe import format_timeframe
from bot.core.types import Symbol
from bot.lab.montecarlo.errors import SourceError
from bot.lab.tapes import SymbolTapes, Tape, Ticks, to_price

Floats = npt.NDArray[np.float64]
OPEN, HIGH, LOW, CLOSE = range(4)
"""Where a bar's prices are in moves."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Bars that all symbols have. ``moves`` has the shape (4, symbols, bars): natural logarithms.

    ``last`` are the last prices, ``end_ms`` is when the last bar closed, ``tapes`` the hashes of what was
    read. A bar after a gap moves from its own open on: what happened in between nobody knows.
    """

    symbols: tuple[Symbol, ...]
    interval_ms: int
    moves: Floats
    last: tuple[Decimal, ...]
    end_ms: int
    tapes: tuple[str, ...]
    assumptions: tuple[str, ...]

    def __len__(self) -> int:
        """How many bars there are."""
        return int(self.moves.shape[2])

    @property
    def returns(self) -> Floats:
        """From close to close; shape (symbols, bars)."""
        return np.asarray(self.moves[CLOSE])


def join(grouped: Sequence[SymbolTapes]) -> History:
    """The bars common to all; SourceError where they are not of one length, or fewer than two."""
    traded = [each.traded for each in grouped]
    interval_ms = _interval(traded)
    times = reduce(np.intersect1d, (each.times for each in traded))
    if len(times) <= 1:
        raise SourceError(_too_short(traded, len(times)))
    moves = np.stack([_moves(each, times) for each in traded], axis=1)
    return History(
        symbols=tuple(Symbol(each.symbol) for each in traded),
        interval_ms=interval_ms,
        moves=moves,
        last=tuple(to_price(int(each.close[-1]), each.exponent) for each in traded),
        end_ms=max(int(each.times[-1]) + interval_ms for each in traded),
        tapes=tuple(each.sha256 for each in traded),
        assumptions=tuple(_said(traded, len(times))),
    )


def _interval(traded: Sequence[Tape]) -> int:
    first, *others = traded
    for each in others:
        if each.interval_ms != first.interval_ms:
            one, two = format_timeframe(first.interval_ms), format_timeframe(each.interval_ms)
            raise SourceError(
                f"{each.path.name} has bars of {two} and {first.path.name} of {one}; to be drawn jointly they"
                " need bars of one length"
            )
    return first.interval_ms


def _too_short(traded: Sequence[Tape], common: int) -> str:
    names = " and ".join(each.path.name for each in traded)
    if len(traded) == 1:
        return f"{names} has {common} bar: nothing can be drawn from it; give a longer tape"
    return f"{names} have {common or 'no'} bar in common; to be drawn jointly they must be of the same time"


def _moves(tape: Tape, times: Ticks) -> Floats:
    """Open, high, low and close of the common bars against the close before."""
    at = np.searchsorted(tape.times, times)
    open_, high, low, close = (
        np.log(column[at].astype(np.float64)) for column in (tape.open, tape.high, tape.low, tape.close)
    )
    before = np.concatenate((open_[:1], close[:-1]))
    gap = np.concatenate(([True], np.diff(times) != tape.interval_ms))
    before[gap] = open_[gap]
    return np.asarray(np.stack((open_, high, low, close)) - before)


def _said(traded: Sequence[Tape], common: int) -> list[str]:
    """What of the tapes was used."""
    longest = max(len(each) for each in traded)
    said = [f"paths are drawn from {', '.join(each.path.name for each in traded)}: {common} bars"]
    if common < longest:
        said.append(f"only the {common} bars that all tapes have are drawn from, of up to {longest}")
    return said
