"""Trailing stops: what arms them, what they follow, and where they are met."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.facts import Outcome, OutcomeKind
from bot.core.types import ClientId, OrderKind, PriceKind
from bot.venues.paper import OrderRequest, PaperError, PaperExchange
from bot.venues.port import Batch
from tests.venues.paper.desk import (
    BTC,
    LONG,
    SHORT,
    D,
    an_exchange,
    an_order,
    go,
    holding,
    of,
    outcome,
    resting,
)

TRAILING = OrderKind.TRAILING_STOP_MARKET


def a_trail(**changes: Any) -> OrderRequest:
    """Sells the long when the last price has come back 5 % from its best."""
    values: dict[str, Any] = {"quantity": "1", "reduces": True, "trigger_by": PriceKind.LAST}
    return an_order(TRAILING, name="t", **(values | {"callback": "0.05"} | changes))


def trailing(order: OrderRequest, *, leverage: str = "2") -> PaperExchange:
    """An exchange where a long or short of 1 at 100 has that order."""
    exchange = an_exchange(balance="100000")
    exchange.open(0, holding(order.id, leverage=leverage))
    assert outcome(exchange.submit(1, order)).kind is OutcomeKind.VERIFIED
    return exchange


def fills(batches: Sequence[Batch]) -> list[Decimal]:
    return [fill.price for fact in of(Outcome, batches) for fill in fact.fills]


def test_it_is_met_where_the_price_has_come_back_from_its_best_by_the_callback() -> None:
    exchange = trailing(a_trail())
    assert fills(go(exchange, "120")) == []
    assert fills(go(exchange, "114.1")) == []
    # 120 less 5 % is 114, on the way to 110.
    assert fills(go(exchange, "110")) == [D(114)]
    assert resting(exchange) == {}


def test_one_that_names_no_activation_follows_from_where_it_is_placed() -> None:
    assert fills(go(trailing(a_trail()), "90")) == [D(95)]


def test_it_waits_for_its_activation_and_then_follows_the_best_price() -> None:
    exchange = trailing(a_trail(trigger="110"))
    assert fills(go(exchange, "80")) == []
    assert fills(go(exchange, "109.9")) == []
    assert fills(go(exchange, "80")) == []
    assert fills(go(exchange, "110")) == []
    # 110 less 5 %, rounded down to the tick against the seller: 104.5 is on it.
    assert fills(go(exchange, "100")) == [D("104.5")]


def test_a_buy_follows_the_lowest_price() -> None:
    exchange = trailing(a_trail(id_=SHORT, trigger="90"))
    assert fills(go(exchange, "94")) == []
    assert fills(go(exchange, "80")) == []
    assert fills(go(exchange, "90")) == [D(84)]


@pytest.mark.parametrize(("by", "met"), [(PriceKind.LAST, True), (PriceKind.MARK, False)])
def test_it_follows_the_price_it_was_told_to(by: PriceKind, met: bool) -> None:
    exchange = trailing(a_trail(trigger_by=by))
    go(exchange, "100", last="120")
    assert bool(fills(go(exchange, "100", last="110"))) is met


def test_after_a_gap_it_fills_at_what_the_gap_left() -> None:
    exchange = trailing(a_trail())
    go(exchange, "120")
    assert fills(go(exchange, "90", gap=True)) == [D(90)]


def test_a_gap_upwards_is_followed_too() -> None:
    exchange = trailing(a_trail())
    go(exchange, "200", gap=True)
    assert fills(go(exchange, "150")) == [D(190)]


@pytest.mark.parametrize(("id_", "trigger"), [(LONG, "100"), (LONG, "99"), (SHORT, "100"), (SHORT, "101")])
def test_an_activation_that_has_been_passed_is_refused(id_: Any, trigger: str) -> None:
    exchange = an_exchange()
    exchange.open(0, holding(id_))
    refused = outcome(exchange.submit(1, a_trail(id_=id_, trigger=trigger)))
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, "-2021")


def test_one_that_is_cancelled_follows_no_more() -> None:
    exchange = trailing(a_trail())
    exchange.cancel(2, ClientId("t"))
    assert fills(go(exchange, "120")) + fills(go(exchange, "60")) == []
    assert exchange.wires(BTC).last.high is None


def test_its_wires_are_its_best_price_and_its_stop() -> None:
    exchange = trailing(a_trail())
    go(exchange, "120")
    assert (exchange.wires(BTC).last.low, exchange.wires(BTC).last.high) == (D(114), D(120))


@pytest.mark.parametrize("callback", [None, "0", "1"])
def test_a_distance_is_part_of_it(callback: str | None) -> None:
    with pytest.raises(PaperError, match="callback"):
        a_trail(callback=callback)


ticks = st.integers(min_value=600, max_value=1600).map(lambda n: Decimal(n) / 10)
distances = st.integers(min_value=1, max_value=500).map(lambda n: Decimal(n) / 10)


def first_met(
    prices: Sequence[Decimal], callback: Decimal, activation: Decimal | None, *, buy: bool
) -> tuple[int, Decimal] | None:
    """The documented condition, of every price since the order was placed at the first of them."""
    better, sign = (min, 1) if buy else (max, -1)
    best = prices[0]
    for number, price in enumerate(prices):
        best = better(best, price)
        armed = activation is None or better(best, activation) == best
        stop = best * (1 + sign * callback)
        if armed and better(price, stop) == stop:
            return number, stop
    return None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ticks, min_size=1, max_size=12),
    st.sampled_from([D("0.001"), D("0.01"), D("0.05"), D("0.1")]),
    st.none() | distances,
    st.booleans(),
    st.booleans(),
)
def test_it_acts_at_the_first_price_of_which_its_condition_is_true(
    prices: list[Decimal],
    callback: Decimal,
    away: Decimal | None,
    gap: bool,
    buy: bool,
) -> None:
    activation = None if away is None else D(100) - away if buy else D(100) + away
    order = a_trail(id_=SHORT if buy else LONG, callback=callback, trigger=activation)
    exchange = trailing(order, leverage="1")  # Nothing here is liquidated.
    met = first_met([D(100), *prices], callback, activation, buy=buy)
    for number, price in enumerate(prices, start=1):
        done = fills(go(exchange, str(price), gap=gap))
        if met is None or number != met[0]:
            assert done == []
            continue
        # Rounded to the tick against whoever trades.
        level = met[1].quantize(D("0.1"), "ROUND_CEILING" if buy else "ROUND_FLOOR")
        assert done == [price if gap else level]
        return
