"""Public streams: which there are, and the frames of each ("Websocket Market Streams").

A frame goes out at every price and, where the exchange sends periodically, every second besides, so that a
client sees a price as soon as it is there and silence only where it was ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.core.contracts import Contract
from bot.simulator.binance.history import INTERVALS
from bot.simulator.binance.notices import CONTRACT, LIQUIDATION
from bot.simulator.binance.office import Office
from bot.simulator.binance.public import best, day, day_bar, levels
from bot.simulator.binance.section import contract_types, market_id, pair_of
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.market import Bar


@dataclass(frozen=True, slots=True)
class Topic:
    """A stream: its name as the client wrote it, the contract it is of (``None``: all), and what it tells."""

    name: str
    contract: Contract | None
    kind: str
    detail: str = ""
    continuous: bool = False
    """Whether a bar is told as that of a pair and a type of contract."""


def parse_topic(name: str, by_id: Mapping[str, Contract]) -> Topic | None:
    """What a stream name means; ``None`` for one that does not exist, which Binance takes and never fills."""
    head, _, rest = name.partition("@")
    if head.startswith("!"):
        return Topic(name, None, head[1:]) if head[1:] in OF_ALL else None
    kind, _, detail = rest.partition("@")
    if kind.startswith(CONTINUOUS):
        return _continuous(name, head, kind.removeprefix(CONTINUOUS), by_id)
    contract = by_id.get(head.upper())
    if contract is None:
        return None
    if kind.startswith("kline_"):
        interval = kind.removeprefix("kline_")
        return Topic(name, contract, "kline", interval) if interval in INTERVALS else None
    if kind.startswith("depth"):
        return Topic(name, contract, "depth", kind.removeprefix("depth"))
    if kind == "rpiDepth":  # Nobody's orders are for retail only: it is the same book.
        return Topic(name, contract, "depth")
    return Topic(name, contract, kind, detail) if kind in OF_ONE else None


def _continuous(name: str, head: str, interval: str, by_id: Mapping[str, Contract]) -> Topic | None:
    """``btcusdt_perpetual@continuousKline_1m``: of a pair and a type of contract."""
    pair, _, kind = head.upper().partition("_")
    kinds = contract_types(by_id.values())
    found = [c for c in by_id.values() if pair_of(c) == pair and kinds[c.symbol] == kind]
    if not found or interval not in INTERVALS:
        return None
    return Topic(name, found[0], "kline", interval, continuous=True)


OF_ALL = frozenset({"markPrice", "bookTicker", "ticker", "miniTicker", LIQUIDATION, CONTRACT})
OF_ONE = frozenset({"markPrice", "bookTicker", "aggTrade", "trade", "ticker", "miniTicker", LIQUIDATION})
CONTINUOUS = "continuousKline_"


class Frames:
    """Makes the frames of one section."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._by_kind: Mapping[str, Callable[[Contract], Json]] = {
            "markPrice": self._mark,
            "bookTicker": self._best,
            "aggTrade": self._trade,
            "trade": self._trade,
            "ticker": self._ticker,
            "miniTicker": self._mini,
        }

    def of(self, topic: Topic, contract: Contract) -> Json | None:
        """The present frame of a stream for one of its contracts; ``None`` where there is no price yet."""
        if not self._office.world.market[contract.symbol].known:
            return None
        if topic.kind == "kline":
            bars = self._office.world.market.bars(contract.symbol, INTERVALS[topic.detail], 1)
            return self.kline(topic, contract, bars[-1], closed=False) if bars else None
        if topic.kind == "depth":
            return self._depth(contract, int(topic.detail or 20))
        made = self._by_kind.get(topic.kind)
        return None if made is None else made(contract)

    def kline(self, topic: Topic, contract: Contract, bar: Bar, *, closed: bool) -> Json:
        """A bar, open or closed."""
        quote, interval = bar.volume * bar.close, topic.detail
        told: Json = {
            "t": bar.open_ms,
            "T": bar.open_ms + INTERVALS[interval] - 1,
            "i": interval,
            "f": 1,
            "L": bar.trades,
            "o": plain(bar.open),
            "c": plain(bar.close),
            "h": plain(bar.high),
            "l": plain(bar.low),
            "v": plain(bar.volume),
            "n": bar.trades,
            "x": closed,
            "q": plain(quote),
            "V": plain(bar.volume / 2),
            "Q": plain(quote / 2),
            "B": "0",
        }
        if topic.continuous:
            kind = contract_types(self._office.contracts.values())[contract.symbol]
            named = {"e": "continuous_kline", "ps": pair_of(contract), "ct": kind}
            return {"E": self._office.now_ms, **named, "k": told}
        name = market_id(contract)
        return {"e": "kline", "E": self._office.now_ms, "s": name, "k": told | {"s": name}}

    def _mark(self, contract: Contract) -> Json:
        ticker = self._office.world.market[contract.symbol]
        dated = contract.expiry_ms is not None
        index = plain(ticker.index)
        return {
            "e": "markPriceUpdate",
            "E": self._office.now_ms,
            "s": market_id(contract),
            "p": plain(ticker.mark),
            "i": index,
            "P": index,
            "r": "" if dated else plain(ticker.funding_rate),
            "T": 0 if dated else ticker.next_funding_ms,
        }

    def _best(self, contract: Contract) -> Json:
        row = best(self._office, contract)
        return {
            "e": "bookTicker",
            "u": row["lastUpdateId"],
            "s": row["symbol"],
            "ps": pair_of(contract),
            "b": row["bidPrice"],
            "B": row["bidQty"],
            "a": row["askPrice"],
            "A": row["askQty"],
            "T": row["time"],
            "E": self._office.now_ms,
        }

    def _trade(self, contract: Contract) -> Json:
        ticker = self._office.world.market[contract.symbol]
        return {
            "e": "aggTrade",
            "E": self._office.now_ms,
            "s": market_id(contract),
            "a": ticker.trades,
            "p": plain(ticker.last),
            "q": plain(self._office.section.quantity_out(contract, contract.lot)),
            "f": ticker.trades,
            "l": ticker.trades,
            "T": ticker.updated_ms,
            "m": False,
        }

    def _ticker(self, contract: Contract) -> Json:
        row = day(self._office, contract)
        return {
            "e": "24hrTicker",
            "E": self._office.now_ms,
            "s": row["symbol"],
            "p": row["priceChange"],
            "P": row["priceChangePercent"],
            "w": row["weightedAvgPrice"],
            "c": row["lastPrice"],
            "Q": row["lastQty"],
            "o": row["openPrice"],
            "h": row["highPrice"],
            "l": row["lowPrice"],
            "v": row["volume"],
            "q": row["quoteVolume"],
            "O": row["openTime"],
            "C": row["closeTime"],
            "F": row["firstId"],
            "L": row["lastId"],
            "n": row["count"],
        }

    def _mini(self, contract: Contract) -> Json:
        bar, last = day_bar(self._office, contract), self._office.world.market[contract.symbol].last
        return {
            "E": self._office.now_ms,
            "s": market_id(contract),
            "c": plain(last),
            "o": plain(bar.open),
            "h": plain(bar.high),
            "l": plain(bar.low),
            "v": plain(bar.volume),
            "q": plain(bar.volume * last),
            "e": "24hrMiniTicker",
        }

    def _depth(self, contract: Contract, count: int) -> Json:
        bids, asks = self._office.world.market.book(contract.symbol, count)
        number = self._office.world.market[contract.symbol].trades
        return {
            "e": "depthUpdate",
            "E": self._office.now_ms,
            "T": self._office.now_ms,
            "s": market_id(contract),
            "U": number,
            "u": number,
            "pu": number - 1,
            "b": levels(self._office, contract, bids),
            "a": levels(self._office, contract, asks),
        }
