"""What is public on Bybit: the clock, instruments, tickers, risk limits, bars, funding, the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import ONE, ZERO, Symbol
from bot.simulator.bybit.names import INVERSE, LINEAR, Names, category_of, name_of
from bot.simulator.bybit.replies import bad, page
from bot.simulator.market import Bar, Ticker
from bot.simulator.spelling import Json, shown, shown_or
from bot.simulator.symbols import parts_of
from bot.simulator.world import World

MINUTE_MS = 60_000
INTERVALS = {
    **{str(minutes): minutes * MINUTE_MS for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": 1440 * MINUTE_MS,
    "W": 7 * 1440 * MINUTE_MS,
}
"""``interval`` of a kline; the month, which is no fixed time, is left out."""
RISK_LIMIT_SYMBOLS = 15
"""Symbols per page of the risk limits of linear contracts."""
HUGE = Decimal(100_000_000_000)
"""What the last tier of a table without an end is shown to allow."""
LARGEST_ORDER = Decimal(1_000_000)

Given = Mapping[str, str]


class PublicDesk:
    """Answers what needs no key."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def time(self, _: Given) -> Json:
        """``/v5/market/time``."""
        now_ms = self._world.clock.now_ms()
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}

    def instruments(self, given: Given) -> Json:
        """``/v5/market/instruments-info``. There is no spot and no option, and nothing before its launch."""
        category = given.get("category", "")
        rows = [self._instrument(symbol) for symbol in self._symbols(given)]
        rows = [] if given.get("status") == "PreLaunch" else rows
        listed, cursor = page(rows, given, 500, 1000)
        return {"category": category, "list": listed, "nextPageCursor": cursor}

    def tickers(self, given: Given) -> Json:
        """``/v5/market/tickers``."""
        tickers = [self._world.market[symbol] for symbol in self._symbols(given)]
        rows = [ticker_row(self._world, self._names, ticker) for ticker in tickers if ticker.known]
        return {"category": given.get("category", ""), "list": rows}

    def risk_limits(self, given: Given) -> Json:
        """``/v5/market/risk-limit``: fifteen symbols a page unless one is named."""
        symbols, cursor = page(list(self._symbols(given)), given, RISK_LIMIT_SYMBOLS, RISK_LIMIT_SYMBOLS)
        rows = [row for symbol in symbols for row in tier_rows(self._world.contracts[symbol])]
        return {"category": given.get("category", ""), "list": rows, "nextPageCursor": cursor}

    def klines(self, given: Given) -> Json:
        """``/v5/market/kline`` and ``mark-price-kline``: newest first. Marks have no bars of their own."""
        symbol = self._symbol(given)
        interval = INTERVALS.get(given.get("interval", ""))
        if interval is None:
            raise bad("Invalid period!")
        start, end = int(given.get("start") or 0), int(given.get("end") or 2**62)
        limit = min(max(int(given.get("limit") or 200), 1), 1000)
        bars = [b for b in self._world.market.bars(symbol, interval) if start <= b.open_ms <= end]
        shown_bars = bars[:limit] if given.get("start") else bars[-limit:]
        return {
            "symbol": self._names[symbol],
            "category": given.get("category", LINEAR),
            "list": [kline_row(bar) for bar in reversed(shown_bars)],
        }

    def funding_history(self, given: Given) -> Json:
        """``/v5/market/funding/history``: what is remembered is the present rate."""
        ticker = self._world.market[self._symbol(given)]
        if ticker.contract.expiry_ms is not None:
            raise bad("params error: not supported symbols")
        settled_ms = ticker.next_funding_ms - ticker.contract.funding_interval_ms
        row = {
            "symbol": self._names[ticker.contract.symbol],
            "fundingRate": shown(ticker.funding_rate),
            "fundingRateTimestamp": str(settled_ms),
        }
        return {"category": given.get("category", LINEAR), "list": [row]}

    def book(self, given: Given) -> Json:
        """``/v5/market/orderbook``."""
        levels = min(int(given.get("limit") or 25), 500)
        return book_row(self._world, self._names, self._symbol(given), levels)

    def _symbols(self, given: Given) -> Iterator[Symbol]:
        category = given.get("category", "")
        if category not in (LINEAR, INVERSE, "spot", "option"):
            raise bad("params error: category invalid")
        if given.get("symbol") and category in (LINEAR, INVERSE):
            yield self._symbol(given)
            return
        for symbol in self._names.of(category):
            if given.get("baseCoin", parts_of(symbol).base) == parts_of(symbol).base:
                yield symbol

    def _symbol(self, given: Given) -> Symbol:
        symbol = self._names.find(given.get("category") or LINEAR, given.get("symbol", ""))
        if symbol is None:
            raise bad("params error: symbol invalid " + given.get("symbol", ""))
        return symbol

    def _instrument(self, symbol: Symbol) -> Json:
        contract = self._world.contracts[symbol]
        parts = parts_of(symbol)
        linear = category_of(contract) == LINEAR
        kind = ("Linear" if linear else "Inverse") + ("Futures" if parts.dated else "Perpetual")
        return {
            "symbol": self._names[symbol],
            "contractType": kind,
            "status": "Closed" if self._world.market[symbol].halted else "Trading",
            "baseCoin": parts.base,
            "quoteCoin": parts.quote,
            "launchTime": str(self._world.market[symbol].listed_ms),
            "deliveryTime": str(contract.expiry_ms or 0),
            "deliveryFeeRate": "0.0005" if parts.dated else "",
            "priceScale": str(max(0, -int(contract.tick.as_tuple().exponent))),
            "leverageFilter": {
                "minLeverage": "1",
                "maxLeverage": f"{contract.max_leverage:.2f}",
                "leverageStep": "0.01",
            },
            "priceFilter": {
                "minPrice": shown(contract.tick),
                "maxPrice": shown(contract.tick * 20_000_000),
                "tickSize": shown(contract.tick),
            },
            "lotSizeFilter": {
                "maxOrderQty": shown(contract.lot * LARGEST_ORDER),
                "minOrderQty": shown(contract.min_quantity or contract.lot),
                "qtyStep": shown(contract.lot),
                "postOnlyMaxOrderQty": shown(contract.lot * LARGEST_ORDER),
                "maxMktOrderQty": shown(contract.lot * LARGEST_ORDER),
                "minNotionalValue": shown(contract.min_notional),
            },
            "unifiedMarginTrade": True,
            "fundingInterval": 0 if parts.dated else contract.funding_interval_ms // MINUTE_MS,
            "settleCoin": parts.settlement,
            "copyTrading": "none",
            "upperFundingRate": "0.00375",
            "lowerFundingRate": "-0.00375",
            "isPreListing": False,
            "preListingInfo": None,
            "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
        }


