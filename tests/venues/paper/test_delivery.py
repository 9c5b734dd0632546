"""Delivery: a dated contract ends at a mean of its index, and nobody trades it afterwards."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import BalanceChanged, Delivered, Liquidated, OrdersChanged, PositionChanged
from bot.core.intents import AddMargin, ReducePosition
from bot.core.types import OrderKind, PositionId, Side
from bot.venues.paper import MarketModel, PaperAccount, PaperError, PaperExchange
from bot.venues.paper.delivery import DELIVERY, ELSEWHERE, delivery_fee, terms_of
from tests.venues.paper.desk import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    an_order,
    fund,
    go,
    holding,
    of,
    outcome,
    position,
    resting,
    the,
    wallet,
)

EXPIRY_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def a_dated(**changes: Any) -> Contract:
    return a_contract(**({"expiry_ms": EXPIRY_MS} | changes))


# --- what becomes of a position ------------------------------------------------------------------


def test_a_position_is_settled_and_closed_in_one_batch() -> None:
    exchange = an_exchange(a_dated(), model=MarketModel(taker_fee=D("0.001")))
    exchange.open(0, holding())
    exchange.submit(1, an_order(OrderKind.STOP_MARKET, quantity="1", reduces=True, trigger="95"))
    go(exchange, "104")
    (batch,) = exchange.deliver(EXPIRY_MS, BTC, D(105))
    assert of(Delivered, [batch]) == [Delivered(at_ms=EXPIRY_MS, id=LONG, price=D(105))]
    assert [(f.id, f.position) for f in of(PositionChanged, [batch])] == [(LONG, None)]
    assert [f.orders for f in of(OrdersChanged, [batch])] == [()]
    # It earned 5 and pays 0.1 % of 105, as Binance asks the taker fee.
    assert [f.wallet for f in of(BalanceChanged, [batch])] == [D("1004.895")]
    assert exchange.figures().pots["USDT"].fees == D("0.105")


def test_the_price_of_the_settlement_counts_not_the_last_one() -> None:
    exchange = an_exchange(a_dated())
    exchange.open(0, holding(SHORT))
    go(exchange, "104")
    exchange.deliver(EXPIRY_MS, BTC, D(99))
    assert wallet(exchange) == D(1001)


def test_an_inverse_contract_is_settled_in_coins() -> None:
    inverse = a_dated(kind=ContractKind.INVERSE, settlement="COIN", lot=D(1))
    account = PaperAccount(name=MAIN, balance=D(1), currency="COIN")
    exchange = PaperExchange([account], {BTC: inverse}, MarketModel())
    go(exchange, "100", gap=True)
    exchange.open(0, holding(quantity="100"))
    exchange.deliver(EXPIRY_MS, BTC, D(125))
    assert wallet(exchange) == D("1.2")


def test_both_legs_of_a_hedge_are_settled() -> None:
    exchange = an_exchange(a_dated(), hedge=True)
    exchange.open(0, holding())
    exchange.open(0, holding(SHORT, quantity="2"))
    (batch,) = exchange.deliver(EXPIRY_MS, BTC, D(103))
    assert [f.id for f in of(Delivered, [batch])] == [LONG, SHORT]
    assert wallet(exchange) == D(997)


def test_an_isolated_position_loses_its_margin_and_the_fund_the_rest() -> None:
    exchange = an_exchange(a_dated(), fund="10")
    exchange.open(0, holding())
    exchange.deliver(EXPIRY_MS, BTC, D(88))
    assert (wallet(exchange), fund(exchange)) == (D(990), D(8))


def test_a_cross_account_that_a_delivery_empties_is_liquidated_with_it() -> None:
    exchange = an_exchange(a_dated(), a_contract(ETH), balance="40")
    exchange.open(0, holding(cross=True))
    exchange.open(0, holding(ETH_LONG, cross=True))
    (batch,) = exchange.deliver(EXPIRY_MS, BTC, D(61))
    assert [f.id for f in of(Delivered, [batch])] == [LONG]
    assert [f.id for f in of(Liquidated, [batch])] == [ETH_LONG]


def test_nothing_happens_in_a_delivered_contract_any_more() -> None:
    exchange = an_exchange(a_dated())
    exchange.open(0, holding())
    exchange.deliver(EXPIRY_MS, BTC, D(100))
    assert exchange.deliver(EXPIRY_MS, BTC, D(100)) == ()
    assert go(exchange, "1", gap=True) == ()
    assert position(exchange) is None


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "code"), [("binance", "-4141"), ("okx", "51027"), ("bybit", "expired")])
def test_orders_are_refused_from_the_expiry_on(family: str, code: str) -> None:
    exchange = an_exchange(a_dated(family=family))
    exchange.open(0, holding())
    accepted = an_order(OrderKind.STOP_MARKET, quantity="1", reduces=True, trigger="95")
    assert outcome(exchange.submit(EXPIRY_MS - 1, accepted)).code == ""
    late = outcome(exchange.submit(EXPIRY_MS, an_order(quantity="1", name="late")))
    assert (late.code, late.proof) == (code, f"{LONG}: expired at {EXPIRY_MS}")
    exit_ = an_action(ReducePosition(id=LONG, quantity=D(1)), "exit")
    assert outcome(exchange.execute(EXPIRY_MS, exit_)).code == code
    assert (list(resting(exchange)), the(exchange).quantity) == (["o1"], D(1))


def test_margin_has_nowhere_to_go_after_the_delivery() -> None:
    exchange = an_exchange(a_dated())
    exchange.open(0, holding())
    exchange.deliver(EXPIRY_MS, BTC, D(100))
    answer = outcome(exchange.execute(EXPIRY_MS, an_action(AddMargin(id=LONG, amount=D(1)))))
    assert answer.proof == f"{LONG}: no position"


def test_a_position_cannot_be_brought_to_an_expired_contract() -> None:
    with pytest.raises(PaperError, match="expired at 1000"):
        an_exchange(a_dated()).open(EXPIRY_MS, holding())


def test_no_funding_is_paid_on_a_dated_contract() -> None:
    with pytest.raises(PaperError, match="no funding is paid on a dated contract"):
        an_exchange(a_dated()).settle_funding(1, BTC, D("0.001"))


@pytest.mark.parametrize(
    ("at_ms", "symbol", "price", "why"),
    [
        (EXPIRY_MS, ETH, D(100), "a perpetual is never delivered"),
        (EXPIRY_MS - 1, BTC, D(100), "expires at 1000, not at 999"),
        (EXPIRY_MS, BTC, D(0), "settlement price 0"),
        (EXPIRY_MS, type(BTC)("DOGE"), D(1), "not traded here"),
    ],
)
def test_only_an_expired_contract_is_delivered(at_ms: int, symbol: Any, price: Decimal, why: str) -> None:
    with pytest.raises(PaperError, match=why):
        an_exchange(a_dated(), a_contract(ETH)).deliver(at_ms, symbol, price)


# --- what it is settled at -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "expiry_ms", "minutes"),
    [
        ("binance", 1_731_312_000_000 - 1, 60),  # before 2024-11-11 08:00 UTC
        ("binance", 1_731_312_000_000, 30),
        ("bybit", 1_600_000_000_000, 30),
        ("okx", 1_773_792_000_000 - 1, 60),  # before 2026-03-18 UTC
        ("okx", 1_773_792_000_000, 30),
        ("kraken", 1_600_000_000_000, 30),
    ],
)
def test_the_window_is_that_of_the_venue_at_the_time(family: str, expiry_ms: int, minutes: int) -> None:
    contract = a_contract(family=family, expiry_ms=expiry_ms)
    assert terms_of(contract).window_at(expiry_ms) == minutes * MINUTE_MS


def test_the_fee_is_that_of_the_venue() -> None:
    model = MarketModel(taker_fee=D("0.0007"))
    fees = {name: delivery_fee(a_contract(family=name), model) for name in ("binance", "bybit", "okx", "xt")}
    # Bybit's own example: 10,000 USD at 10,600 pay 0.00047169 BTC.
    assert fees == {"binance": D("0.0007"), "bybit": D("0.0005"), "okx": D(0), "xt": D(0)}
    inverse = a_contract(kind=ContractKind.INVERSE)
    assert (inverse.notional(D(10_000), D(10_600)) * fees["bybit"]).quantize(D("1e-8")) == D("0.00047170")


def test_every_venue_says_where_its_terms_are_published() -> None:
    assert all(terms.source for terms in (*DELIVERY.values(), ELSEWHERE))


def test_a_position_may_be_delivered_on_a_venue_without_published_terms() -> None:
    exchange = an_exchange(a_dated(family="xt"))
    exchange.open(0, holding(PositionId(MAIN, BTC, Side.LONG)))
    exchange.deliver(EXPIRY_MS, BTC, D(101))
    assert wallet(exchange) == D(1001)
