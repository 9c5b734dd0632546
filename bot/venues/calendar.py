"""When dated futures are listed, and when they expire.

The quarterlies of Binance, Bybit, OKX and Deribit expire on the last Friday of March, June, September and
December at 08:00 UTC. Binance's "Delivery & Settlement of Quarterly Futures" (support, 2020-09-09) says so,
and that each delivery lists the contract of the quarter after next: this quarter's and the next are always
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.core.types import Symbol

EXPIRES_AT = time(8, tzinfo=UTC)
QUARTER_ENDS = (3, 6, 9, 12)
LISTED = 2
"""This quarter's contract and the next one's."""

_FRIDAY = 4
_DATED = re.compile(r"(?P<perpetual>.+)-(?P<date>[0-9]{6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The life of a quarterly: it trades from ``listed_ms`` until ``expiry_ms``, when it is delivered."""

    listed_ms: int
    expiry_ms: int


def listings(from_ms: int, until_ms: int, count: int = LISTED) -> tuple[Listing, ...]:
    """Every quarterly that trades at some time in [from_ms, until_ms), nearest first.

    ``count`` of them are listed at any time: each delivery lists the one that follows the last.
    """
    before = datetime.fromtimestamp(from_ms / 1000, tz=UTC).year - 1 - count // len(QUARTER_ENDS)
    after = datetime.fromtimestamp(until_ms / 1000, tz=UTC).year + 1 + count // len(QUARTER_ENDS)
    expiries = list(_expiries(before, after))
    lives = (
        Listing(listed_ms=listed_ms, expiry_ms=expiry_ms)
        for listed_ms, expiry_ms in zip(expiries, expiries[count:], strict=False)
    )
    return tuple(life for life in lives if life.listed_ms < until_ms and from_ms < life.expiry_ms)


def dated(perpetual: Symbol, expiry_ms: int) -> Symbol:
    """The unified symbol of the contract that expires then: ``BTC/USDT:USDT-241227``."""
    return Symbol(f"{perpetual}-{datetime.fromtimestamp(expiry_ms / 1000, tz=UTC):%y%m%d}")


def undated(symbol: Symbol) -> Symbol:
    """The symbol without its delivery date; a perpetual's stays as it is."""
    match = _DATED.fullmatch(symbol)
    return Symbol(match["perpetual"]) if match else symbol


def expiry_of(symbol: Symbol) -> int | None:
    """When the contract is delivered, ``None`` for a perpetual; ValueError if its date is none."""
    match = _DATED.fullmatch(symbol)
    if match is None:
        return None
    digits = match["date"]
    try:
        day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        message = f"{digits} is no date; allowed: year, month and day in two digits each, such as 261225"
        raise ValueError(message) from None
    return _milliseconds(day)


def _expiries(first_year: int, last_year: int) -> Iterator[int]:
    for year in range(first_year, last_year + 1):
        for month in QUARTER_ENDS:
            last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            yield _milliseconds(last - timedelta(days=(last.weekday() - _FRIDAY) % 7))


def _milliseconds(day: date) -> int:
    return int(datetime.combine(day, EXPIRES_AT).timestamp()) * 1000


__all__ = ["LISTED", "Listing", "dated", "expiry_of", "listings", "undated"]