def book_row(world: World, names: Names, symbol: Symbol, levels: int) -> Json:
    """So many levels of each side."""
    bids, asks = world.market.book(symbol, levels)
    now_ms = world.clock.now_ms()
    return {
        "s": names[symbol],
        "b": [[shown(price), shown(size)] for price, size in bids],
        "a": [[shown(price), shown(size)] for price, size in asks],
        "ts": now_ms,
        "u": now_ms,
        "seq": now_ms,
        "cts": now_ms,
    }


def ticker_row(world: World, names: Names, ticker: Ticker) -> dict[str, Any]:
    """The prices of one symbol, as REST and the snapshot of the stream tell them."""
    contract = ticker.contract
    day = world.market.day(contract.symbol, world.clock.now_ms())
    bids, asks = world.market.book(contract.symbol, 1)
    volume = day.volume if day else ZERO
    opened = day.open if day else ticker.last
    perpetual = contract.expiry_ms is None
    return {
        "symbol": names[contract.symbol],
        "lastPrice": shown(ticker.last),
        "indexPrice": shown(ticker.index),
        "markPrice": shown(ticker.mark),
        "prevPrice24h": shown(opened),
        "price24hPcnt": shown((ticker.last / opened - 1).quantize(Decimal("0.000001"))),
        "highPrice24h": shown(day.high if day else ticker.last),
        "lowPrice24h": shown(day.low if day else ticker.last),
        "prevPrice1h": shown(opened),
        "openInterest": shown(ticker.open_interest),
        "openInterestValue": shown(
            contract.notional(ticker.open_interest, ticker.mark).quantize(Decimal("0.01"))
        ),
        "turnover24h": shown(contract.notional(volume, ticker.last).quantize(Decimal("0.0001"))),
        "volume24h": shown(volume),
        "fundingRate": shown(ticker.funding_rate) if perpetual else "",
        "nextFundingTime": str(ticker.next_funding_ms) if perpetual else "0",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0" if perpetual else str(contract.expiry_ms),
        "bid1Price": shown(bids[0][0]) if bids else "",
        "bid1Size": shown(bids[0][1]) if bids else "",
        "ask1Price": shown(asks[0][0]),
        "ask1Size": shown(asks[0][1]),
    }


def tier_rows(contract: Contract) -> Iterator[dict[str, Any]]:
    """The risk limits of a contract; ``mmDeduction`` of the lowest is empty."""
    for number, tier in enumerate(contract.tiers, start=1):
        leverage = tier.max_leverage or contract.max_leverage
        yield {
            "id": number,
            "symbol": name_of(contract),
            "riskLimitValue": shown(HUGE if tier.cap is None else tier.cap),
            "maintenanceMargin": shown(tier.rate),
            "initialMargin": shown((ONE / leverage).quantize(Decimal("0.0001"))),
            "isLowestRisk": int(number == 1),
            "maxLeverage": f"{leverage:.2f}",
            "mmDeduction": shown_or(tier.deduction or None),
        }


def kline_row(bar: Bar) -> list[str]:
    """Start, open, high, low, close, volume, turnover."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    turnover = bar.volume * bar.close
    return [str(bar.open_ms), *(shown(price) for price in prices), shown(bar.volume), shown(turnover)]
