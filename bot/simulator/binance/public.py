"""Market data of now over REST ("Market Data Endpoints"); what was is in ``history``."""

from __future__ import annotations

from typing import Any

from bot.core.contracts import Contract
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.listing import exchange_info
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import market_id, pair_of
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.market import Bar

HOUR_MS = 3_600_000


class PublicData:
    """Answers what anybody may ask."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        handlers = {
            "v1/ping": lambda _: {},
            "v1/time": lambda _: {"serverTime": self._office.now_ms},
            "v1/exchangeInfo": self._info,
            "v1/premiumIndex": self._premium,
            "v1/depth": self._depth,
            "v1/ticker/price": self._price,
            "v2/ticker/price": self._price,
            "v1/ticker/bookTicker": self._best,
            "v1/ticker/24hr": self._day,
            "v1/fundingInfo": self._intervals,
            "v1/openInterest": self._interest,
            "v1/rpiDepth": self._depth,
            "v1/indexInfo": self._composites,
            "v1/insuranceBalance": self._insurance,
        }
        return {("GET", path): Route(Security.NONE, handler) for path, handler in handlers.items()}

    def _info(self, _: Ask) -> Json:
        office = self._office
        return exchange_info(office.section, office.contracts, office.world.market, office.now_ms)

    def _premium(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        rows = [premium(self._office, c) for c in self._office.chosen(ask) if self._known(c)]
        return self._one_or_all(ask, rows)

    def _depth(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        limit = ask.integer("limit", 500)
        return (
            self._book(contract, limit)
            if self._known(contract)
            else {"lastUpdateId": 0, "bids": [], "asks": []}
        )

    def _book(self, contract: Contract, limit: int) -> Json:
        market, now_ms = self._office.world.market, self._office.now_ms
        bids, asks = market.book(contract.symbol, min(limit, 1000))
        return {
            "lastUpdateId": market[contract.symbol].trades,
            "E": now_ms,
            "T": now_ms,
            "bids": levels(self._office, contract, bids),
            "asks": levels(self._office, contract, asks),
        }

    def _price(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        market = self._office.world.market
        rows = [
            {
                "symbol": market_id(c),
                "ps": pair_of(c),
                "price": plain(market[c.symbol].last),
                "time": market[c.symbol].updated_ms,
            }
            for c in self._office.chosen(ask)
            if self._known(c)
        ]
        return self._one_or_all(ask, rows)

    def _best(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        rows = [best(self._office, c) for c in self._office.chosen(ask) if self._known(c)]
        return self._one_or_all(ask, rows)

    def _day(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        rows = [day(self._office, c) for c in self._office.chosen(ask) if self._known(c)]
        return self._one_or_all(ask, rows)

    def _intervals(self, _: Ask) -> list[Json]:
        """Symbols whose interval or cap was adjusted; here all that do not settle every eight hours."""
        return [
            {
                "symbol": market_id(contract),
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": contract.funding_interval_ms // HOUR_MS,
                "disclaimer": False,
            }
            for contract in self._office.contracts.values()
            if contract.expiry_ms is None and contract.funding_interval_ms != 8 * HOUR_MS
        ]

    def _interest(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        ticker = self._office.world.market[contract.symbol]
        amount = self._office.section.quantity_out(contract, ticker.open_interest)
        return {"symbol": market_id(contract), "openInterest": plain(amount), "time": self._office.now_ms}

    def _composites(self, ask: Ask) -> list[Json]:
        """Composite index symbols; none is listed."""
        if ask.params.get("symbol"):
            raise BinanceError(-1121)
        return []

    def _insurance(self, ask: Ask) -> Any:  # noqa: ANN401 - JSON
        """What the insurance funds have: there is one of each settlement currency."""
        pots, contracts = self._office.world.exchange.figures().pots, self._office.contracts.values()
        groups: list[Json] = [
            {
                "symbols": [market_id(c) for c in contracts if c.settlement == asset],
                "assets": [
                    {
                        "asset": asset,
                        "marginBalance": plain(pots[asset].insurance_fund),
                        "updateTime": self._office.now_ms,
                    }
                ],
            }
            for asset in dict.fromkeys(contract.settlement for contract in contracts)
        ]
        if not ask.params.get("symbol"):
            return groups
        wanted = market_id(self._office.contract(ask))
        return next(group for group in groups if wanted in group["symbols"])

    def _known(self, contract: Contract) -> bool:
        return self._office.world.market[contract.symbol].known

    def _one_or_all(self, ask: Ask, rows: list[Json]) -> Any:  # noqa: ANN401 - JSON
        """An object where a symbol was named, else a list; COIN-M always answers a list."""
        if ask.params.get("symbol") and not self._office.section.inverse:
            if not rows:
                raise BinanceError(-1121)
            return rows[0]
        return rows


def premium(office: Office, contract: Contract) -> Json:
    """Mark, index and funding of one symbol ("Mark Price"); quarterlies have no funding.

    The time is that of the answer: an exchange computes its marks every second, moved or not.
    """
    ticker = office.world.market[contract.symbol]
    dated = contract.expiry_ms is not None
    return {
        "symbol": market_id(contract),
        "pair": pair_of(contract),
        "markPrice": plain(ticker.mark),
        "indexPrice": plain(ticker.index),
        "estimatedSettlePrice": plain(ticker.index),
        "lastFundingRate": "" if dated else plain(ticker.funding_rate),
        "interestRate": "" if dated else "0.00010000",
        "nextFundingTime": 0 if dated else ticker.next_funding_ms,
        "time": office.now_ms,
    }


def best(office: Office, contract: Contract) -> Json:
    """Best bid and ask of one symbol."""
    bids, asks = office.world.market.book(contract.symbol, 1)
    (bid, bid_qty), (ask, ask_qty) = levels(office, contract, bids)[0], levels(office, contract, asks)[0]
    return {
        "lastUpdateId": office.world.market[contract.symbol].trades,
        "symbol": market_id(contract),
        "bidPrice": bid,
        "bidQty": bid_qty,
        "askPrice": ask,
        "askQty": ask_qty,
        "time": office.world.market[contract.symbol].updated_ms,
    }


def day(office: Office, contract: Contract) -> Json:
    """The last 24 hours of one symbol."""
    bar, ticker = day_bar(office, contract), office.world.market[contract.symbol]
    change = ticker.last - bar.open
    return {
        "symbol": market_id(contract),
        "priceChange": plain(change),
        "priceChangePercent": plain(round(change / bar.open * 100, 3)),
        "weightedAvgPrice": plain(ticker.last),
        "lastPrice": plain(ticker.last),
        "lastQty": plain(contract.lot),
        "openPrice": plain(bar.open),
        "highPrice": plain(bar.high),
        "lowPrice": plain(bar.low),
        "volume": plain(bar.volume),
        "quoteVolume": plain(bar.volume * ticker.last),
        "openTime": bar.open_ms,
        "closeTime": office.now_ms,
        "firstId": 1,
        "lastId": ticker.trades,
        "count": bar.trades,
    }


def day_bar(office: Office, contract: Contract) -> Bar:
    """The same as one bar."""
    bar = office.world.market.day(contract.symbol, office.now_ms)
    assert bar is not None, f"{contract.symbol}: a price without a bar"
    return bar


def levels(office: Office, contract: Contract, side: Any) -> list[list[str]]:  # noqa: ANN401 - levels
    """Levels of a book as they are sent."""
    return [[plain(price), plain(office.section.quantity_out(contract, q))] for price, q in side]
