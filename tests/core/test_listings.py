"""What the venue changes in a contract is said, and what it suspends is not stormed."""

from bot.core.decisions import Action, Because, StateChanged
from bot.core.facts import InstrumentChanged
from bot.core.intents import Level
from tests.building.core import (
    ETH,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    changes,
    closes,
    of,
    reasons,
    stops,
)


def becomes(desk: Desk, **contract: object) -> list[StateChanged]:
    """The venue changes the contract."""
    fact = InstrumentChanged(at_ms=desk.now_ms, contract=a_contract(**contract))  # type: ignore[arg-type]
    return of(StateChanged, desk.fold(fact))


def test_a_market_that_is_suspended_takes_no_orders_and_margin_may_still_be_added() -> None:
    desk = Desk(closes(), stops("95"), adds("5"))
    desk.holds(a_position())
    becomes(desk, suspended=True)
    decisions = desk.mark("97")
    assert reasons(decisions) == [("closes", Because.STATE), ("stops", Because.STATE)]
    assert [action.rule for action in of(Action, decisions)] == ["adds"]


def test_it_is_said_loudly_where_something_is_held_and_again_when_it_is_over() -> None:
    desk = Desk()
    desk.holds(a_position())
    (said,) = becomes(desk, suspended=True)
    assert (said.subject, said.was, said.now) == ("contract:BTC/USDT:USDT", "traded", "suspended")
    assert said.level is Level.CRITICAL
    assert changes(becomes(desk)) == [("contract:BTC/USDT:USDT", "suspended", "traded")]


def test_a_market_that_stands_still_from_the_beginning_is_said() -> None:
    desk = Desk(contracts=(a_contract(ETH),))
    (said,) = becomes(desk, suspended=True)
    assert (said.was, said.now, said.level) == ("traded", "suspended", Level.CRITICAL)


def test_when_it_trades_again_the_rules_are_asked_at_once() -> None:
    desk = Desk(closes())
    desk.holds(a_position())
    becomes(desk, suspended=True)
    desk.mark("97")
    decisions = desk.fold(InstrumentChanged(at_ms=desk.now_ms, contract=a_contract()))
    assert [action.rule for action in of(Action, decisions)] == ["closes"]


def test_other_rules_of_a_contract_are_named() -> None:
    desk = Desk()
    desk.holds(a_position())
    (said,) = becomes(desk, max_leverage=D(20), tick=D("0.5"))
    assert said.because == "the exchange changed tick, max_leverage"
    assert said.level is Level.WARNING


def test_the_same_contract_once_more_is_no_news() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert becomes(desk) == []
    assert becomes(desk, symbol=ETH) == []
    assert desk.now_ms == T0
