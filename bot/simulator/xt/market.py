"""What is public at XT: contracts, brackets, marks, funding, tickers, bars, the book."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import ONE, ZERO
from bot.simulator.market import Bar, Ticker
from bot.simulator.spelling import Json, shown
from bot.simulator.symbols import parts_of
from bot.simulator.world import World
from bot.simulator.xt.names import Names, name_of, size_of
from bot.simulator.xt.replies import XtError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
INTERVALS = {
    **{f"{minutes}m": minutes * MINUTE_MS for minutes in (1, 5, 15, 30)},
    **{f"{hours}h": hours * HOUR_MS for hours in (1, 2, 4, 6, 8)},
    "1d": 24 * HOUR_MS,
}
HUGE = Decimal(1_000_000_000)
"""``maxNominalValue`` of the last bracket of a table without an end."""
BARS_MAX = 1500
Given = Mapping[str, str]


class PublicDesk:
    """Answers what needs no key."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def contracts(self, given: Given) -> Json:
        """``symbol/list``."""
        return [contract_row(self._world, contract) for contract in self._names]

    def contract(self, given: Given) -> Json:
        """``symbol/detail``."""
        return contract_row(self._world, self._names.find(given.get("symbol")))

    def brackets(self, given: Given) -> Json:
        """``leverage/bracket/list``."""
        return [brackets_of(contract) for contract in self._names]

    def bracket(self, given: Given) -> Json:
        """``leverage/bracket/detail``."""
        return brackets_of(self._names.find(given.get("symbol")))

    def marks(self, given: Given) -> Json:
        """``q/mark-price``: of all contracts."""
        return [self._price(ticker, ticker.mark) for ticker in self._tickers("")]

    def mark(self, given: Given) -> Json:
        """``q/symbol-mark-price``."""
        ticker = self._world.market[self._names.find(given.get("symbol")).symbol]
        return self._price(ticker, ticker.mark)

    def indexes(self, given: Given) -> Json:
        """``q/index-price``: of all contracts."""
        return [self._price(ticker, ticker.index) for ticker in self._tickers("")]

    def _price(self, ticker: Ticker, price: Decimal) -> Json:
        return {"p": shown(price), "s": name_of(ticker.contract), "t": self._world.clock.now_ms()}

    def funding(self, given: Given) -> Json:
        """``q/funding-rate``: the rate that is settled at ``nextCollectionTime``."""
        contract = self._names.find(given.get("symbol"))
        ticker = self._world.market[contract.symbol]
        return {
            "symbol": name_of(contract),
            "fundingRate": shown(ticker.funding_rate),
            "nextCollectionTime": ticker.next_funding_ms,
            "collectionInternal": contract.funding_interval_ms // HOUR_MS,
        }

    def ticker(self, given: Given) -> Json:
        """``q/agg-ticker``."""
        return ticker_row(self._world, self._world.market[self._names.find(given.get("symbol")).symbol])

    def tickers(self, given: Given) -> Json:
        """``q/agg-tickers``."""
        return [ticker_row(self._world, ticker) for ticker in self._tickers("")]

    def klines(self, given: Given) -> Json:
        """``q/kline``: newest first, the open one among them."""
        contract, length = self._names.find(given.get("symbol")), INTERVALS.get(given.get("interval", ""))
        if length is None:
            raise XtError("invalid_params")
        begin, end = int(given.get("startTime") or 0), int(given.get("endTime") or 2**62)
        bars = [b for b in self._world.market.bars(contract.symbol, length) if begin <= b.open_ms <= end]
        limit = min(int(given.get("limit") or 500), BARS_MAX)
        return [bar_row(contract, bar) | {"p": name_of(contract)} for bar in reversed(bars[-limit:])]

    def depth(self, given: Given) -> Json:
        """``q/depth``."""
        return depth_row(
            self._world, self._names.find(given.get("symbol")), min(int(given.get("level") or 50), 50)
        )

    def open_interest(self, given: Given) -> Json:
        """``contract/open-interest``."""
        contract = self._names.find(given.get("symbol"))
        ticker = self._world.market[contract.symbol]
        return {
            "symbol": name_of(contract),
            "openInterest": shown(ticker.open_interest),
            "openInterestUsd": shown(ticker.open_interest * ticker.mark),
            "time": self._world.clock.now_ms(),
        }

    def _tickers(self, name: str) -> list[Ticker]:
        found = [self._world.market[contract.symbol] for contract in self._names.some(name)]
        return [ticker for ticker in found if ticker.known]


