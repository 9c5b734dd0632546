"""Whether probabilities mean what they say: of the cases given ten percent, about ten have to come about.

Bar by bar the series learns what is over; once every horizon it is asked how likely barriers at several
distances are to be reached, on both sides, and then it is seen which of them were. Nothing that is asked is
known to the series yet, and no two questions about one barrier share a bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from bot.core.facts import BarClosed
from bot.core.markets.passage import KEPT, Passage, PassageSeries
from bot.core.types import ZERO, Symbol
from bot.lab.tapes import Tape, aggregate, tick_prices

CLASSES = tuple(Decimal(edge) / 1000 for edge in (0, 5, 20, 50, 100, 200, 350, 500, 700, 900, 1000))
"""The edges of the classes of probability."""
BARRIERS = tuple(Decimal(part) / 4 for part in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20))
"""Distances asked about, in mean absolute moves of the last bars that are remembered."""
_FEWEST = 120
"""Bars before the first question."""


class Case(NamedTuple):
    """A question and what came of it: how likely it was said to be, and whether it happened."""

    said: Decimal
    happened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOfCases:
    """The cases that were given about the same probability."""

    low: Decimal
    high: Decimal
    cases: int
    said: float
    """The mean probability they were given."""
    seen: float
    """The share of them that happened."""


def bars_of(tape: Tape, timeframe_ms: int) -> list[BarClosed]:
    """The closed bars of a tape; TapeError where they cannot be made of it."""
    made = aggregate(tape, timeframe_ms)
    columns = (tick_prices(each, made.exponent) for each in (made.open, made.high, made.low, made.close))
    rows = zip(made.close_time_ms.tolist(), *columns, strict=True)
    return [BarClosed(at_ms, Symbol(tape.symbol), timeframe_ms, *prices) for at_ms, *prices in rows]


def cases(bars: Sequence[BarClosed], spec: Passage) -> Iterator[Case]:
    """Every question that may be put to these bars, with what came of it."""
    series, length = PassageSeries(spec), spec.length
    moves: list[Decimal] = []
    for at, bar in enumerate(bars):
        series.update(bar)
        if at:
            moves.append(abs(bar.close / bars[at - 1].close - 1))
        ahead = bars[at + 1 : at + 1 + length]
        asked = at >= _FEWEST and at % length == 0 and len(ahead) == length
        if asked and ahead[-1].at_ms == bar.at_ms + length * spec.timeframe_ms:
            recent = moves[-KEPT:]
            usual = sum(recent, start=ZERO) / len(recent) * Decimal(length).sqrt()
            yield from _asked(series, bar.close, ahead, usual)


def _asked(
    series: PassageSeries, price: Decimal, ahead: Sequence[BarClosed], usual: Decimal
) -> Iterator[Case]:
    lowest, highest = min(bar.low for bar in ahead), max(bar.high for bar in ahead)
    for multiple in BARRIERS:
        distance = usual * multiple
        for falling in (True, False):
            said = series.probability(distance, falling=falling)
            if said is not None:
                reached = lowest <= price * (1 - distance) if falling else highest >= price * (1 + distance)
                yield Case(said, reached)


def classes(found: Iterable[Case]) -> list[ClassOfCases]:
    """The cases by classes of what they were given; empty classes are left out."""
    found = list(found)
    table = []
    for low, high in pairwise(CLASSES):
        last = high == CLASSES[-1]
        within = [case for case in found if low <= case.said and (case.said < high or last)]
        if within:
            table.append(
                ClassOfCases(
                    low=low,
                    high=high,
                    cases=len(within),
                    said=float(sum(case.said for case in within)) / len(within),
                    seen=sum(case.happened for case in within) / len(within),
                )
            )
    return table


def brier(found: Sequence[Case]) -> float:
    """The mean square of what was said less what happened: 0 is knowing, 0.25 is saying a half always."""
    return sum((float(case.said) - case.happened) ** 2 for case in found) / len(found)
