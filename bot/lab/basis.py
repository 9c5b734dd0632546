"""Prices of quarterly futures that nobody recorded: the index, and a basis that stress turns over.

The basis is the distance of a quarterly from its index, as a fraction of the index. In calm it is a carry
that melts away until expiry. In a fast fall it collapses and becomes a discount, because those who have to
sell sell the quarterly too and nobody is left to carry it. The shape is measured, the path is a model, and
every output that shows such a price says ``synthetic``.

Figures the defaults come from (BTC):

- 2020-03-12: the June contract went from +150 to -700 dollars, about -12 % of 5,700 with 106 days to go, the
  March contract from +25 to -350, about -6 % with 15 days (cvj.ch): that gives ``discount`` and ``tenor_ms``,
  and +150 on 7,900 is about 7 % a year, ``calm``. The index had then fallen 23 % within four hours.
- 2022-11-09: the CME contract with 16 days to go was about 5 % under (fvbb.com, CoinDesk) after a fall of
  19 % within four hours: with the above, that gives ``span``.
- 2022-11-09: the SOL perpetual, 23.6 % under spot at worst, was more than 5 % under for about 24 hours: a
  ``half_life_ms`` of some ten hours.

Higher carries exist (37 % a year on 2021-04-14, Delphi Digital) and so do crashes of which no basis is known
(2025-10-10): the model is for testing a defence, not for pricing.

Only additions, multiplications, divisions and roots are used on floats, which every machine rounds in the
same way, and a table for the decay: the same tape gives the same ticks everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from bot.lab.tapes import Tape, Ticks

Floats = npt.NDArray[np.float64]

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_YEAR_MS = 365 * _DAY_MS
_STEPS = 64
"""Into so many steps a half-life is divided."""
_LEVELS = 10 * _STEPS
"""After ten half-lives a thousandth is left, which counts as nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisModel:
    """How far from its index a quarterly trades.

    ``calm`` is the carry in calm, a fraction of the index per year. ``discount`` is how far below the index
    a contract without end would go under full stress, as a fraction; one with ``tenor_ms`` to go goes half as
    far. Stress is 0 while the index has fallen less than ``onset`` (a fraction) from its highest price of the
    last ``window_ms``, and 1 from ``onset + span`` on; afterwards it halves every ``half_life_ms``. What is
    ordinary for the coin is no stress: where ``ordinary`` times the mean hourly range of the
    ``volatility_window_ms`` before the window is more than ``onset``, falls count from there on. Windows
    count bars: over a gap in the tape they reach further back.
    """

    calm: float = 0.07
    discount: float = 0.15
    tenor_ms: int = 21 * _DAY_MS
    window_ms: int = 4 * _HOUR_MS
    onset: float = 0.05
    span: float = 0.18
    ordinary: float = 3.0
    volatility_window_ms: int = _DAY_MS
    half_life_ms: int = 10 * _HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stress:
    """Stress at each bar of the index, from 0 to 1: at its opening, and once its low has been seen."""

    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Bars of a quarterly in ticks of its index."""

    times: Ticks
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks


def stress(index: Tape, model: BasisModel) -> Stress:
    """How stressed the market is at each bar, known from that bar and those before it."""
    times = index.times
    levels = np.searchsorted(-_DECAY[:-1], -_drive(index, model)).astype(np.int64)
    step_ms = max(1, model.half_life_ms // _STEPS)
    # The least of (level + time since): a fresh shock counts only where it is worse than what is left.
    calmest = _LEVELS * step_ms
    standing = np.minimum.accumulate(levels * step_ms - times)
    earlier = np.concatenate((np.array([calmest - times[0]], dtype=np.int64), standing[:-1]))
    return Stress(
        before=_DECAY[np.minimum((earlier + times) // step_ms, _LEVELS)],
        after=_DECAY[np.minimum((standing + times) // step_ms, _LEVELS)],
    )


def basis(model: BasisModel, stressed: Floats, left_ms: Ticks) -> Floats:
    """The basis under this stress with ``left_ms`` to go: a fraction of the index, 0 at expiry."""
    left = left_ms.astype(np.float64)
    carry = left * (model.calm / _YEAR_MS) * (1.0 - stressed)
    discount: Floats = model.discount * stressed * (left / (left + float(model.tenor_ms)))
    return carry - discount


def quarterly_bars(
    index: Tape, stressed: Stress, model: BasisModel, listed_ms: int, expiry_ms: int
) -> Bars | None:
    """The bars of the contract that trades in [listed_ms, expiry_ms); ``None`` if no bar of the index does.

    Opens and highs are as far from the index as the market was stressed before the bar, lows and closes as it
    is after it. Prices are at least one tick.
    """
    first = int(np.searchsorted(index.times, listed_ms))
    end = int(np.searchsorted(index.times, expiry_ms - index.interval_ms, side="right"))
    if first >= end:
        return None
    part = slice(first, end)
    times = index.times[part]
    early = 1.0 + basis(model, stressed.before[part], expiry_ms - times)
    late = 1.0 + basis(model, stressed.after[part], expiry_ms - times - index.interval_ms)
    opens, high = (_priced(column[part], early) for column in (index.open, index.high))
    low, close = (_priced(column[part], late) for column in (index.low, index.close))
    return Bars(
        times=times,
        open=opens,
        high=np.maximum(np.maximum(opens, close), np.maximum(high, low)),
        low=np.minimum(np.minimum(opens, close), np.minimum(high, low)),
        close=close,
    )


def _drive(index: Tape, model: BasisModel) -> Floats:
    """How much stress each bar brings by itself, from 0 to 1."""
    earlier = max(0, model.window_ms // index.interval_ms - 1)
    peak = np.maximum(index.open, _highest_before(index.high, earlier))
    fall = (peak - np.minimum(index.low, peak)) / peak
    onset = np.maximum(model.onset, model.ordinary * _hourly_range(index, model, earlier))
    return np.clip((fall - onset) / model.span, 0.0, 1.0)


def _highest_before(high: Ticks, count: int) -> Ticks:
    """The highest of the ``count`` bars before each bar; 0 where there is none."""
    highest = np.zeros(len(high), dtype=np.int64)
    if count == 0:
        return highest
    # Maxima of ever longer stretches, doubled while they fit, and a last one that overlaps.
    ending, width = high, 1
    while width * 2 <= count:
        ending, width = _longer(ending, width), width * 2
    if width < count:
        ending = _longer(ending, count - width)
    highest[1:] = ending[:-1]
    return highest


def _longer(ending: Ticks, by: int) -> Ticks:
    """Maxima of stretches that end at each bar, lengthened ``by`` bars into the past."""
    longer = ending.copy()
    np.maximum(ending[by:], ending[:-by], out=longer[by:])
    return longer


def _hourly_range(index: Tape, model: BasisModel, earlier: int) -> Floats:
    """The mean range of the bars before each bar and its fall's window, as that of an hour: a fraction."""
    count = max(1, model.volatility_window_ms // index.interval_ms)
    ranges = (index.high - index.low) / index.low
    # In millionths, so that sums are whole numbers and do not depend on where they began.
    total = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(np.rint(ranges * 1e6).astype(np.int64))))
    ends = np.maximum(np.arange(len(index)) - earlier, 0)
    starts = np.maximum(ends - count, 0)
    mean = (total[ends] - total[starts]) / np.maximum(ends - starts, 1)
    hourly: Floats = mean * (sqrt(_HOUR_MS / index.interval_ms) / 1e6)
    return hourly


def _priced(index: Ticks, factor: Floats) -> Ticks:
    return np.maximum(np.rint(index * factor).astype(np.int64), 1)


def _decay() -> Floats:
    """What is left after each step; the last is nothing."""
    root = 0.5
    for _ in range(_STEPS.bit_length() - 1):
        root = sqrt(root)
    left = [1.0]
    for step in range(1, _LEVELS):
        left.append(0.5 * left[step - _STEPS] if step >= _STEPS else left[-1] * root)
    return np.array([*left, 0.0])


_DECAY = _decay()

__all__ = ["Bars", "BasisModel", "Stress", "basis", "quarterly_bars", "stress"]
