"""What a chart is measured by: a range of values and the round ones among them, written for people."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Text = Callable[[float], str]

_SECOND_MS = 1_000
_MINUTE_MS = 60 * _SECOND_MS
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_TIME_STEPS_MS = (
    *(each * _SECOND_MS for each in (1, 5, 15, 30)),
    *(each * _MINUTE_MS for each in (1, 2, 5, 10, 15, 30)),
    *(each * _HOUR_MS for each in (1, 2, 3, 6, 12)),
    *(each * _DAY_MS for each in (1, 2, 5, 7, 14, 30, 60, 91, 182, 365)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From ``low`` to ``high``, which are drawn at the edges, with what is written at some values between."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()

    def share(self, value: float) -> float:
        """Where a value is: 0 at ``low``, 1 at ``high``."""
        return (value - self.low) / (self.high - self.low)


def money_text(value: float) -> str:
    """An amount or a price in as few digits as tell ticks apart: ``84,000``, ``0.135``."""
    text = f"{value:,.6g}" if abs(value) < 1 else f"{value:,.10g}"
    return "0" if text == "-0" else text


def percent_text(ratio: float) -> str:
    """A fraction as percent: ``12.5%``."""
    return f"{money_text(round(ratio * 100, 8))}%"


def number_axis(
    low: float, high: float, *, about: int = 3, text: Text = money_text, margin: float = 0.04
) -> Axis:
    """An axis that holds ``low`` to ``high`` and a little more, with ``about`` that many round values.

    Equal ends are moved apart. ``margin`` is the part of the range that is added at each end.
    """
    if high <= low:
        away = abs(low) * 0.01 or 1.0
        low, high = low - away, high + away
    beyond = (high - low) * margin
    low, high = low - beyond, high + beyond
    step = _round_step((high - low) / about)
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [round(each * step, 12) for each in range(first, last + 1)]
    return Axis(low=low, high=high, ticks=tuple((value, text(value)) for value in values))


def time_axis(from_ms: int, until_ms: int, *, about: int = 4) -> Axis:
    """An axis of time in UTC: hours of the day, and the date at midnight."""
    until_ms = max(until_ms, from_ms + 1)
    wanted = (until_ms - from_ms) / about
    step = next((each for each in _TIME_STEPS_MS if each >= wanted), _TIME_STEPS_MS[-1])
    first = -(-from_ms // step) * step
    ticks = tuple((float(at), _moment(at, step)) for at in range(first, until_ms + 1, step))
    return Axis(low=from_ms, high=until_ms, ticks=ticks)


def _moment(at_ms: int, step_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    if step_ms >= _DAY_MS or at_ms % _DAY_MS == 0:
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M:%S}" if step_ms < _MINUTE_MS else f"{at:%H:%M}"


def _round_step(wanted: float) -> float:
    """1, 2 or 5 times a power of ten, the one nearest to ``wanted`` by their ratio."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return min((each * power for each in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / wanted)))
