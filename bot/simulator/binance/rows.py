"""Which rows of a list are asked for: by time, by number, and how many of them.

Pages "All Orders", "Account Trade List" and "Query Order". A list without a time is that of the last seven
days, and with one end of a time of the seven days from there (seen so in ccxt issues 14513 and 21103).
"""

from __future__ import annotations

from typing import Any

from bot.simulator.binance.asking import Ask
from bot.simulator.binance.errors import BinanceError
from bot.simulator.records import OrderRecord, OrderStatus

LIMITS, LIMITS_MAX = 500, 1000
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
UNFILLED_MS, ORDERS_MS = 3 * DAY_MS, 90 * DAY_MS
"""How long an order is known that ended without a fill, and any order."""
ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


def within(ask: Ask, rows: list[Any], name: str) -> list[Any]:
    """The rows between startTime and endTime, the last of them up to ``limit``."""
    start, end = ask.integer("startTime", 0), ask.integer("endTime", 2**62)
    limit = min(ask.integer("limit", LIMITS), LIMITS_MAX)
    return [row for row in rows if start <= getattr(row, name) <= end][-limit:]


def from_id(ask: Ask, rows: list[Any], name: str) -> list[Any]:
    """The rows from the number fromId on, the first of them up to ``limit``."""
    first, limit = ask.integer("fromId", 0), min(ask.integer("limit", LIMITS), LIMITS_MAX)
    return [row for row in rows if getattr(row, name) >= first][:limit]


def in_week(ask: Ask, rows: list[Any], name: str, now_ms: int) -> list[Any]:
    """The rows of the seven days that are asked for; -4165 for more days (assumed)."""
    end = ask.integer("endTime", ask.integer("startTime", now_ms - WEEK_MS) + WEEK_MS)
    start = ask.integer("startTime", end - WEEK_MS)
    if end - start > WEEK_MS:
        raise BinanceError(-4165, 7)
    limit = min(ask.integer("limit", LIMITS), LIMITS_MAX)
    return [row for row in rows if start <= getattr(row, name) <= end][-limit:]


def forgotten(order: OrderRecord, now_ms: int) -> bool:
    """Whether Binance would no longer find it."""
    age_ms = now_ms - order.created_ms
    return age_ms > ORDERS_MS or (order.status in ENDED and not order.filled and age_ms > UNFILLED_MS)
