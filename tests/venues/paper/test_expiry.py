"""Orders that are good till a date, and conditional orders with a limit."""

from typing import Any

from bot.core.facts import OrdersChanged, Outcome
from bot.core.types import OrderKind, PriceKind
from bot.venues.paper import MarketModel
from tests.venues.paper.desk import BTC, D, an_exchange, an_order, go, of, resting, with_long

LIMIT, PROFIT = OrderKind.LIMIT, OrderKind.TAKE_PROFIT_LIMIT


def test_what_rests_of_an_order_ends_at_its_date() -> None:
    exchange = an_exchange()
    exchange.submit(1, an_order(LIMIT, quantity="1", limit="90", expires_ms=1000))
    exchange.submit(1, an_order(LIMIT, name="o2", quantity="1", limit="90"))
    assert exchange.expire(999) == ()
    (batch,) = exchange.expire(1000)
    assert [type(fact) for fact in batch] == [OrdersChanged]
    assert resting(exchange) == {"o2": LIMIT}
    assert exchange.expire(2000) == ()


def test_a_name_that_was_filled_can_be_used_again_without_the_date() -> None:
    exchange = an_exchange()
    exchange.submit(1, an_order(LIMIT, quantity="1", limit="99", expires_ms=1000))
    go(exchange, "98")
    exchange.submit(2, an_order(LIMIT, quantity="1", limit="90"))
    assert exchange.expire(1000) == ()
    assert resting(exchange) == {"o1": LIMIT}


def test_an_order_that_fills_at_once_has_no_date() -> None:
    exchange = an_exchange()
    exchange.submit(1, an_order(LIMIT, quantity="1", limit="101", expires_ms=1000))
    assert exchange.expire(1000) == ()


def test_the_date_stays_with_what_a_conditional_order_becomes() -> None:
    exchange = an_exchange(model=MarketModel(depth={BTC: D(1)}))
    exchange.submit(
        1, an_order(OrderKind.STOP_LIMIT, quantity="1", trigger="105", limit="105", expires_ms=1000)
    )
    go(exchange, "106")
    assert resting(exchange) == {"o1": LIMIT}
    exchange.expire(1000)
    assert resting(exchange) == {}


def test_a_profit_is_taken_at_its_limit_or_better() -> None:
    exchange = with_long()
    prices: dict[str, Any] = {"trigger": "110", "limit": "109", "trigger_by": PriceKind.LAST}
    exchange.submit(1, an_order(PROFIT, quantity="1", reduces=True, **prices))
    assert go(exchange, "109.9") == ()
    (filled,) = of(Outcome, go(exchange, "111"))
    assert [fill.price for fill in filled.fills] == [D(110)]


def test_a_profit_whose_limit_nobody_pays_rests_there() -> None:
    exchange = with_long()
    prices: dict[str, Any] = {"trigger": "110", "limit": "112", "trigger_by": PriceKind.LAST}
    exchange.submit(1, an_order(PROFIT, quantity="1", reduces=True, **prices))
    go(exchange, "111")
    assert resting(exchange) == {"o1": LIMIT}
    (filled,) = of(Outcome, go(exchange, "113"))
    assert [fill.price for fill in filled.fills] == [D(112)]