def contract_row(world: World, contract: Contract) -> Json:
    """A contract. ``deliveryDate`` of a perpetual means nothing."""
    parts, size = parts_of(contract.symbol), contract.contract_size
    lot = contract.lot / size
    return {
        "id": 52,
        "symbolGroupId": 71,
        "symbol": name_of(contract),
        "pair": name_of(contract),
        "contractType": "PERPETUAL",
        "productType": "perpetual",
        "predictEventType": None,
        "underlyingType": "U_BASED",
        "contractSize": shown(size),
        "tradeSwitch": not world.market[contract.symbol].halted,
        "isDisplay": True,
        "isOpenApi": True,
        "state": 0,
        "initLeverage": 20,
        "initPositionType": "CROSSED",
        "baseCoin": parts.base.lower(),
        "quoteCoin": parts.quote.lower(),
        "baseCoinPrecision": 8,
        "baseCoinDisplayPrecision": 4,
        "quoteCoinPrecision": 8,
        "quoteCoinDisplayPrecision": _decimals(contract.margin_step or Decimal("0.0001")),
        "quantityPrecision": _decimals(lot),
        "pricePrecision": _decimals(contract.tick),
        "supportOrderType": "LIMIT,MARKET",
        "supportTimeInForce": "GTC,FOK,IOC,GTX",
        "supportEntrustType": "TAKE_PROFIT,STOP,TAKE_PROFIT_MARKET,STOP_MARKET,TRAILING_STOP_MARKET",
        "supportPositionType": "CROSSED,ISOLATED",
        "minQty": shown(max(contract.min_quantity / size, lot)),
        "minNotional": shown(contract.min_notional),
        "maxNotional": "20000000",
        "multiplierDown": "0.1",
        "multiplierUp": "0.1",
        "maxOpenOrders": 200,
        "maxEntrusts": 200,
        "makerFee": shown(world.model.maker_fee),
        "takerFee": shown(world.model.taker_fee),
        "liquidationFee": "0.01",
        "marketTakeBound": "0.1",
        "depthPrecisionMerge": 5,
        "labels": ["HOT"],
        "onboardDate": world.market[contract.symbol].listed_ms,
        "enName": name_of(contract).replace("_", "").upper(),
        "cnName": name_of(contract).replace("_", "").upper(),
        "minStepPrice": shown(contract.tick),
        "minPrice": None,
        "maxPrice": None,
        "deliveryDate": 1669879634000,
        "deliveryPrice": None,
        "deliveryCompletion": False,
        "cnDesc": None,
        "enDesc": None,
    }


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def brackets_of(contract: Contract) -> Json:
    """The brackets of a contract: each begins where the one before ends, and knows no deduction."""
    name = name_of(contract)
    return {
        "symbol": name,
        "leverageBrackets": [
            {
                "symbol": name,
                "bracket": number,
                "maxNominalValue": shown(HUGE if tier.cap is None else tier.cap),
                "maintMarginRate": shown(tier.rate),
                "startMarginRate": shown(ONE / (tier.max_leverage or contract.max_leverage)),
                "maxStartMarginRate": None,
                "maxLeverage": shown(tier.max_leverage or contract.max_leverage),
                "minLeverage": "1",
            }
            for number, tier in enumerate(contract.tiers, start=1)
        ],
    }


def ticker_row(world: World, ticker: Ticker) -> Json:
    """Last, index, mark and best prices and the day; ``r`` is the change of the day."""
    contract, now_ms = ticker.contract, world.clock.now_ms()
    day = world.market.day(contract.symbol, now_ms)
    bids, asks = world.market.book(contract.symbol, 1)
    opened = day.open if day else ticker.last
    volume = day.volume if day else ZERO
    return {
        "s": name_of(contract),
        "o": shown(opened),
        "c": shown(ticker.last),
        "h": shown(day.high if day else ticker.last),
        "l": shown(day.low if day else ticker.last),
        "a": shown(size_of(contract, volume)),
        "v": shown(volume * ticker.last),
        "r": shown(((ticker.last - opened) / opened).quantize(Decimal("0.0001"))),
        "i": shown(ticker.index),
        "m": shown(ticker.mark),
        "bp": shown(bids[0][0]) if bids else "0",
        "ap": shown(asks[0][0]) if asks else "0",
        "t": now_ms,
    }


def bar_row(contract: Contract, bar: Bar) -> Json:
    """A bar; ``t`` is when it began."""
    return {
        "s": name_of(contract),
        "t": bar.open_ms,
        "o": shown(bar.open),
        "c": shown(bar.close),
        "h": shown(bar.high),
        "l": shown(bar.low),
        "a": shown(size_of(contract, bar.volume)),
        "v": shown(bar.volume * bar.close),
    }


def depth_row(world: World, contract: Contract, levels: int) -> Json:
    """The book, in contracts."""
    bids, asks = world.market.book(contract.symbol, levels)
    now_ms = world.clock.now_ms()
    return {
        "s": name_of(contract),
        "id": str(now_ms),
        "a": [[shown(price), shown(size_of(contract, quantity))] for price, quantity in asks],
        "b": [[shown(price), shown(size_of(contract, quantity))] for price, quantity in bids],
        "t": now_ms,
    }
