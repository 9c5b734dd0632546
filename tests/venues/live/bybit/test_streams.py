"""What Bybit's streams say, and which calls hold them open."""

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
from tests.venues.live.bybit.desk import ACCOUNT, BTC, DATED, DIALECT, ETH, INVERSE, LISTING, D

STREAMS = DIALECT.streams
LONG = PositionId(ACCOUNT, BTC, Side.LONG)


def heard(what: str, **changes: Any) -> Heard:
    message = frame("bybit", what)
    for name, value in changes.items():
        message["data"][name] = value
    return STREAMS.hear(ACCOUNT, message, LISTING, 0)


class Recorder:
    """Stands for the client: says which call was made."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: (name, *arguments)


def test_a_snapshot_says_mark_last_and_funding() -> None:
    assert heard("ws ticker snapshot").facts == (
        MarkPrice(at_ms=1673272861686, symbol=BTC, price=D("17217.33")),
        LastPrice(at_ms=1673272861686, symbol=BTC, price=D(17216)),
        FundingRate(at_ms=1673272861686, symbol=BTC, rate=D("-0.000212"), next_ms=1673280000000),
    )


def test_an_index_beside_the_mark_is_told_where_there_is_one() -> None:
    assert heard("ws ticker snapshot", indexPrice="17227.36").indices == {BTC: D("17227.36")}
    assert heard("ws ticker snapshot", indexPrice="").indices == {}


def test_a_delta_says_what_is_in_it() -> None:
    assert heard("ws ticker delta").facts == (MarkPrice(at_ms=1673272861786, symbol=BTC, price=D(17217)),)
    assert heard("ws ticker delta without mark") == Heard()


def test_a_rate_without_its_time_says_nothing() -> None:
    assert heard("ws ticker delta without mark", fundingRate="0.0001") == Heard()


def test_best_prices_and_the_money_at_them_are_told() -> None:
    assert heard("ws book").facts == (
        Book(
            at_ms=1672304484978,
            symbol=BTC,
            bid=D("16493.5"),
            ask=D(16611),
            bid_depth=D("98.961"),
            ask_depth=D("481.719"),
        ),
    )


@pytest.mark.parametrize("bids", [None, [], [[]], [["16493.5"]], [["0", "1"]], [["16493.5", "nan"]], "b"])
def test_a_book_that_makes_no_sense_is_a_flaw(bids: Any) -> None:
    found = heard("ws book", b=bids)
    assert found.facts == ()
    assert found.flaw.startswith("orderbook.1.BTCUSDT: bids")


def test_a_book_whose_sides_cross_is_a_flaw() -> None:
    assert heard("ws book", b=[["16611", "1"]]).flaw == (
        "orderbook.1.BTCUSDT: BTC/USDT:USDT: best bid 16611 is not below best ask 16611.00"
    )


@pytest.mark.parametrize("price", [None, "", "nan", "0", "-1", "abc", float("inf")])
def test_a_price_that_is_none_is_a_flaw(price: Any) -> None:
    found = heard("ws ticker delta", markPrice=price)
    assert found.facts == ()
    assert found.flaw.startswith("tickers.BTCUSDT: markPrice is")


def test_a_symbol_that_is_not_listed_is_a_flaw() -> None:
    assert heard("ws ticker delta", symbol="DOGEUSDT").flaw == "tickers.BTCUSDT: 'DOGEUSDT' is not listed"


def test_a_bar_is_told_when_it_has_closed() -> None:
    assert heard("ws kline open") == Heard()
    assert heard("ws kline closed").facts == (
        BarClosed(
            at_ms=1672325100000,
            symbol=BTC,
            timeframe_ms=300_000,
            open=D("16649.5"),
            high=D(16677),
            low=D(16608),
            close=D(16677),
            volume=D("2.081"),
        ),
    )


@pytest.mark.parametrize("what", ["ws position", "ws order", "ws wallet", "ws execution"])
def test_a_private_message_means_that_the_account_is_read_again(what: str) -> None:
    found = heard(what)
    assert (found.account, found.facts, found.flaw, found.pass_on) == (True, (), "", False)


def test_a_stop_that_was_met_is_told_with_what_it_traded() -> None:
    (outcome,) = heard("ws stop met").facts
    assert isinstance(outcome, Outcome)
    assert (outcome.client_id, outcome.id) == ("hf-3-17", LONG)
    assert (outcome.kind, outcome.proof) == (OutcomeKind.VERIFIED, MET)
    (fill,) = outcome.fills
    # Sold 0.5 at 54900 while the mark was 55000: 50 worse; 0.5 * (54900 - 60000) = -2550.
    assert (fill.quantity, fill.price, fill.fee) == (D("0.5"), D(54900), D("15.09"))
    assert (fill.slippage, fill.pnl) == (D(50), D(-2550))


def test_a_liquidation_and_a_deleveraging_are_told() -> None:
    assert heard("ws bust").facts == (
        Liquidated(at_ms=1672364174443, id=LONG, quantity=D("0.5"), price=D(54000), fee=D("14.85")),
    )
    assert heard("ws adl").facts == (
        Deleveraged(
            at_ms=1672364174443,
            id=PositionId(ACCOUNT, BTC, Side.SHORT),
            quantity=D("0.5"),
            price=D(54000),
        ),
    )


def test_a_private_message_with_a_flaw_still_means_that_the_account_changed() -> None:
    message = frame("bybit", "ws bust")
    message["data"][0]["execPrice"] = "nan"
    found = STREAMS.hear(ACCOUNT, message, LISTING, 0)
    assert found.account
    assert "execPrice" in found.flaw


@pytest.mark.parametrize("what", ["ws auth", "ws subscribed", "ws pong public", "ws pong private"])
def test_what_keeps_the_connection_is_for_the_client(what: str) -> None:
    assert heard(what) == Heard(pass_on=True)


@pytest.mark.parametrize("message", [None, [], "pong", 3])
def test_what_is_no_object_is_a_flaw(message: Any) -> None:
    assert STREAMS.hear(ACCOUNT, message, LISTING, 0).flaw.startswith("a message is")


def test_a_topic_nobody_subscribed_to_is_a_flaw() -> None:
    assert "was not subscribed" in STREAMS.hear(ACCOUNT, {"topic": "trade.BTCUSDT"}, LISTING, 0).flaw


def test_each_category_has_its_own_calls() -> None:
    wanted = Wanted(symbols=(BTC, INVERSE, ETH, DATED), timeframes_ms=(3_600_000,))
    found = STREAMS.streams(wanted, LISTING)
    calls: list[Any] = [each.start(Recorder()) for each in found]
    assert calls == [
        ("watch_tickers", [BTC, ETH, DATED]),
        ("watch_ohlcv_for_symbols", [[BTC, "1h"], [ETH, "1h"]]),
        ("watch_ohlcv_for_symbols", [[DATED, "1h"]]),
        ("watch_tickers", [INVERSE]),
        ("watch_ohlcv_for_symbols", [[INVERSE, "1h"]]),
    ]
    assert {each.link for each in found} == {Link.MARKET}
    assert len({each.name for each in found}) == len(found)


def test_a_symbol_that_is_not_listed_is_not_subscribed_to() -> None:
    with pytest.raises(KeyError):
        STREAMS.streams(Wanted(symbols=(Symbol("DOGE/USDT:USDT"),)), LISTING)


def test_a_timeframe_that_bybit_does_not_have_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="no bars of 1w"):
        STREAMS.streams(Wanted(symbols=(BTC,), timeframes_ms=(604_800_000,)), LISTING)


def test_the_private_streams_are_four_topics() -> None:
    found = STREAMS.private_streams()
    calls: list[Any] = [each.start(Recorder()) for each in found]
    assert calls == [("watch_positions",), ("watch_orders",), ("watch_my_trades",), ("watch_balance",)]
    assert {each.link for each in found} == {Link.ACCOUNT}


def test_the_client_is_told_not_to_probe_the_account() -> None:
    client = client_of("bybit", **STREAMS.client_options())
    assert client.is_unified_enabled() == [False, True]
    assert client.has["fetchCurrencies"] is False
    assert client.has["fetchMarkets"] is True
    assert client.options["fetchMarkets"]["types"] == ["linear", "inverse"]
    made = client.sign("v5/account/info", ["private"], "GET", {})
    assert made["headers"]["X-BAPI-RECV-WINDOW"] == str(DIALECT.traits.recv_window_ms)


def unified(symbol: Symbol) -> dict[str, Any]:
    """A market as ccxt hands it on, which it cannot read from a frame without a request."""
    instrument = LISTING.by_symbol[symbol]
    dated, inverse = instrument.contract.expiry_ms is not None, instrument.family == "inverse"
    return {
        "id": instrument.id,
        "symbol": symbol,
        "base": "BTC",
        "quote": "USD" if inverse else "USDT",
        "type": "future" if dated else "swap",
        "spot": False,
        "option": False,
        "contract": True,
        "swap": not dated,
        "future": dated,
        "linear": not inverse,
        "inverse": inverse,
    }


def test_the_client_subscribes_to_that_and_asks_nothing_before() -> None:
    wanted = Wanted(symbols=(BTC, INVERSE, DATED), timeframes_ms=(3_600_000,), book=True)
    these = [*STREAMS.streams(wanted, LISTING), *STREAMS.private_streams()]
    sent = subscribed("bybit", STREAMS, these, *(unified(symbol) for symbol in wanted.symbols))
    assert [(where, message["args"]) for where, message in sent] == [
        ("linear", ["tickers.BTCUSDT", "tickers.BTCUSDT-25DEC26"]),
        ("linear", ["orderbook.1.BTCUSDT", "orderbook.1.BTCUSDT-25DEC26"]),
        ("linear", ["kline.60.BTCUSDT"]),
        ("linear", ["kline.60.BTCUSDT-25DEC26"]),
        ("inverse", ["tickers.BTCUSD"]),
        ("inverse", ["orderbook.1.BTCUSD"]),
        ("inverse", ["kline.60.BTCUSD"]),
        ("private", ["position"]),
        ("private", ["order"]),
        ("private", ["execution"]),
        ("private", ["wallet"]),
    ]
