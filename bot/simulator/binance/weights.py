"""Request weights per address and orders per account, and what happens to whoever uses too many.

Limits: Exchange Information, ``rateLimits``. Weights: the page of each endpoint, as ccxt 4.5.90 has them too.
Whoever goes on after a 429 is banned with 418 for two minutes and longer (General Info, "IP Limits"); after
how many more requests is not documented; assumed: 50.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MINUTE_MS = 60_000
WEIGHT_MAX = 2400
ORDERS_10S_MAX = 300
ORDERS_1M_MAX = 1200
PATIENCE = 50
BAN_MS = 120_000

NO_SYMBOL: Mapping[str, int] = {
    "openOrders": 40,
    "openAlgoOrders": 40,
    "ticker/24hr": 40,
    "ticker/price": 2,
    "ticker/bookTicker": 5,
    "premiumIndex": 10,
}
"""What an endpoint costs without a symbol."""
WEIGHTS: Mapping[str, int] = {
    "historicalTrades": 20,
    "rpiDepth": 20,
    "feeBurn": 30,
    "/futures/data/basis": 0,
    "/futures/data/delivery-price": 0,
    "account": 5,
    "balance": 5,
    "positionRisk": 5,
    "positionSide/dual": 30,
    "multiAssetsMargin": 30,
    "userTrades": 5,
    "income": 30,
    "allOrders": 5,
    "commissionRate": 20,
    "symbolConfig": 5,
    "accountConfig": 5,
    "ticker/bookTicker": 2,
}
"""What is not 1."""
ORDERS: Mapping[tuple[str, str], int] = {
    ("POST", "order"): 1,
    ("PUT", "order"): 1,
    ("POST", "algoOrder"): 1,
    ("POST", "batchOrders"): 5,
    ("PUT", "batchOrders"): 5,
}
"""As how many orders a request counts in ten seconds (pages "New Order", "Modify Order", "Place Multiple
Orders", ...). That several at once count as one in a minute is not told apart."""
COUNTDOWN = 10
HANDSHAKE = 5
"""What connecting to the websocket API weighs ("WebSocket API General Info")."""
BATCH = 5
"""The weight of placing or changing several at once; of one it is nought."""
BY_LIMIT = ((99, 1), (499, 2), (1000, 5))
"""Klines cost by how many are asked for, beyond the last of these 10 (page "Kline Candlestick Data")."""
KLINES = frozenset(
    {"klines", "continuousKlines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines"}
)
KLINES_DEFAULT, KLINES_MOST = 500, 10
DEPTH_BY_LIMIT = ((50, 2), (100, 5), (500, 10))
DEPTH_DEFAULT, DEPTH_MOST = 500, 20
"""The same for levels of the book ("Order Book")."""
LIMIT = re.compile(r"\blimit=([0-9]{1,6})")
APART: Mapping[str, tuple[str, int]] = {
    "fundingRate": ("funding", 500),
    "fundingInfo": ("funding", 500),
    "/futures/data/openInterestHist": ("statistics", 1000),
}
"""What weighs nothing and is counted by itself for five minutes: as what, and how often (their pages)."""
APART_MS = 300_000


def weight_of(method: str, path: str, content: str) -> int:
    """What a request costs; ``path`` without the section and version, ``content`` its query and body."""
    if (method, path) in ORDERS:
        return BATCH if path == "batchOrders" else 0
    if path in APART:
        return 0
    if method != "GET":
        return COUNTDOWN if path == "countdownCancelAll" else 1
    if path in KLINES:
        return _by_limit(content, BY_LIMIT, KLINES_DEFAULT, KLINES_MOST)
    if path == "depth":
        return _by_limit(content, DEPTH_BY_LIMIT, DEPTH_DEFAULT, DEPTH_MOST)
    if path in NO_SYMBOL and "symbol=" not in content:
        return NO_SYMBOL[path]
    return WEIGHTS.get(path, 1)


def _by_limit(content: str, steps: Iterable[tuple[int, int]], default: int, beyond: int) -> int:
    limit = LIMIT.search(content)
    asked = int(limit[1]) if limit else default
    return next((weight for most, weight in steps if asked <= most), beyond)


@dataclass(slots=True)
class Meter:
    """What one address has used in the present minute, or in the present ``per_ms``."""

    capacity: int = WEIGHT_MAX
    per_ms: int = MINUTE_MS
    minute: int = 0
    used: int = 0
    beyond: int = 0
    banned_until_ms: int = 0

    def use(self, now_ms: int, weight: int) -> int:
        """Count a request; 0, or the seconds to wait: positive for a 429, negative for a 418."""
        if now_ms < self.banned_until_ms:
            return -(self.banned_until_ms - now_ms + 999) // 1000
        if now_ms // self.per_ms != self.minute:
            self.minute, self.used, self.beyond = now_ms // self.per_ms, 0, 0
        self.used += weight
        if self.used <= self.capacity:
            return 0
        self.beyond += 1
        if self.beyond > PATIENCE:
            self.banned_until_ms = now_ms + BAN_MS
            return -BAN_MS // 1000
        return max(1, (self.per_ms - now_ms % self.per_ms) // 1000)


class OrderMeter:
    """The orders of one account; refused ones count too."""

    def __init__(self) -> None:
        self._at_ms: deque[int] = deque(maxlen=2 * ORDERS_1M_MAX)

    def count(self, now_ms: int, orders: int) -> tuple[int, int]:
        """Count orders; how many there were in the last ten seconds and in the last minute."""
        self._at_ms.extend([now_ms] * orders)
        while self._at_ms[0] <= now_ms - MINUTE_MS:
            self._at_ms.popleft()
        return sum(at > now_ms - 10_000 for at in self._at_ms), len(self._at_ms)
