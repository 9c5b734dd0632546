"""What is public on OKX: the clock, instruments, tiers, marks, funding, tickers, bars, the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.types import ONE, ZERO
from bot.simulator.market import Bar, Ticker
from bot.simulator.okx.names import Names, family_of, size_of, type_of
from bot.simulator.okx.replies import OkxError, missing, parameter
from bot.simulator.spelling import Json, shown
from bot.simulator.symbols import parts_of
from bot.simulator.world import World

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BARS = {
    **{f"{minutes}m": minutes * MINUTE_MS for minutes in (1, 3, 5, 15, 30)},
    **{f"{hours}H": hours * HOUR_MS for hours in (1, 2, 4, 6, 12)},
    "1D": 24 * HOUR_MS,
    "6Hutc": 6 * HOUR_MS,
    "12Hutc": 12 * HOUR_MS,
    "1Dutc": 24 * HOUR_MS,
}
"""``bar``. Those of six hours and more begin by UTC+8 there unless they say utc; here all by UTC."""
HUGE = Decimal(100_000_000)
"""``maxSz`` of the last tier of a table without an end."""
Given = Mapping[str, str]


class PublicDesk:
    """Answers what needs no key."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def time(self, _: Given) -> Json:
        """``public/time``."""
        return [{"ts": str(self._world.clock.now_ms())}]

    def instruments(self, given: Given) -> Json:
        """``public/instruments``. There is no spot and no option."""
        if not given.get("instType"):
            raise missing("instType")
        return [self._instrument(contract) for contract in self._contracts(given)]

    def tiers(self, given: Given) -> Json:
        """``public/position-tiers``: by family, counted in contracts."""
        for name in ("instType", "tdMode"):
            if not given.get(name):
                raise missing(name)
        family = given.get("instFamily") or given.get("uly")
        if not family:
            raise missing("instFamily")
        families = family.split(",")
        seen: dict[str, Contract] = {}
        for contract in self._contracts({"instType": given["instType"]}):
            if family_of(contract) in families:
                seen.setdefault(family_of(contract), contract)
        return [row for contract in seen.values() for row in tier_rows(contract)]

    def marks(self, given: Given) -> Json:
        """``public/mark-price``."""
        tickers = [self._world.market[contract.symbol] for contract in self._contracts(given)]
        return [mark_row(self._world, self._names, ticker) for ticker in tickers if ticker.known]

    def funding(self, given: Given) -> Json:
        """``public/funding-rate``: of one swap, or of ``ANY``."""
        if not given.get("instId"):
            raise missing("instId")
        asked = {"instType": "SWAP"} if given["instId"] == "ANY" else given
        contracts = list(self._contracts(asked))
        if any(contract.expiry_ms is not None for contract in contracts):
            raise parameter("instId")
        return [funding_row(self._world, self._names, self._world.market[c.symbol]) for c in contracts]

    def tickers(self, given: Given) -> Json:
        """``market/ticker`` and ``market/tickers``."""
        tickers = [self._world.market[contract.symbol] for contract in self._contracts(given)]
        return [ticker_row(self._world, self._names, ticker) for ticker in tickers if ticker.known]

    def candles(self, given: Given) -> Json:
        """``market/candles`` and ``history-candles``: newest first, the one still open with ``confirm`` 0."""
        contract, length = self._one(given), BARS.get(given.get("bar") or "1m")
        if length is None:
            raise parameter("bar")
        before, after = int(given.get("before") or -1), int(given.get("after") or 2**62)
        limit, now_ms = min(int(given.get("limit") or 100), 300), self._world.clock.now_ms()
        bars = [b for b in self._world.market.bars(contract.symbol, length) if before < b.open_ms < after]
        return [
            bar_row(contract, bar, over=bar.open_ms + length <= now_ms) for bar in reversed(bars[-limit:])
        ]

    def book(self, given: Given) -> Json:
        """``market/books``."""
        return [book_row(self._world, self._one(given), min(int(given.get("sz") or 1), 400))]

    def open_interest(self, given: Given) -> Json:
        """``public/open-interest``."""
        rows = []
        for contract in self._contracts(given):
            quantity = self._world.market[contract.symbol].open_interest
            rows.append(
                {
                    "instType": type_of(contract),
                    "instId": self._names[contract.symbol],
                    "oi": shown(size_of(contract, quantity)),
                    "oiCcy": shown(quantity),
                    "oiUsd": "",
                    "ts": str(self._world.clock.now_ms()),
                }
            )
        return rows

    def _one(self, given: Given) -> Contract:
        if not given.get("instId"):
            raise missing("instId")
        return next(self._contracts(given))

    def _contracts(self, given: Given) -> Iterator[Contract]:
        if given.get("instId"):
            found = self._names.find(given["instId"])
            if found is None:
                raise OkxError("51001")
            yield found
            return
        for name in self._names:
            contract = self._names.find(name)
            assert contract is not None, f"{name} is listed"
            family = given.get("instFamily") or given.get("uly") or family_of(contract)
            if type_of(contract) == (given.get("instType") or type_of(contract)) and family == family_of(
                contract
            ):
                yield contract

    def _instrument(self, contract: Contract) -> Json:
        parts, dated = parts_of(contract.symbol), contract.expiry_ms is not None
        linear = contract.kind is ContractKind.LINEAR
        smallest = max(contract.min_quantity, contract.lot)
        return {
            "instType": type_of(contract),
            "instId": self._names[contract.symbol],
            "uly": family_of(contract),
            "instFamily": family_of(contract),
            "category": "1",
            "baseCcy": "",
            "quoteCcy": "",
            "settleCcy": contract.settlement,
            "ctVal": shown(contract.contract_size),
            "ctMult": "1",
            "ctValCcy": parts.base if linear else parts.quote,
            "optType": "",
            "stk": "",
            "listTime": str(self._world.market[contract.symbol].listed_ms),
            "contTdSwTime": "",
            "expTime": str(contract.expiry_ms or ""),
            "lever": shown(contract.max_leverage),
            "tickSz": shown(contract.tick),
            "lotSz": shown(size_of(contract, contract.lot)),
            "minSz": shown(size_of(contract, smallest)),
            "ctType": "linear" if linear else "inverse",
            "alias": "quarter" if dated else "",
            "state": "suspend" if self._world.market[contract.symbol].halted else "live",
            "ruleType": "normal",
            "maxLmtSz": shown(HUGE),
            "maxMktSz": shown(HUGE),
            "maxTriggerSz": shown(HUGE),
            "maxStopSz": shown(HUGE),
        }


