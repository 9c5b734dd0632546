"""What the holder of an account does with it beside trading."""

from decimal import Decimal

import pytest

from bot.core.facts import OutcomeKind
from bot.core.types import MarginMode, OrderKind, PositionMode
from bot.venues.paper import PaperError
from bot.venues.paper.refusals import Reason, Refused
from tests.venues.paper.desk import (
    ETH_LONG,
    LONG,
    MAIN,
    SHORT,
    an_exchange,
    an_order,
    outcome,
    the,
    wallet,
    with_long,
)

D = Decimal


def test_margin_is_moved_both_ways_between_wallet_and_position() -> None:
    exchange = with_long()
    assert outcome(exchange.desk.move_margin(1, LONG, D(5))).kind is OutcomeKind.VERIFIED
    assert (the(exchange).margin, wallet(exchange)) == (D(15), D(985))
    exchange.desk.move_margin(2, LONG, D(-3))
    assert (the(exchange).margin, wallet(exchange)) == (D(12), D(988))


@pytest.mark.parametrize(("amount", "code"), [(D(0), "-4055"), (D(5000), "-4051"), (D(-11), "-4051")])
def test_margin_that_cannot_be_moved_is_refused(amount: Decimal, code: str) -> None:
    exchange = with_long()
    refused = outcome(exchange.desk.move_margin(1, LONG, amount))
    assert (refused.kind, refused.code) == (OutcomeKind.REJECTED, code)
    assert (the(exchange).margin, wallet(exchange)) == (D(10), D(990))


def test_a_margin_mode_holds_for_both_sides_of_the_next_position() -> None:
    exchange = an_exchange()
    leverage = exchange.desk.terms(LONG)[0]
    exchange.desk.set_margin_mode(1, SHORT, MarginMode.CROSS)
    assert exchange.desk.terms(LONG) == exchange.desk.terms(SHORT) == (leverage, MarginMode.CROSS)
    exchange.submit(2, an_order(quantity="1"))
    assert the(exchange).mode is MarginMode.CROSS


def test_a_margin_mode_does_not_change_under_a_position_or_an_order() -> None:
    held = with_long()
    assert outcome(held.desk.set_margin_mode(1, SHORT, MarginMode.CROSS)).code == "-4048"
    ordered = an_exchange()
    ordered.submit(1, an_order(OrderKind.LIMIT, quantity="1", limit="90"))
    assert outcome(ordered.desk.set_margin_mode(1, LONG, MarginMode.CROSS)).code == "-4047"
    assert ordered.desk.terms(LONG)[1] is MarginMode.ISOLATED


def test_a_position_mode_changes_on_an_empty_account_only() -> None:
    exchange = an_exchange()
    assert exchange.desk.set_position_mode(MAIN, PositionMode.HEDGE) is None
    assert exchange.desk.position_mode(MAIN) is PositionMode.HEDGE
    exchange.submit(1, an_order(OrderKind.LIMIT, quantity="1", limit="90"))
    refused = exchange.desk.set_position_mode(MAIN, PositionMode.ONE_WAY)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.MODE_ORDERS
    exchange.submit(2, an_order(name="o2", quantity="1"))
    refused = exchange.desk.set_position_mode(MAIN, PositionMode.ONE_WAY)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.MODE_POSITION


def test_what_has_no_price_is_the_callers_mistake() -> None:
    with pytest.raises(PaperError, match="not traded here"):
        an_exchange().desk.move_margin(1, ETH_LONG, D(1))
