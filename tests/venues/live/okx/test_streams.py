"""What OKX's streams say, and which calls hold them open."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.facts import (
    MET,
    BarClosed,
    Book,
    Deleveraged,
    FundingRate,
    LastPrice,
    Link,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
)
from bot.core.types import PositionId, Side, Symbol
from bot.venues.live.terms import Heard, Wanted
from tests.building.frames import client_of, frame, subscribed
from tests.venues.live.okx.desk import ACCOUNT, BTC, DATED, DIALECT, ETH, INVERSE, LISTING, MARKETS, D

STREAMS = DIALECT.streams
LONG = PositionId(ACCOUNT, BTC, Side.LONG)


def heard(what: str, **changes: Any) -> Heard:
    message = frame("okx", what)
    if changes:
        message["data"][0] |= changes
    return STREAMS.hear(ACCOUNT, message, LISTING, 0)


class Recorder:
    """Stands for the client: says which call was made."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: (name, *arguments, *named.items())


def test_mark_last_and_funding_are_told() -> None:
    assert heard("ws mark").facts == (MarkPrice(at_ms=1597026383085, symbol=BTC, price=D("0.1")),)
    assert heard("ws ticker").facts == (LastPrice(at_ms=1626526618762, symbol=BTC, price=D("31500.1")),)
    assert heard("ws funding").facts == (
        FundingRate(at_ms=1700724675402, symbol=INVERSE, rate=D("0.0001875391284828"), next_ms=1700726400000),
    )


def test_best_prices_and_the_money_in_five_levels_are_told() -> None:
    # A contract is 0.01 BTC: of 31738.2 x 0.67557666 + 31738 x 0.02466947 + 31736.3 x 0.01705046 a hundredth.
    assert heard("ws book").facts == (
        Book(
            at_ms=1626537446491,
            symbol=BTC,
            bid=D("31738.2"),
            ask=D("31738.3"),
            bid_depth=D("227.6566530297"),
            ask_depth=D("57.15653169097"),
        ),
    )


@pytest.mark.parametrize("asks", [None, [], [[]], [["31738.3"]], [["-1", "1"]], [["31738.3", "nan"]], "a"])
def test_a_book_that_makes_no_sense_is_a_flaw(asks: Any) -> None:
    found = heard("ws book", asks=asks)
    assert found.facts == ()
    assert found.flaw.startswith("books5: asks")


@pytest.mark.parametrize("price", [None, "", "nan", "0", "-1", "abc", float("inf")])
def test_a_price_that_is_none_is_a_flaw(price: Any) -> None:
    found = heard("ws mark", markPx=price)
    assert found.facts == ()
    assert found.flaw.startswith("mark-price: markPx is")


def test_a_symbol_that_is_not_listed_is_a_flaw() -> None:
    assert heard("ws mark", instId="DOGE-USDT-SWAP").flaw == "mark-price: 'DOGE-USDT-SWAP' is not listed"


def test_a_bar_is_told_when_it_has_closed() -> None:
    assert heard("ws candle open") == Heard()
    assert heard("ws candle closed").facts == (
        BarClosed(
            at_ms=1597026443085,
            symbol=BTC,
            timeframe_ms=60_000,
            open=D("8533.02"),
            high=D("8553.74"),
            low=D("8527.17"),
            close=D("8548.26"),
            volume=D(45247),
        ),
    )


@pytest.mark.parametrize(
    "what", ["ws positions event", "ws account event", "ws order", "ws order spot", "ws conditional"]
)
def test_a_private_message_means_that_the_account_is_read_again(what: str) -> None:
    found = heard(what)
    assert (found.account, found.facts, found.flaw, found.pass_on) == (True, (), "", False)


@pytest.mark.parametrize("what", ["ws positions regular", "ws account regular"])
def test_what_is_pushed_regularly_means_nothing(what: str) -> None:
    assert heard(what) == Heard()


def test_a_stop_that_was_met_is_told_with_what_it_traded() -> None:
    (outcome,) = heard("ws stop met").facts
    assert isinstance(outcome, Outcome)
    assert (outcome.client_id, outcome.id) == ("hf-3-17", LONG)
    assert (outcome.kind, outcome.proof) == (OutcomeKind.VERIFIED, MET)
    (fill,) = outcome.fills
    # 50 contracts are 0.5 BTC, sold at 54900 while the mark was 55000: 50 worse.
    assert (fill.quantity, fill.price, fill.fee) == (D("0.5"), D(54900), D("13.725"))
    assert (fill.slippage, fill.pnl) == (D(50), D(-2550))


def test_an_order_that_only_changed_its_state_has_met_nothing() -> None:
    assert heard("ws stop met", fillSz="0", state="live").facts == ()
    assert heard("ws stop met", fillSz="", state="canceled").facts == ()


def test_a_liquidation_and_a_deleveraging_are_told() -> None:
    assert heard("ws liquidation").facts == (
        Liquidated(at_ms=1654084353263, id=LONG, quantity=D("0.5"), price=D(54900), fee=D("13.725")),
    )
    short = PositionId(ACCOUNT, BTC, Side.SHORT)
    assert heard("ws adl").facts == (
        Deleveraged(at_ms=1654084353263, id=short, quantity=D("0.5"), price=D(54900)),
    )
    (named,) = heard("ws adl", posSide="long").facts
    assert isinstance(named, Deleveraged)
    assert named.id == LONG


