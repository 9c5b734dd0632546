"""What Binance's messages say."""

from typing import Any

import pytest

from bot.core.facts import (
    MET,
    BarClosed,
    Book,
    Deleveraged,
    Delivered,
    Fill,
    FundingRate,
    LastPrice,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
)
from bot.core.types import PositionId, Side, Symbol
from bot.venues.live.dialect import Dialect
from bot.venues.live.terms import Heard, Listing
from tests.venues.live.binance.recorded import (
    BTC,
    COIN,
    COINM,
    ME,
    OURS,
    QUARTERLY,
    USDM,
    D,
    coin_listing,
    frame,
    listing,
)

SEI = Symbol("SEI/USDT:USDT")


def hear(message: Any, dialect: Dialect = USDM, known: Listing | None = None) -> Heard:
    return dialect.streams.hear(ME, message, known or listing(), 0)


def coin_hears(message: Any) -> Heard:
    return hear(message, COINM, coin_listing())


def a_trade(**changes: Any) -> Any:
    """The stop of the recorded frame, met for somebody else."""
    message = frame("stop met")
    message["o"] |= changes
    return message


def test_an_array_of_marks_brings_marks_and_funding() -> None:
    at_ms = 1562305380000
    assert hear(frame("marks")) == Heard(
        facts=(
            FundingRate(at_ms=at_ms, symbol=BTC, rate=D("0.00030000"), next_ms=1562306400000),
            MarkPrice(at_ms=at_ms, symbol=BTC, price=D("11185.87786614")),
        ),
        indices={BTC: D("11784.62659091")},
    )


def test_a_single_mark_says_the_same() -> None:
    assert hear(frame("mark")) == hear([frame("mark")])
    assert coin_hears(frame("mark", "binancecoinm")).facts[-1] == MarkPrice(
        at_ms=1596095725000, symbol=COIN, price=D("10934.62615417")
    )


def test_a_quarterly_has_no_funding() -> None:
    (mark,) = hear([frame("mark of a quarterly")]).facts
    assert mark == MarkPrice(at_ms=1596095725000, symbol=QUARTERLY, price=D("10934.62615417"))
    assert len(coin_hears(frame("mark of a quarterly", "binancecoinm")).facts) == 1


def test_symbols_that_are_not_listed_are_skipped_even_if_they_are_senseless() -> None:
    assert hear([{"s": "XYZUSDT", "p": None}, *frame("marks")]) == hear(frame("marks"))


def test_no_symbol_of_an_array_is_lost() -> None:
    rows = [frame("mark") | {"s": f"{base}USDT"} for base in ("BTC", "BNB", "SEI", "DOGE")]
    marks = [fact for fact in hear(rows).facts if isinstance(fact, MarkPrice)]
    assert [mark.symbol for mark in marks] == [f"{b}/USDT:USDT" for b in ("BTC", "BNB", "SEI", "DOGE")]


def test_one_senseless_row_is_announced_and_the_others_are_heard() -> None:
    rows = [frame("mark") | {"p": "nan"}, frame("mark") | {"s": "BNBUSDT"}]
    heard = hear(rows)
    assert [fact.symbol for fact in heard.facts if isinstance(fact, MarkPrice)] == ["BNB/USDT:USDT"]
    assert "BTCUSDT" in heard.flaw


@pytest.mark.parametrize("price", ["nan", "inf", "-5.0", "0.0", "", "abc", None, "1e99", True, []])
def test_no_absurd_mark_passes(price: Any) -> None:
    heard = hear([frame("mark") | {"p": price}])
    assert not [fact for fact in heard.facts if isinstance(fact, MarkPrice)]
    assert heard.flaw


@pytest.mark.parametrize(
    "changes", [{"E": None}, {"E": 0}, {"E": "1"}, {"r": "2"}, {"r": "nan"}, {"T": None}]
)
def test_no_absurd_time_or_rate_passes(changes: dict[str, Any]) -> None:
    heard = hear([frame("mark") | changes])
    assert heard.facts == ()
    assert heard.flaw


def test_the_last_price_comes_from_the_mini_ticker() -> None:
    assert hear(frame("mini ticker")).facts == (LastPrice(at_ms=123456789, symbol=BTC, price=D("0.0025")),)
    assert len(coin_hears([frame("mini ticker", "binancecoinm")]).facts) == 1


@pytest.mark.parametrize("changes", [{"E": None}, {"E": 0}, {"c": "nan"}, {"c": "-1"}, {"c": None}])
def test_no_absurd_last_price_passes(changes: dict[str, Any]) -> None:
    heard = hear(frame("mini ticker") | changes)
    assert heard.facts == ()
    assert heard.flaw.startswith(f"{frame('mini ticker')['s']}: ")


def test_the_last_price_of_a_symbol_that_is_not_listed_is_nothing() -> None:
    assert hear(frame("mini ticker") | {"s": "OTHERUSDT"}) == Heard()


def test_a_bar_is_told_when_it_is_closed() -> None:
    assert hear(frame("open bar")) == Heard()
    assert hear(frame("closed bar")).facts == (
        BarClosed(
            at_ms=1638747720000,
            symbol=BTC,
            timeframe_ms=60_000,
            open=D("0.0010"),
            high=D("0.0025"),
            low=D("0.0005"),
            close=D("0.0020"),
            volume=D(1000),
        ),
    )


