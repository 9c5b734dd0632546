"""The streams of Bybit: which ones are subscribed, and what their messages say.

Tickers come as one snapshot and then as what changed. Nothing is kept here between two messages, so what a
message does not contain is not said: a mark price is in it whenever it moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from operator import methodcaller
from typing import Any

from bot.core.facts import (
    MET,
    BarClosed,
    Book,
    Deleveraged,
    Fact,
    LastPrice,
    Link,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
)
from bot.core.timeframe import format_timeframe
from bot.core.types import AccountName, PositionId, Symbol
from bot.venues.live.dialects.bybit.market import INTERVALS, bar, funding, interval
from bot.venues.live.dialects.bybit.rows import (
    PLAIN,
    client_id,
    closed_side,
    fill,
    instrument_of,
    is_ours,
)
from bot.venues.live.levels import book, levels
from bot.venues.live.portions import portions
from bot.venues.live.rows import Row, above_nought, given, ms, row, rows, text, text_if_given
from bot.venues.live.terms import Heard, Instrument, Listing, Payload, Subscription, Wanted

RECV_WINDOW_MS = 3_000
TOPICS_A_CALL = 100
"""A connection takes 21,000 characters of topics in one request; this many are about 3,000."""
PRIVATE = frozenset({"position", "order", "execution", "wallet"})
TIMEFRAMES = {name: timeframe_ms for timeframe_ms, name in INTERVALS.items()}
DERIVATIVES = frozenset({"linear", "inverse"})


class BybitStreams:
    """Subscribes and listens; see ``Streams``."""

    def client_options(self) -> Mapping[str, Any]:
        """No probing of the account type, no coins (they need another right), no spot and no options."""
        return {
            "has": {"fetchCurrencies": False},
            "options": {
                "recvWindow": RECV_WINDOW_MS,
                "defaultType": "swap",
                "enableUnifiedMargin": False,
                "enableUnifiedAccount": True,
                "unifiedMarginStatus": 6,
                "fetchMarkets": {"types": ["linear", "inverse"], "usePrivateInstrumentsInfo": False},
                "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
            },
        }

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        """Tickers, bars and books; linear and inverse contracts have a connection each."""
        by_family: dict[str, list[Instrument]] = {}
        for symbol in wanted.symbols:
            instrument = listing.by_symbol[symbol]
            by_family.setdefault(instrument.family, []).append(instrument)
        return [each for family, these in by_family.items() for each in _of(family, these, wanted)]

    def private_streams(self) -> Sequence[Subscription]:
        """Positions, orders, executions, wallet: four topics of one connection."""
        calls = {
            "positions": methodcaller("watch_positions"),
            "orders": methodcaller("watch_orders"),
            "executions": methodcaller("watch_my_trades"),
            "wallet": methodcaller("watch_balance"),
        }
        return [Subscription(name=name, link=Link.ACCOUNT, start=start) for name, start in calls.items()]

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        """By its topic; what has none is for ccxt: log-ins, subscriptions, pongs, and their refusals."""
        if not isinstance(message, Mapping):
            return Heard(flaw=f"a message is {message!r:.80}, expected an object")
        topic = message.get("topic")
        if topic is None:
            return Heard(pass_on=True)
        kind = str(topic).partition(".")[0]
        try:
            match kind:
                case "tickers":
                    return Heard(facts=tuple(_ticker(message, listing)), indices=_index(message, listing))
                case "kline":
                    return Heard(facts=tuple(_bars(message, listing)))
                case "orderbook":
                    return Heard(facts=(_book(message, listing),))
                case "execution":
                    return Heard(facts=tuple(_executions(account, message, listing)), account=True)
                case _ if kind in PRIVATE:
                    return Heard(account=True)
        except KeyError as error:
            return Heard(account=kind in PRIVATE, flaw=f"{topic}: {error.args[0]!r} is not listed")
        except ValueError as error:
            return Heard(account=kind in PRIVATE, flaw=f"{topic}: {error}")
        return Heard(flaw=f"topic {topic!r} was not subscribed to")


def _of(family: str, these: Sequence[Instrument], wanted: Wanted) -> Iterator[Subscription]:
    symbols = [each.symbol for each in these]
    for number, some in enumerate(portions(symbols, TOPICS_A_CALL), start=1):
        yield Subscription(
            name=f"tickers {family} {number}",
            link=Link.MARKET,
            start=methodcaller("watch_tickers", list(some)),
        )
    for number, some in enumerate(portions(symbols if wanted.book else (), TOPICS_A_CALL), start=1):
        yield Subscription(
            name=f"books {family} {number}",
            link=Link.MARKET,
            start=methodcaller("watch_bids_asks", list(some)),
        )
    for timeframe_ms in wanted.timeframes_ms:
        interval(timeframe_ms)  # Said at the start, not when the call is made.
        for sort, dated in (("", False), (" dated", True)):
            of = [each.symbol for each in these if (each.contract.expiry_ms is not None) is dated]
            yield from _bars_of(of, f"bars {family}{sort}", format_timeframe(timeframe_ms))


def _bars_of(symbols: Sequence[str], name: str, timeframe: str) -> Iterator[Subscription]:
    """Of perpetuals or of dated contracts: ccxt takes no mixture of them in one call for bars."""
    for number, some in enumerate(portions(symbols, TOPICS_A_CALL), start=1):
        yield Subscription(
            name=f"{name} {timeframe} {number}",
            link=Link.MARKET,
            start=methodcaller("watch_ohlcv_for_symbols", [[symbol, timeframe] for symbol in some]),
        )


def _ticker(message: Row, listing: Listing) -> Iterator[Fact]:
    at_ms = ms(message.get("ts"), "ts")
    data = row(message.get("data"), "data")
    instrument = listing.by_id[text(data, "symbol")]
    if "markPrice" in data:
        yield MarkPrice(at_ms=at_ms, symbol=instrument.symbol, price=above_nought(data, "markPrice"))
    if "lastPrice" in data:
        yield LastPrice(at_ms=at_ms, symbol=instrument.symbol, price=above_nought(data, "lastPrice"))
    rate = funding(data, at_ms, instrument)
    if rate is not None:
        yield rate


def _index(message: Row, listing: Listing) -> Mapping[Symbol, Decimal]:
    data = row(message.get("data"), "data")
    if not given(data, "indexPrice"):
        return {}
    return {listing.by_id[text(data, "symbol")].symbol: above_nought(data, "indexPrice")}


def _book(message: Row, listing: Listing) -> Book:
    """The best prices: at depth 1 every message is the whole of it (v5 websocket/public/orderbook)."""
    data = row(message.get("data"), "data")
    bids, asks = levels(data.get("b"), "bids"), levels(data.get("a"), "asks")
    return book(listing.by_id[text(data, "s")], ms(message.get("ts"), "ts"), bids, asks)


def _bars(message: Row, listing: Listing) -> Iterator[BarClosed]:
    _, named, symbol = (*text(message, "topic").split(".", 2), "", "")[:3]
    if named not in TIMEFRAMES:
        raise ValueError(f"interval {named!r} was not subscribed to")
    instrument = listing.by_id[symbol]
    for of in rows(message.get("data"), "data"):
        if of.get("confirm") is True:
            told = [of.get(name) for name in ("start", "open", "high", "low", "close", "volume")]
            yield bar(instrument, TIMEFRAMES[named], told)


def _executions(account: AccountName, message: Row, listing: Listing) -> Iterator[Fact]:
    for of in rows(message.get("data"), "data"):
        if text_if_given(of, "category") in DERIVATIVES:
            yield from _execution(account, of, listing)


def _execution(account: AccountName, of: Row, listing: Listing) -> Iterator[Fact]:
    """What nobody asked for at that moment: a stop of ours that was met, a liquidation, a deleveraging."""
    kind = text(of, "execType")
    met = kind == "Trade" and is_ours(of) and text_if_given(of, "stopOrderType") not in PLAIN
    if not met and kind not in {"BustTrade", "AdlTrade"}:
        return
    instrument = instrument_of(of, listing)
    id_ = PositionId(account, instrument.symbol, closed_side(of))
    at_ms, trade = ms(of.get("execTime"), "execTime"), fill(of, instrument)
    if met:
        yield Outcome(
            at_ms=at_ms,
            id=id_,
            client_id=client_id(of),
            kind=OutcomeKind.VERIFIED,
            proof=MET,
            fills=(trade,),
        )
    elif kind == "BustTrade":
        yield Liquidated(at_ms=at_ms, id=id_, quantity=trade.quantity, price=trade.price, fee=trade.fee)
    else:
        yield Deleveraged(at_ms=at_ms, id=id_, quantity=trade.quantity, price=trade.price)
