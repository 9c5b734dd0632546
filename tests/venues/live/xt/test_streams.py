"""XT's streams: what is subscribed to, and what each message says."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.facts import Book, FundingRate, LastPrice, Link, MarkPrice
from bot.core.types import Symbol
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.terms import Heard, Instrument, Listing, Wanted
from tests.venues.live.xt.recorded import BTC, ME, btc, frame, listing
from tests.venues.live.xt.test_traps import Recording

D = Decimal


def hear(message: object) -> Heard:
    return DIALECT.streams.hear(ME, message, listing(), 0)


def subscribed(wanted: Wanted, among: Listing) -> list[list[str]]:
    client = Recording()
    for subscription in DIALECT.streams.streams(wanted, among):
        assert subscription.link is Link.MARKET
        asyncio.run(subscription.start(client))  # type: ignore[arg-type]  # the start of ours is a coroutine
    frames = []
    for url, hash_, message, key, _ in client.watched:
        assert url == "wss://fstream.xt.com/ws/market"
        assert isinstance(message, dict)
        assert (message["method"], message["id"], hash_) == ("SUBSCRIBE", key, key)
        frames.append(message["params"])
    return frames


def test_mark_and_last_come_from_one_topic_and_funding_from_another() -> None:
    assert subscribed(Wanted(symbols=(BTC,)), listing()) == [["agg_ticker@btc_usdt", "fund_rate@btc_usdt"]]


def test_a_book_is_subscribed_to_where_it_is_wanted() -> None:
    ((*_, last),) = subscribed(Wanted(symbols=(BTC,), book=True), listing())
    assert last == "depth@btc_usdt,20"


def test_many_symbols_come_in_frames_that_miss_none() -> None:
    contract = btc().contract
    names = [Symbol(f"C{n}/USDT:USDT") for n in range(200)]
    among = Listing(
        [Instrument(id=f"c{n}_usdt", contract=replace(contract, symbol=s)) for n, s in enumerate(names)]
    )
    frames = subscribed(Wanted(symbols=tuple(names)), among)
    assert max(len(topics) for topics in frames) <= 50
    assert sorted(topic for topics in frames for topic in topics) == sorted(
        f"{topic}@c{n}_usdt" for n in range(200) for topic in ("agg_ticker", "fund_rate")
    )


def test_a_symbol_that_is_not_listed_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        DIALECT.streams.streams(Wanted(symbols=(Symbol("NO/USDT:USDT"),)), listing())


def test_an_aggregated_ticker_is_a_mark_and_a_last_price() -> None:
    assert hear(frame("agg_ticker")).facts == (
        MarkPrice(at_ms=1790146287610, symbol=BTC, price=D("86464.2")),
        LastPrice(at_ms=1790146287610, symbol=BTC, price=D("86464.3")),
    )


def test_a_funding_rate_is_due_at_the_next_whole_interval() -> None:
    # 2026-09-23 07:05:00.532 UTC; the next whole eight hours are at 08:00.
    (fact,) = hear(frame("fund_rate")).facts
    assert fact == FundingRate(at_ms=1790147100532, symbol=BTC, rate=D("-0.00000257"), next_ms=1790150400000)


def test_a_book_is_the_best_prices_and_the_money_beside_them() -> None:
    (book,) = hear(frame("depth")).facts
    assert isinstance(book, Book)
    assert (book.bid, book.ask) == (D("86415.1"), D("86415.2"))
    # (86415.1 x 46205 + 86415.0 x 1280 + 86414.9 x 3299) x 0.0001
    assert book.bid_depth == D("438850.36506")
    # (86415.2 x 32273 + 86415.3 x 2082 + 86415.4 x 4080) x 0.0001
    assert book.ask_depth == D("332136.92362")


@pytest.mark.parametrize("what", ["position push", "order push", "balance push", "trade push"])
def test_a_push_about_the_account_only_says_that_it_has_to_be_read(what: str) -> None:
    assert hear(frame(what)) == Heard(account=True)


def test_a_trade_of_the_market_is_not_one_of_ours() -> None:
    heard = hear(frame("public trade"))
    assert not heard.account
    assert heard.flaw


@pytest.mark.parametrize("what", ["pong", "pong event", "subscribed"])
def test_pongs_and_receipts_say_nothing(what: str) -> None:
    assert hear(frame(what)) == Heard()


def test_the_receipt_of_the_private_subscription_asks_for_a_reading() -> None:
    assert hear({"id": "account", "code": 0, "msg": "success"}) == Heard(account=True)


@pytest.mark.parametrize("what", ["listen key refused", "token expired", "listen key text"])
def test_a_listen_key_that_is_none_is_a_dead_stream_on_a_living_connection(what: str) -> None:
    assert hear(frame(what)).link_down


@pytest.mark.parametrize("what", ["topic refused", "refused subscription"])
def test_a_subscription_that_was_refused_is_said(what: str) -> None:
    heard = hear(frame(what))
    assert heard.flaw
    assert not heard.link_down


@pytest.mark.parametrize("message", [None, 7, [], [{}], {"topic": "agg_ticker"}, {"topic": [], "data": {}}])
def test_what_is_no_message_is_a_flaw(message: object) -> None:
    assert hear(message).flaw


def test_a_crossed_book_is_a_flaw() -> None:
    message = frame("depth")
    message["data"]["b"][0][0] = "86420"
    assert "not below best ask" in hear(message).flaw
