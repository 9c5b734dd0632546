"""What an exchange tells of its past: which series, how many rows at once, and how far back.

Every request names both ends of the stretch it wants. Exchanges disagree on what a lone start or a lone end
means (the first rows, the last ones, an error), and on the order of the answer; between two ends they do not.
What an exchange does not tell is said here with the reason and is never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from bot.venues.live.exact import exact, plain, positive, volume
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Series(StrEnum):
    """A series that is kept of a symbol."""

    BARS = "bars"
    """Bars of the prices at which was traded."""
    MARK = "mark"
    """Bars of the mark price."""
    FUNDING = "funding"
    """Rates that were settled, at the moments of settlement."""
    INTEREST = "interest"
    """Open interest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How one series is told.

    ``page`` is how many rows an answer has at most. ``timeframes_ms`` are the steps that it is told in, none
    for funding. ``span_ms`` is the longest stretch a request may name, and ``reach_ms`` or ``reach_rows``
    how far back it is told at all; ``None`` where no limit is known.
    """

    page: int
    timeframes_ms: tuple[int, ...] = ()
    span_ms: int | None = None
    reach_ms: int | None = None
    reach_rows: int | None = None

    def stretch_ms(self, timeframe_ms: int) -> int:
        """The longest stretch that one request can bring whole; funding is settled every hour at most."""
        longest = self.page * (timeframe_ms or HOUR_MS)
        if self.span_ms is None:
            return longest
        return min(longest, self.span_ms) if timeframe_ms else self.span_ms

    def earliest_ms(self, timeframe_ms: int, now_ms: int) -> int:
        """Before when nothing is told any more."""
        reaches = [self.reach_ms, None if self.reach_rows is None else self.reach_rows * timeframe_ms]
        return max((now_ms - reach for reach in reaches if reach is not None), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is asked about: the exchange's own name and row of it. ``listed_ms`` is 0 where nobody tells."""

    symbol: str
    id: str
    inverse: bool
    dated: bool
    listed_ms: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Rows of a series from ``start_ms`` on and before ``end_ms``; ``timeframe_ms`` is 0 for funding."""

    series: Series
    market: Market
    timeframe_ms: int
    start_ms: int
    end_ms: int


class Row(NamedTuple):
    """One row of a series: when a bar opens, funding is settled or interest is counted, and the values.

    Bars have open, high, low, close and, where it is told, the volume; funding the rate; interest the
    quantity in the exchange's own count and, where it is told, its value. All in the digits that came.
    """

    at_ms: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The past of one exchange: what it tells, what it ``lacks`` and why, requests and how answers read.

    ``rows`` gives what an answer holds in any order, rows outside what was asked for among them, and leaves
    out bars that the exchange calls unfinished; ``ValueError`` for an answer that makes no sense.
    """

    tells: Mapping[Series, Told]
    lacks: Mapping[Series, str]
    request: Callable[[Asked], Request]
    rows: Callable[[Asked, Payload], Sequence[Row]]


def market_of(listed: Mapping[str, Any]) -> Market:
    """What ccxt lists as a market."""
    created = listed.get("created")
    info = listed.get("info")
    return Market(
        symbol=str(listed["symbol"]),
        id=str(listed["id"]),
        inverse=listed.get("inverse") is True,
        dated=listed.get("expiry") is not None,
        listed_ms=created if isinstance(created, int) and created > 0 else 0,
        info=info if isinstance(info, Mapping) else {},
    )


def bar_row(at_ms: int, prices: Sequence[object], traded: object = None) -> Row:
    """A bar of open, high, low, close; ``ValueError`` where they are no prices or do not go together."""
    opening, high, low, close = (positive(price, "a price of a bar") for price in prices)
    if not low <= min(opening, close) <= max(opening, close) <= high:
        raise ValueError(f"a bar of {opening}, {high}, {low}, {close}: the extremes are none")
    counted = volume(traded)
    values = [plain(price) for price in (opening, high, low, close)]
    return Row(at_ms, tuple(values) if counted is None else (*values, plain(counted)))


def rate_row(at_ms: int, rate: object) -> Row:
    """A settlement; ``ValueError`` for a rate that is none."""
    return Row(at_ms, (plain(exact(rate, "funding rate")),))


def interest_row(at_ms: int, quantity: object, value: object = None) -> Row:
    """Open interest; ``ValueError`` where it is no number."""
    counted = [plain(exact(quantity, "open interest"))]
    if value not in (None, ""):
        counted.append(plain(exact(value, "value of open interest")))
    return Row(at_ms, tuple(counted))
