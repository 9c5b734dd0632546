"""The streams of OKX: which ones are subscribed, and what their messages say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    Outcome,
    OutcomeKind,
)
from bot.core.types import AccountName, PositionId
from bot.venues.live.dialects.okx.market import BARS, bar_name, closed_bar, funding, mark
from bot.venues.live.dialects.okx.rows import closed_side, trade
from bot.venues.live.dialects.okx.spelling import FUTURES, SWAP, instrument_type, is_ours, read
from bot.venues.live.levels import book, levels
from bot.venues.live.portions import portions
from bot.venues.live.rows import Row, above_nought, given, items, ms, number, row, rows, text, text_if_given
from bot.venues.live.terms import Heard, Instrument, Listing, Payload, Subscription, Wanted

TOPICS_A_CALL = 100
"""A subscription may be 64 KB long; this many are about 6."""
ONLY_EVENTS = {"extraParams": '{"updateInterval": "0"}'}
"""Otherwise positions and balance are pushed every few seconds although nothing happened to them."""
ACCOUNT, POSITIONS, ORDERS, CONDITIONAL = "account", "positions", "orders", "orders-algo"
PRIVATE = frozenset({ACCOUNT, POSITIONS, ORDERS, CONDITIONAL})
CANDLE = "candle"
BOOK, LEVELS = "books5", 5
"""The five best levels of each side, whole in every message."""
WATCH_BOOKS = "watch_order_book_for_symbols"
TIMEFRAMES = {CANDLE + name: timeframe_ms for timeframe_ms, name in BARS.items()}
REGULAR = "snapshot"
LIQUIDATIONS = frozenset({"full_liquidation", "partial_liquidation"})
DELEVERAGING = "adl"


class OkxStreams:
    """Subscribes and listens; see ``Streams``."""

    def client_options(self) -> Mapping[str, Any]:
        """No coins (they need a key), no spot and no options."""
        return {
            "has": {"fetchCurrencies": False},
            "options": {"defaultType": "swap", "fetchMarkets": {"types": ["swap", "future"]}},
        }

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        """Marks, last prices, funding of perpetuals, books; bars, which have a connection of their own."""
        instruments = [listing.by_symbol[symbol] for symbol in wanted.symbols]
        symbols = [each.symbol for each in instruments]
        perpetuals = [each.symbol for each in instruments if instrument_type(each.contract) == SWAP]
        found = [
            *_calls("marks", symbols, lambda some: methodcaller("watch_mark_prices", some)),
            *_calls("last prices", symbols, lambda some: methodcaller("watch_tickers", some)),
            *_calls("funding", perpetuals, lambda some: methodcaller("watch_funding_rates", some)),
        ]
        if wanted.book:
            found += _calls("books", symbols, lambda some: methodcaller(WATCH_BOOKS, some, LEVELS))
        for timeframe_ms in wanted.timeframes_ms:
            found += _bars_of(symbols, bar_name(timeframe_ms))
        return found

    def private_streams(self) -> Sequence[Subscription]:
        """Three topics of one connection, and the conditional orders on the one where the bars are."""
        calls = {
            "positions": methodcaller("watch_positions", params=dict(ONLY_EVENTS)),
            "balance": methodcaller("watch_balance", params=dict(ONLY_EVENTS)),
            "orders": methodcaller("watch_orders"),
            "conditional orders": methodcaller("watch_orders", params={"trigger": True}),
        }
        return [Subscription(name=name, link=Link.ACCOUNT, start=start) for name, start in calls.items()]

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        """By its channel; events and pongs, which are plain text, are for ccxt."""
        if isinstance(message, str):
            return Heard(pass_on=True)
        if not isinstance(message, Mapping):
            return Heard(flaw=f"a message is {message!r:.80}, expected an object")
        if "event" in message:
            return Heard(pass_on=True)
        channel = ""
        try:
            channel = text(row(message.get("arg"), "arg"), "channel")
            if channel in (ACCOUNT, POSITIONS):
                return Heard(account=message.get("eventType") != REGULAR)
            facts = tuple(_facts(channel, account, message, listing))
        except KeyError as error:
            return Heard(account=channel in PRIVATE, flaw=f"{channel}: {error.args[0]!r} is not listed")
        except ValueError as error:
            return Heard(account=channel in PRIVATE, flaw=f"{channel}: {error}")
        return Heard(facts=facts, account=channel in PRIVATE)


def _facts(channel: str, account: AccountName, message: Row, listing: Listing) -> Iterator[Fact]:
    if channel in TIMEFRAMES:
        yield from _bars(channel, message, listing)
        return
    data = rows(message.get("data"), "data")
    match channel:
        case "books5":
            instrument = _instrument(row(message.get("arg"), "arg"), listing)
            for of in data:
                yield _book(of, instrument)
        case "mark-price":
            for of in data:
                yield mark(of, _instrument(of, listing))
        case "funding-rate":
            for of in data:
                yield funding(of, _instrument(of, listing))
        case "tickers":
            for of in data:
                yield LastPrice(
                    at_ms=ms(of.get("ts"), "ts"),
                    symbol=_instrument(of, listing).symbol,
                    price=above_nought(of, "last"),
                )
        case "orders":
            for of in data:
                if text_if_given(of, "instType") in (SWAP, FUTURES):
                    yield from _traded(account, of, listing)
        case "orders-algo":
            pass
        case _:
            raise ValueError("was not subscribed to")


def _instrument(of: Row, listing: Listing) -> Instrument:
    return listing.by_id[text(of, "instId")]


def _book(of: Row, instrument: Instrument) -> Book:
    size = instrument.contract.contract_size
    bids, asks = levels(of.get("bids"), "bids", size), levels(of.get("asks"), "asks", size)
    return book(instrument, ms(of.get("ts"), "ts"), bids, asks)


def _bars(channel: str, message: Row, listing: Listing) -> Iterator[BarClosed]:
    instrument = _instrument(row(message.get("arg"), "arg"), listing)
    for fields in items(message.get("data"), "data"):
        bar = closed_bar(instrument, TIMEFRAMES[channel], items(fields, "a bar"))
        if bar is not None:
            yield bar


def _traded(account: AccountName, of: Row, listing: Listing) -> Iterator[Fact]:
    """What nobody asked for at that moment: a stop of ours that was met, a liquidation, a deleveraging."""
    category, ours = text_if_given(of, "category"), text_if_given(of, "algoClOrdId")
    forced = category in LIQUIDATIONS or category == DELEVERAGING
    if not (forced or is_ours(ours)) or not given(of, "fillSz") or number(of, "fillSz") == 0:
        return
    instrument = _instrument(of, listing)
    id_ = PositionId(account, instrument.symbol, closed_side(of))
    at_ms, done = ms(of.get("fillTime"), "fillTime"), trade(of, instrument)
    if category == DELEVERAGING:
        yield Deleveraged(at_ms=at_ms, id=id_, quantity=done.quantity, price=done.price)
    elif forced:
        yield Liquidated(at_ms=at_ms, id=id_, quantity=done.quantity, price=done.price, fee=done.fee)
    else:
        yield Outcome(
            at_ms=at_ms,
            id=id_,
            client_id=read(ours, ours),
            kind=OutcomeKind.VERIFIED,
            proof=MET,
            fills=(done,),
        )


Start = Callable[[Any], Any]


def _calls(name: str, symbols: Sequence[str], call: Callable[[list[str]], Start]) -> Iterator[Subscription]:
    for number_, some in enumerate(portions(symbols, TOPICS_A_CALL), start=1):
        yield Subscription(name=f"{name} {number_}", link=Link.MARKET, start=call(list(some)))


def _bars_of(symbols: Sequence[str], named: str) -> Iterator[Subscription]:
    """By OKX's own name of the timeframe: what ccxt does not know it hands on as it is."""

    def call(some: list[str]) -> Start:
        return methodcaller("watch_ohlcv_for_symbols", [[symbol, named] for symbol in some])

    return _calls(f"bars {named}", symbols, call)
