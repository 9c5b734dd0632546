"""The volume profile: how much was traded at which price, and the nodes where it was most.

A bar tells its volume and its range, not where in the range it was traded: it is spread evenly. Prices are
put into rows of equal width in per cent, whose bounds are the powers of ``1 + width``; so they are the same
whatever bar came first, and a restart finds the same nodes. Where a bar tells no volume all bars count alike,
and the profile is one of time at price (Steidlmayer's market profile).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from bot.core.facts import BarClosed
from bot.core.structure.zones import Zone, Zones
from bot.core.types import ONE, ZERO

_PLACES = Decimal("1E-9")
_SPREAD_MAX = 400
"""A bar over more rows than this is no bar of a market that has nodes: it is put into its closing row."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Which nodes: rows of ``width`` (a fraction of price) over the last ``length`` bars.

    A node is a row with at least ``factor`` times the mean of all rows that were traded in, and no less than
    its two neighbours.
    """

    timeframe_ms: int
    length: int
    width: Decimal
    factor: Decimal


class _Spread(NamedTuple):
    """Where a bar was put: rows ``first`` to ``last``, so much in each. ``volume`` is ``None`` if untold."""

    first: int
    last: int
    volume: Decimal | None
    time: Decimal


class ProfileSeries:
    """The volume profile of one symbol as it develops."""

    __slots__ = ("_bars", "_factor", "_log", "_silent", "_time", "_volume", "_width")

    def __init__(self, spec: Nodes) -> None:
        """Start without history."""
        assert spec.length >= 1, f"a profile over {spec.length} bars, expected at least 1"
        self._width = 1 + spec.width
        self._log = self._width.ln()
        self._factor = spec.factor
        self._bars: deque[_Spread] = deque(maxlen=spec.length)
        self._volume: dict[int, Decimal] = {}
        self._time: dict[int, Decimal] = {}
        self._silent = 0
        """How many of the bars told no volume."""

    def update(self, bar: BarClosed) -> None:
        """Take the next closed bar into account; the oldest leaves."""
        if len(self._bars) == self._bars.maxlen:
            self._put(self._bars[0], -1)
        first, last = self._row(bar.low), self._row(bar.high)
        if last - first >= _SPREAD_MAX:
            first = last = self._row(bar.close)
        rows = last - first + 1
        volume = None if bar.volume is None else (bar.volume / rows).quantize(_PLACES)
        spread = _Spread(first, last, volume, (ONE / rows).quantize(_PLACES))
        self._bars.append(spread)
        self._put(spread, +1)

    @property
    def value(self) -> Zones | None:
        """The nodes from low to high; ``None`` before ``length`` bars have closed."""
        if len(self._bars) != self._bars.maxlen:
            return None
        rows = self._time if self._silent else self._volume
        if not rows:
            return ()
        least = self._factor * sum(rows.values()) / len(rows)
        return tuple(
            Zone(self._bound(row), self._bound(row + 1))
            for row, traded in sorted(rows.items())
            if traded >= least and traded >= max(rows.get(row - 1, ZERO), rows.get(row + 1, ZERO))
        )

    def _row(self, price: Decimal) -> int:
        return int((price.ln() / self._log).to_integral_value(ROUND_FLOOR))

    def _bound(self, row: int) -> Decimal:
        # To eight digits, because the last of a power is left to the implementation.
        return Decimal(f"{self._width**row:.8g}")

    def _put(self, spread: _Spread, sign: int) -> None:
        """Add a bar to the profile, or take it out: what was put in comes out to the last digit."""
        if spread.volume is None:
            self._silent += sign
        for rows, share in ((self._volume, spread.volume or ZERO), (self._time, spread.time)):
            for row in range(spread.first, spread.last + 1):
                left = rows.get(row, ZERO) + sign * share
                if left:
                    rows[row] = left
                else:
                    rows.pop(row, None)
