"""A venue that does not answer: what requests get, what goes on, and what is told when it is back."""

import pytest

from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    FundingPaid,
    Link,
    LinkChanged,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.intents import AddMargin, Level, Notify
from bot.core.types import ClientId, OrderKind
from bot.venues.paper import PaperAccount, PaperError, PaperExchange
from bot.venues.paper.outage import Outage
from tests.venues.paper.desk import (
    BTC,
    FREE_TRADING,
    LONG,
    MAIN,
    D,
    a_contract,
    an_action,
    an_order,
    go,
    holding,
    of,
    outcome,
    position,
    resting,
    the,
)

OUT = Outage(start_ms=10, end_ms=20)
ADD = an_action(AddMargin(id=LONG, amount=D(5)))


def going_out(*outages: Outage, family: str = "binance") -> PaperExchange:
    """Long 1 at 100 with a stop at 95, on an exchange that will be out."""
    account = PaperAccount(name=MAIN, balance=D(1000))
    exchange = PaperExchange(
        [account], {BTC: a_contract(family=family)}, FREE_TRADING, outages=outages or (OUT,)
    )
    go(exchange, "100", gap=True)
    exchange.open(0, holding())
    exchange.submit(0, an_order(OrderKind.STOP_MARKET, name="stop", trigger="95", quantity="1", reduces=True))
    return exchange


def test_before_and_after_it_answers() -> None:
    for at_ms in (9, 20):
        exchange = going_out()
        assert outcome(exchange.execute(at_ms, ADD)).kind is OutcomeKind.VERIFIED


def test_requests_get_no_answer_and_nothing_of_them_is_done() -> None:
    exchange = going_out()
    market = an_order(OrderKind.MARKET, name="m", quantity="1", reduces=True)
    for batches in (
        exchange.execute(10, ADD),
        exchange.submit(19, market),
        exchange.cancel(15, ClientId("stop")),
        exchange.set_leverage(15, LONG, D(20)),
    ):
        answer = outcome(batches)
        assert (answer.kind, answer.code) == (OutcomeKind.UNKNOWN, "")
        assert batches == ((answer,),)
    assert (the(exchange).margin, the(exchange).leverage) == (D(10), D(10))
    assert list(resting(exchange)) == ["stop"]
    assert exchange.execute(15, an_action(Notify(id=LONG, level=Level.INFO, text="x"))) == ()


@pytest.mark.parametrize(
    ("family", "code"), [("binance", "-1008"), ("bybit", "10016"), ("okx", "50013"), ("gate", "overloaded")]
)
def test_an_overloaded_venue_refuses_in_its_own_words(family: str, code: str) -> None:
    outage = Outage(start_ms=10, end_ms=20, links=(), answer=OutcomeKind.REJECTED)
    exchange = going_out(outage, family=family)
    assert exchange.connect(10) == ()
    answer = outcome(exchange.execute(10, ADD))
    assert (answer.kind, answer.code) == (OutcomeKind.REJECTED, code)
    assert exchange.connect(20) == ()


def test_the_streams_are_told_down_and_up() -> None:
    exchange = going_out()
    assert exchange.connect(9) == ()
    ((market, account),) = exchange.connect(10)
    for fact, link in ((market, Link.MARKET), (account, Link.ACCOUNT)):
        because = "the venue is out since 10"
        assert fact == LinkChanged(at_ms=10, account=MAIN, link=link, up=False, because=because)
    assert exchange.connect(15) == ()
    (back,) = exchange.connect(20)
    assert [(f.link, f.up) for f in of(LinkChanged, [back])] == [(Link.MARKET, True), (Link.ACCOUNT, True)]
    assert back[-len(exchange.snapshot(20)) :] == exchange.snapshot(20)
    assert of(MarkPrice, [back]) == [MarkPrice(at_ms=20, symbol=BTC, price=D(100))]
    assert exchange.connect(20) == ()


def test_marks_stops_liquidations_and_funding_go_on_and_are_told_at_the_end() -> None:
    exchange = going_out()
    exchange.connect(10)
    assert exchange.settle_funding(12, BTC, D("0.01")) == ()
    assert exchange.move(13, BTC, D(80), D(80), gap=True) == ()
    assert position(exchange) is None
    (back,) = exchange.connect(20)
    assert [type(f) for f in back if isinstance(f, FundingPaid | Liquidated)] == [FundingPaid, Liquidated]
    assert of(PositionChanged, [back])[-1].position is None
    assert of(BalanceChanged, [back])[-1].wallet == 990
    assert of(MarkPrice, [back]) == [MarkPrice(at_ms=20, symbol=BTC, price=D(80))]


def test_a_stop_that_is_met_in_an_outage_protects_all_the_same() -> None:
    exchange = going_out()
    exchange.connect(10)
    assert exchange.move(13, BTC, D(90), D(90), gap=False) == ()
    (back,) = exchange.connect(20)
    (met,) = of(Outcome, [back])
    assert (met.client_id, met.fills[0].price) == ("stop", D(95))


def test_what_was_sent_into_it_proves_not_applied_when_the_venue_is_read() -> None:
    exchange = going_out()
    exchange.connect(10)
    exchange.execute(11, ADD)
    (back,) = exchange.connect(20)
    (read,) = of(Outcome, [back])
    assert (read.client_id, read.kind, read.at_ms) == (ADD.client_id, OutcomeKind.NOT_APPLIED, 20)


def test_an_outage_of_requests_alone_leaves_the_streams_alone() -> None:
    exchange = going_out(Outage(start_ms=10, end_ms=20, links=()))
    assert exchange.connect(10) == ()
    exchange.execute(11, ADD)
    assert of(FundingPaid, exchange.settle_funding(12, BTC, D("0.01")))
    ((read,),) = exchange.connect(20)
    assert isinstance(read, Outcome)
    assert read.kind is OutcomeKind.NOT_APPLIED


def test_one_outage_may_follow_on_another() -> None:
    exchange = going_out(Outage(start_ms=20, end_ms=30, links=(Link.ACCOUNT,)), OUT)
    exchange.connect(10)
    up, down = exchange.connect(20)
    assert {f.up for f in of(LinkChanged, [up])} == {True}
    assert [(f.link, f.up) for f in of(LinkChanged, [down])] == [(Link.ACCOUNT, False)]


def test_outages_that_cannot_be_are_refused() -> None:
    with pytest.raises(PaperError, match="from 5 to 5"):
        Outage(start_ms=5, end_ms=5)
    with pytest.raises(PaperError, match="verified"):
        Outage(start_ms=5, end_ms=6, answer=OutcomeKind.VERIFIED)
    with pytest.raises(PaperError, match="at 15 begins before"):
        going_out(OUT, Outage(start_ms=15, end_ms=25))


def test_an_account_whose_stream_went_on_is_known_again_when_the_market_s_is_back() -> None:
    exchange = going_out(Outage(start_ms=10, end_ms=20, links=(Link.MARKET,)))
    exchange.connect(10)
    (back,) = exchange.connect(20)
    assert [type(f) for f in back] == [LinkChanged, MarkPrice, AccountRead]