def test_a_bar_whose_low_is_above_its_open_is_a_flaw() -> None:
    message = frame("closed bar")
    message["k"]["l"] = "0.0015"
    assert hear(message).facts == ()
    assert "low" in hear(message).flaw


def test_the_book_tells_the_money_at_the_best_prices() -> None:
    (book,) = hear(frame("book ticker")).facts
    assert book == Book(
        at_ms=1568014460893,
        symbol=BTC,
        bid=D("25.3519"),
        ask=D("25.3652"),
        bid_depth=D("791.2327990"),
        ask_depth=D("1031.3490320"),
    )


def test_the_book_of_coin_m_counts_in_coins() -> None:
    (book,) = coin_hears(frame("book ticker", "binancecoinm")).facts
    assert isinstance(book, Book)
    assert (book.bid_depth, book.ask_depth) == (D(5200) / D("9548.1"), D(1100) / D("9548.5"))


def test_a_crossed_book_is_a_flaw() -> None:
    assert hear(frame("book ticker") | {"b": "26"}).flaw


@pytest.mark.parametrize(
    "what",
    [
        "account update",
        "order placed",
        "algo triggered",
        "algo cancelled",
        "trade lite",
        "margin call",
        "leverage changed",
        "stop met",
    ],
)
def test_whatever_happens_to_the_account_is_a_reason_to_read_it(what: str) -> None:
    assert hear(frame(what)) == Heard(account=True)


def test_a_stop_of_ours_that_was_met_tells_what_it_traded() -> None:
    fill = Fill(quantity=D(53), price=D("0.85"), fee=D("0.022525"), pnl=D("-2.5599"), slippage=D(0))
    assert hear(a_trade(c=OURS)) == Heard(
        account=True,
        facts=(
            Outcome(
                at_ms=1709228306018,
                id=PositionId(ME, SEI, Side.LONG),
                client_id=OURS,
                kind=OutcomeKind.VERIFIED,
                proof=MET,
                fills=(fill,),
            ),
        ),
    )


def test_a_market_order_of_ours_is_told_by_whoever_sent_it() -> None:
    assert hear(a_trade(c=OURS, ot="MARKET")) == Heard(account=True)


def test_a_stop_that_only_rests_has_traded_nothing() -> None:
    assert hear(a_trade(c=OURS, x="NEW", X="NEW", l="0")) == Heard(account=True)


def test_a_liquidation_is_told_by_its_name() -> None:
    (fact,) = hear(a_trade(c="autoclose-1709228306018", ot="LIMIT", x="CALCULATED")).facts
    assert fact == Liquidated(
        at_ms=1709228306018,
        id=PositionId(ME, SEI, Side.LONG),
        quantity=D(53),
        price=D("0.85"),
        fee=D("0.022525"),
    )


def test_auto_deleveraging_is_told_by_its_name() -> None:
    (fact,) = hear(a_trade(c="adl_autoclose", S="BUY", ps="SHORT")).facts
    assert fact == Deleveraged(
        at_ms=1709228306018, id=PositionId(ME, SEI, Side.SHORT), quantity=D(53), price=D("0.85")
    )


@pytest.mark.parametrize("name", ["settlement_autoclose-1", "delivery_autoclose-1"])
def test_a_delivery_is_told_by_its_name(name: str) -> None:
    (fact,) = hear(a_trade(c=name)).facts
    assert fact == Delivered(at_ms=1709228306018, id=PositionId(ME, SEI, Side.LONG), price=D("0.85"))


def test_a_buy_of_ours_closes_a_short() -> None:
    (fact,) = hear(a_trade(c=OURS, S="BUY")).facts
    assert isinstance(fact, Outcome)
    assert fact.id.side is Side.SHORT


def test_a_senseless_trade_is_a_flaw_and_still_a_reason_to_read_the_account() -> None:
    for changes in ({"l": "nan"}, {"L": None}, {"T": None}, {"S": "?"}, {"rp": "x"}):
        heard = hear(a_trade(c=OURS, **changes))
        assert heard.account
        assert heard.facts == ()
        assert heard.flaw


@pytest.mark.parametrize("event", ["listenKeyExpired", "eventStreamTerminated"])
def test_an_ended_private_stream_is_a_link_down(event: str) -> None:
    heard = hear(frame("listen key expired") | {"e": event})
    assert event in heard.link_down
    assert heard.account


@pytest.mark.parametrize("what", ["subscribed", "subscription refused"])
def test_what_is_about_subscriptions_is_for_ccxt(what: str) -> None:
    assert hear(frame(what)) == Heard(pass_on=True)


def test_a_combined_stream_says_what_its_data_says() -> None:
    assert hear({"stream": "!markPrice@arr@1s", "data": frame("marks")}) == hear(frame("marks"))
    assert hear({"stream": "x", "data": frame("account update")}) == Heard(account=True)


def test_events_of_a_later_day_are_let_be() -> None:
    assert hear({"e": "somethingNew", "E": 1}) == Heard()


@pytest.mark.parametrize("message", [None, "pong", 5, {}, {"s": "BTCUSDT"}])
def test_a_message_of_no_kind_is_a_flaw(message: Any) -> None:
    assert hear(message).flaw
