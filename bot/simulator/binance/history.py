"""The past over REST: klines, and funding that was settled.

Pages "Kline Candlestick Data", "Mark Price Kline Candlestick Data" (fields that mean nothing there are "0"),
"Get Funding Rate History" (ascending from startTime; at most 1000). Assumed: the index was the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.market import Bar

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
INTERVALS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
}
KLINES, KLINES_MAX = 500, 1500
COIN_SPAN_MS = 200 * DAY_MS
FUNDINGS, FUNDINGS_MAX = 100, 1000


PERPETUAL = "PERPETUAL"
Bars = Callable[[Symbol, int, int | None], Sequence[Bar]]


class HistoryData:
    """Answers what was, to anybody."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        handlers = {
            "v1/klines": lambda ask: self._klines(ask, self._office.contract(ask)),
            "v1/continuousKlines": self._continuous_klines,
            "v1/markPriceKlines": lambda ask: self._mark_klines(ask, self._office.contract(ask)),
            "v1/indexPriceKlines": lambda ask: self._mark_klines(ask, self._office.paired(ask, PERPETUAL)),
            "v1/premiumIndexKlines": self._premium_klines,
            "v1/fundingRate": self._rates,
        }
        return {("GET", path): Route(Security.NONE, handler) for path, handler in handlers.items()}

    def _continuous_klines(self, ask: Ask) -> list[Any]:
        """Bars of the contract of a type that a pair has now."""
        return self._klines(ask, self._office.paired(ask, ask.text("contractType").upper()))

    def _klines(self, ask: Ask, contract: Contract) -> list[Any]:
        """Bars of traded prices."""
        return self._asked(ask, contract, self._office.world.market.bars)

    def _asked(self, ask: Ask, contract: Contract, source: Bars) -> list[Any]:
        timeframe_ms = INTERVALS.get(ask.text("interval"))
        if timeframe_ms is None:
            raise BinanceError(-1120)
        latest = None if {"startTime", "endTime"} & set(ask.params) else KLINES_MAX
        bars = source(contract.symbol, timeframe_ms, latest)
        start, end = stretch(ask, self._office.now_ms)
        if self._office.section.inverse and "startTime" in ask.params and end - start > COIN_SPAN_MS:
            raise BinanceError(-1130, "startTime")
        bars = [bar for bar in bars if start <= bar.open_ms <= end]
        limit = min(ask.integer("limit", KLINES), KLINES_MAX)
        # With a start Binance counts from it, without one from the end.
        chosen = bars[:limit] if "startTime" in ask.params else bars[-limit:]
        return [kline_row(bar, timeframe_ms) for bar in chosen]

    def _mark_klines(self, ask: Ask, contract: Contract) -> list[Any]:
        """Bars of the mark, which is the index as well, without what only trades have."""
        rows = self._asked(ask, contract, self._office.world.market.mark_bars)
        return [[*row[:5], "0", row[6], "0", row[8], "0", "0", "0"] for row in rows]

    def _premium_klines(self, ask: Ask) -> list[Any]:
        """Bars of the book's premium over the index, which is nought here ("Premium index Kline Data")."""
        rows = self._klines(ask, self._office.contract(ask))
        return [[row[0], *["0"] * 5, row[6], "0", row[8], *["0"] * 3] for row in rows]

    def _rates(self, ask: Ask) -> list[Json]:
        limit = min(ask.integer("limit", FUNDINGS), FUNDINGS_MAX)
        start, end = stretch(ask, self._office.now_ms)
        rows = sorted(
            (at_ms, market_id(contract), plain(rate), plain(mark))
            for contract in self._office.chosen(ask)
            for at_ms, rate, mark in self._office.world.market[contract.symbol].settled
            if start <= at_ms <= end
        )
        chosen = rows[:limit] if "startTime" in ask.params else rows[-limit:]
        return [
            {"symbol": symbol, "fundingTime": at_ms, "fundingRate": rate, "markPrice": mark}
            for at_ms, symbol, rate, mark in chosen
        ]

    def settled(self, contract: Contract) -> None:
        """Funding was settled: remember the rate."""
        ticker = self._office.world.market[contract.symbol]
        ticker.settled.append((self._office.now_ms, ticker.funding_rate, ticker.mark))


def stretch(ask: Ask, now_ms: int) -> tuple[int, int]:
    """From when to when is asked for: from the beginning until now where it is not said."""
    return ask.integer("startTime", 0), ask.integer("endTime", now_ms)


def kline_row(bar: Bar, timeframe_ms: int) -> list[Any]:
    """One row of klines; half of the volume is taken to be of buyers."""
    volume, quote = plain(bar.volume), plain(bar.volume * bar.close)
    return [
        bar.open_ms,
        plain(bar.open),
        plain(bar.high),
        plain(bar.low),
        plain(bar.close),
        volume,
        bar.open_ms + timeframe_ms - 1,
        quote,
        bar.trades,
        plain(bar.volume / 2),
        plain(bar.volume * bar.close / 2),
        "0",
    ]