def tier_rows(contract: Contract) -> Iterator[Json]:
    """The tiers of a family: each begins a lot above the one before."""
    lot = size_of(contract, contract.lot)
    for number, tier in enumerate(contract.tiers, start=1):
        leverage = tier.max_leverage or contract.max_leverage
        yield {
            "tier": str(number),
            "uly": family_of(contract),
            "instFamily": family_of(contract),
            "instId": "",
            "minSz": shown(tier.floor + lot if tier.floor else ZERO),
            "maxSz": shown(HUGE if tier.cap is None else tier.cap),
            "mmr": shown(tier.rate),
            "imr": shown((ONE / leverage).quantize(Decimal("0.0001"))),
            "maxLever": shown(leverage),
            "optMgnFactor": "0",
            "quoteMaxLoan": "",
            "baseMaxLoan": "",
        }


def mark_row(world: World, names: Names, ticker: Ticker) -> Json:
    """A mark price."""
    contract = ticker.contract
    return {
        "instType": type_of(contract),
        "instId": names[contract.symbol],
        "markPx": shown(ticker.mark),
        "ts": str(world.clock.now_ms()),
    }


def funding_row(world: World, names: Names, ticker: Ticker) -> Json:
    """``fundingRate`` is settled at ``fundingTime``, which is the next settlement."""
    interval = ticker.contract.funding_interval_ms
    return {
        "formulaType": "withRate",
        "fundingRate": shown(ticker.funding_rate),
        "fundingTime": str(ticker.next_funding_ms),
        "impactValue": "",
        "instId": names[ticker.contract.symbol],
        "instType": "SWAP",
        "interestRate": "0.0001",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str(ticker.next_funding_ms + interval),
        "premium": "",
        "settFundingRate": shown(ticker.funding_rate),
        "settState": "settled",
        "ts": str(world.clock.now_ms()),
    }


def book_row(world: World, contract: Contract, levels: int) -> Json:
    """So many levels of each side, in contracts."""
    bids, asks = world.market.book(contract.symbol, levels)

    def level(price: Decimal, quantity: Decimal) -> list[str]:
        return [shown(price), shown(size_of(contract, quantity)), "0", "1"]

    ts = str(world.clock.now_ms())
    return {"asks": [level(*a) for a in asks], "bids": [level(*b) for b in bids], "ts": ts}


def ticker_row(world: World, names: Names, ticker: Ticker) -> Json:
    """Last price, best prices and the day."""
    contract = ticker.contract
    day = world.market.day(contract.symbol, world.clock.now_ms())
    bids, asks = world.market.book(contract.symbol, 1)
    volume = day.volume if day else ZERO
    return {
        "instType": type_of(contract),
        "instId": names[contract.symbol],
        "last": shown(ticker.last),
        "lastSz": shown(size_of(contract, contract.lot)),
        "askPx": shown(asks[0][0]),
        "askSz": shown(size_of(contract, asks[0][1])),
        "bidPx": shown(bids[0][0]) if bids else "",
        "bidSz": shown(size_of(contract, bids[0][1])) if bids else "",
        "open24h": shown(day.open if day else ticker.last),
        "high24h": shown(day.high if day else ticker.last),
        "low24h": shown(day.low if day else ticker.last),
        "volCcy24h": shown(volume),
        "vol24h": shown(size_of(contract, volume)),
        "sodUtc0": shown(day.open if day else ticker.last),
        "sodUtc8": shown(day.open if day else ticker.last),
        "ts": str(world.clock.now_ms()),
    }


def bar_row(contract: Contract, bar: Bar, *, over: bool) -> list[str]:
    """Time, four prices, volume in contracts, in coins and in quote currency, and whether it is over."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    volumes = (size_of(contract, bar.volume), bar.volume, bar.volume * bar.close)
    return [str(bar.open_ms), *(shown(p) for p in prices), *(shown(v) for v in volumes), "1" if over else "0"]