def test_a_private_message_with_a_flaw_still_means_that_the_account_changed() -> None:
    found = heard("ws liquidation", fillPx="nan")
    assert (found.account, found.facts) == (True, ())
    assert "fillPx" in found.flaw


@pytest.mark.parametrize("what", ["ws login", "ws subscribed", "ws error"])
def test_what_keeps_the_connection_is_for_the_client(what: str) -> None:
    assert heard(what) == Heard(pass_on=True)


def test_a_pong_is_plain_text() -> None:
    assert STREAMS.hear(ACCOUNT, "pong", LISTING, 0) == Heard(pass_on=True)


@pytest.mark.parametrize("message", [None, [], 3])
def test_what_is_no_object_is_a_flaw(message: Any) -> None:
    assert STREAMS.hear(ACCOUNT, message, LISTING, 0).flaw.startswith("a message is")


def test_a_channel_nobody_subscribed_to_is_a_flaw() -> None:
    message = {"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": []}
    assert "was not subscribed" in STREAMS.hear(ACCOUNT, message, LISTING, 0).flaw


def test_each_channel_has_its_own_call() -> None:
    wanted = Wanted(symbols=(BTC, INVERSE, DATED), timeframes_ms=(60_000, 21_600_000))
    found = STREAMS.streams(wanted, LISTING)
    calls: list[Any] = [each.start(Recorder()) for each in found]
    assert calls == [
        ("watch_mark_prices", [BTC, INVERSE, DATED]),
        ("watch_tickers", [BTC, INVERSE, DATED]),
        ("watch_funding_rates", [BTC, INVERSE]),
        ("watch_ohlcv_for_symbols", [[BTC, "1m"], [INVERSE, "1m"], [DATED, "1m"]]),
        ("watch_ohlcv_for_symbols", [[BTC, "6Hutc"], [INVERSE, "6Hutc"], [DATED, "6Hutc"]]),
    ]
    assert {each.link for each in found} == {Link.MARKET}
    assert len({each.name for each in found}) == len(found)


def test_without_perpetuals_there_is_no_funding() -> None:
    found = STREAMS.streams(Wanted(symbols=(DATED,)), LISTING)
    assert [each.name for each in found] == ["marks 1", "last prices 1"]


def test_a_symbol_that_is_not_listed_is_not_subscribed_to() -> None:
    with pytest.raises(KeyError):
        STREAMS.streams(Wanted(symbols=(Symbol("DOGE/USDT:USDT"),)), LISTING)


def test_a_timeframe_that_okx_does_not_have_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="no bars of 10m"):
        STREAMS.streams(Wanted(symbols=(ETH,), timeframes_ms=(600_000,)), LISTING)


def test_the_private_streams_are_four_topics_of_events_only() -> None:
    found = STREAMS.private_streams()
    calls: list[Any] = [each.start(Recorder()) for each in found]
    only_events = {"extraParams": '{"updateInterval": "0"}'}
    assert calls == [
        ("watch_positions", ("params", only_events)),
        ("watch_balance", ("params", only_events)),
        ("watch_orders",),
        ("watch_orders", ("params", {"trigger": True})),
    ]
    assert {each.link for each in found} == {Link.ACCOUNT}


def test_the_client_lists_contracts_and_asks_for_no_coins() -> None:
    client = client_of("okx", **STREAMS.client_options())
    assert client.has["fetchCurrencies"] is False
    assert client.has["fetchMarkets"] is True
    assert client.options["fetchMarkets"]["types"] == ["swap", "future"]
    assert client.options["defaultType"] == "swap"


def test_the_client_subscribes_to_that_and_asks_nothing_before() -> None:
    wanted = Wanted(symbols=(BTC, DATED), timeframes_ms=(60_000, 21_600_000), book=True)
    these = [*STREAMS.streams(wanted, LISTING), *STREAMS.private_streams()]
    client = client_of("okx")
    sent = subscribed("okx", STREAMS, these, *(client.parse_market(each["info"]) for each in MARKETS))
    linear, dated = {"instId": "BTC-USDT-SWAP"}, {"instId": "BTC-USDT-261225"}
    everything = {"instType": "ANY"}
    events = {"extraParams": '{"updateInterval": "0"}'}
    assert [(where, message["args"]) for where, message in sent] == [
        ("public", [{"channel": "mark-price", **linear}, {"channel": "mark-price", **dated}]),
        ("public", [{"channel": "tickers", **linear}, {"channel": "tickers", **dated}]),
        ("public", [{"channel": "funding-rate", **linear}]),
        ("public", [{"channel": "books5", **linear}, {"channel": "books5", **dated}]),
        ("business", [{"channel": "candle1m", **linear}, {"channel": "candle1m", **dated}]),
        ("business", [{"channel": "candle6Hutc", **linear}, {"channel": "candle6Hutc", **dated}]),
        ("private", [{"channel": "positions", **everything, **events}]),
        ("private", [{"channel": "account", **events}]),
        ("private", [{"channel": "orders", **everything}]),
        ("business", [{"channel": "orders-algo", **everything}]),
    ]
