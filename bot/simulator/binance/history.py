"""The past over REST: klines, funding that was settled, open interest statistics.

Pages "Kline Candlestick Data", "Mark Price Kline Candlestick Data" (fields that mean nothing there are "0"),
"Get Funding Rate History" (ascending from startTime; at most 1000), "Open Interest Statistics" (500 at most,
the last 30 days, an error before them). Assumed: bars of mark and index are those of the trades, and open
interest was always what it is now.
"""

from __future__ import annotations

from typing import Any

from bot.core.contracts import Contract
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import contract_types, market_id, pair_of
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
INTEREST, INTEREST_MAX = 30, 500
PERIODS = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
REACH_MS = 30 * DAY_MS
STATISTICS = "/futures/data/openInterestHist"
"""Statistics are beside the versions, on the same host."""


class HistoryData:
    """Answers what was, to anybody."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        handlers = {
            "v1/klines": self._klines,
            "v1/continuousKlines": self._klines,
            "v1/markPriceKlines": self._mark_klines,
            "v1/indexPriceKlines": self._mark_klines,
            "v1/premiumIndexKlines": self._premium_klines,
            "v1/fundingRate": self._rates,
            STATISTICS: self._interest,
        }
        return {("GET", path): Route(Security.NONE, handler) for path, handler in handlers.items()}

    def _klines(self, ask: Ask) -> list[Any]:
        """Bars of traded prices, of a pair's perpetual where a pair is named."""
        if "pair" in ask.params:
            kind = "_PERP" if self._office.section.inverse else ""
            ask = Ask(ask.call, ask.params | {"symbol": ask.text("pair") + kind}, ask.key)
        contract = self._office.contract(ask)
        timeframe_ms = INTERVALS.get(ask.text("interval"))
        if timeframe_ms is None:
            raise BinanceError(-1120)
        latest = None if {"startTime", "endTime"} & set(ask.params) else KLINES_MAX
        bars = self._office.world.market.bars(contract.symbol, timeframe_ms, latest)
        start, end = self._stretch(ask)
        if self._office.section.inverse and "startTime" in ask.params and end - start > COIN_SPAN_MS:
            raise BinanceError(-1130, "startTime")
        bars = [bar for bar in bars if start <= bar.open_ms <= end]
        limit = min(ask.integer("limit", KLINES), KLINES_MAX)
        # With a start Binance counts from it, without one from the end.
        chosen = bars[:limit] if "startTime" in ask.params else bars[-limit:]
        return [kline_row(bar, timeframe_ms) for bar in chosen]

    def _mark_klines(self, ask: Ask) -> list[Any]:
        """The same without what only trades have."""
        return [[*row[:5], "0", row[6], "0", row[8], "0", "0", "0"] for row in self._klines(ask)]

    def _premium_klines(self, ask: Ask) -> list[Any]:
        """Bars of the premium of mark over index, which is nought here ("Premium index Kline Data")."""
        return [[row[0], *["0"] * 5, row[6], "0", row[8], *["0"] * 3] for row in self._klines(ask)]

    def _rates(self, ask: Ask) -> list[Json]:
        limit = min(ask.integer("limit", FUNDINGS), FUNDINGS_MAX)
        start, end = self._stretch(ask)
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

    def _interest(self, ask: Ask) -> list[Json]:
        """One row a period, oldest first, no older than the first bar that is remembered."""
        period_ms, now_ms = INTERVALS.get(ask.text("period")), self._office.now_ms
        if period_ms is None or ask.params["period"] not in PERIODS:
            raise BinanceError(-1130, "period")
        start, end = self._stretch(ask)
        if "startTime" in ask.params and start < now_ms - REACH_MS:
            raise BinanceError(-1130, "startTime")
        contract = self._statistics_of(ask)
        ticker = self._office.world.market[contract.symbol]
        begun_ms = ticker.bars[0].open_ms if ticker.bars else now_ms
        first_ms = -(-max(start, begun_ms, now_ms - REACH_MS) // period_ms) * period_ms
        times = range(first_ms, min(end, now_ms) + 1, period_ms)
        limit = min(ask.integer("limit", INTEREST), INTEREST_MAX)
        chosen = times[:limit] if "startTime" in ask.params else times[-limit:]
        amount = self._office.section.quantity_out(contract, ticker.open_interest)
        value = contract.notional(ticker.open_interest, ticker.mark)
        counted = {"sumOpenInterest": plain(amount), "sumOpenInterestValue": plain(value)}
        return [self._named(contract) | counted | {"timestamp": at_ms} for at_ms in chosen]

    def _statistics_of(self, ask: Ask) -> Contract:
        """USD-M names a symbol, COIN-M a pair and the type of contract."""
        if not self._office.section.inverse:
            return self._office.contract(ask)
        wanted = (ask.text("pair"), ask.text("contractType"))
        found = [c for c in self._office.contracts.values() if tuple(self._named(c).values()) == wanted]
        if not found:
            raise BinanceError(-1121)
        return found[0]

    def _named(self, contract: Contract) -> Json:
        if not self._office.section.inverse:
            return {"symbol": market_id(contract)}
        kinds = contract_types(self._office.contracts.values())
        return {"pair": pair_of(contract), "contractType": kinds[contract.symbol]}

    def _stretch(self, ask: Ask) -> tuple[int, int]:
        return ask.integer("startTime", 0), ask.integer("endTime", self._office.now_ms)


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
