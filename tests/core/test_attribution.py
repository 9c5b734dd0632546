"""Every change of a position is explained: by us, by the exchange, or as done by somebody else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Action, StateChanged
from bot.core.facts import (
    MET,
    Deleveraged,
    Delivered,
    Fact,
    Fill,
    FundingPaid,
    Liquidated,
    Outcome,
    OutcomeKind,
)
from bot.core.intents import CutLeverage, Level
from bot.core.types import ClientId, MarginMode, Position
from tests.building.core import (
    LONG,
    T0,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    closes,
    of,
    says,
)

SECOND = 1_000
STOP = ClientId("hf-1-1")


def at_work(*rules: object, **settings: object) -> Desk:
    """A desk that has seen its account once: from here on everything is a change."""
    desk = Desk(*rules, **settings)  # type: ignore[arg-type]
    desk.holds(a_position())
    desk.tick(after_ms=SECOND)
    return desk


def becomes(desk: Desk, position: Position) -> None:
    """The position is another one at the next reading."""
    desk.holds(position, mark=None)


def told(desk: Desk, after_ms: int = 30 * SECOND) -> list[tuple[str, str]]:
    """What is said of positions in that time: was and now."""
    said: list[tuple[str, str]] = []
    for _ in range(after_ms // SECOND):
        for subject, was, now in changes(desk.tick(after_ms=SECOND)):
            if subject == f"position:{LONG}":
                said.append((was, now))
    return said


def a_fill(quantity: str) -> Fill:
    return Fill(quantity=D(quantity), price=D(95), fee=D(0), pnl=D(0), slippage=D(0))


def met(desk: Desk, quantity: str = "1") -> Outcome:
    """A stop of ours was met."""
    return Outcome(
        at_ms=desk.now_ms,
        id=LONG,
        client_id=STOP,
        kind=OutcomeKind.VERIFIED,
        proof=MET,
        fills=(a_fill(quantity),),
    )


@pytest.mark.parametrize(
    ("changed", "was", "now"),
    [
        ({"quantity": D("1.5"), "margin": D("20.4")}, "1 held", "1.5 held"),
        ({"quantity": D("0.4"), "margin": D("5.44")}, "1 held", "0.4 held"),
        ({"leverage": D(3)}, "leverage 5", "leverage 3"),
        ({"mode": MarginMode.CROSS, "margin": D(0)}, "isolated", "cross"),
    ],
    ids=["enlarged", "reduced", "leverage", "mode"],
)
def test_what_somebody_else_changed_has_a_row_of_its_own(
    changed: dict[str, Decimal], was: str, now: str
) -> None:
    desk = at_work()
    becomes(desk, replace(a_position(), **changed))  # type: ignore[arg-type]
    assert told(desk) == [(was, now)]
    assert told(desk, 200 * SECOND) == []


def test_what_somebody_else_closed_or_opened_has_a_row() -> None:
    desk = at_work()
    desk.closed()
    assert told(desk) == [("1 held", "not held")]
    becomes(desk, a_position(quantity="2"))
    assert told(desk) == [("not held", "2 held")]


def test_the_row_says_who_did_not_do_it() -> None:
    desk = at_work()
    becomes(desk, replace(a_position(), quantity=D("0.4")))
    desk.tick(after_ms=10 * SECOND)
    (row,) = [c for c in of(StateChanged, desk.tick(after_ms=10 * SECOND)) if c.was == "1 held"]
    assert row.because == "0.6 was closed, and not by this bot: by you, or another program"
    assert row.level is Level.INFO


def test_what_is_there_when_the_account_becomes_known_is_adopted() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert told(desk, 200 * SECOND) == []


def test_margin_that_somebody_else_moved_has_a_row_once_funding_had_its_time() -> None:
    desk = at_work()
    becomes(desk, replace(a_position(), margin=D(20)))
    assert told(desk, 119 * SECOND) == []
    assert told(desk, 2 * SECOND) == [("margin 13.6", "margin 20")]


def test_what_we_did_ourselves_has_none() -> None:
    for rule in (adds(), says("cuts", CutLeverage(id=LONG, leverage=D(3)))):
        desk = at_work(rule)
        (action,) = of(Action, desk.mark("97"))
        desk.works(action)
        assert told(desk, 50 * SECOND) == []


def test_a_reduction_of_ours_explains_what_it_traded_and_no_more() -> None:
    desk = at_work(closes("0.25"))
    (action,) = of(Action, desk.mark("97"))
    becomes(desk, replace(a_position(), quantity=D("0.5")))
    desk.answer(action, OutcomeKind.VERIFIED, fills=(a_fill("0.25"),))
    assert told(desk) == [("1 held", "0.5 held")]


def test_while_an_action_is_on_its_way_nothing_is_judged() -> None:
    desk = at_work(closes("0.25"))
    (action,) = of(Action, desk.mark("97"))
    becomes(desk, replace(a_position(), quantity=D("0.75")))
    assert told(desk, 60 * SECOND) == []
    desk.answer(action, OutcomeKind.VERIFIED, fills=(a_fill("0.25"),))
    assert told(desk) == []


@pytest.mark.parametrize("first", ["the change", "what explains it"])
@pytest.mark.parametrize(
    "fact",
    [
        Liquidated(at_ms=T0, id=LONG, quantity=D(1), price=D(90), fee=D(0)),
        Deleveraged(at_ms=T0, id=LONG, quantity=D(1), price=D(120)),
        Delivered(at_ms=T0, id=LONG, price=D(99)),
    ],
    ids=["liquidated", "deleveraged", "delivered"],
)
def test_what_the_exchange_closed_is_told_by_its_own_fact(fact: Fact, first: str) -> None:
    desk = at_work()
    if first == "the change":
        desk.closed()
        desk.tick(after_ms=5 * SECOND)
    desk.fold(fact)
    if first != "the change":
        desk.closed()
    assert told(desk) == []


def test_a_stop_that_was_met_explains_what_it_closed_however_often_it_is_told() -> None:
    desk = at_work()
    desk.rests(a_stop("95", client_id=STOP))
    desk.fold(met(desk))
    desk.rests()
    desk.closed()
    desk.tick(after_ms=SECOND)
    desk.fold(met(desk))
    assert told(desk) == []


def test_funding_explains_the_margin_it_was_booked_into() -> None:
    desk = at_work()
    becomes(desk, replace(a_position(), margin=D("13.5")))
    desk.tick(after_ms=40 * SECOND)
    desk.fold(FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("0.001"), amount=D("-0.1")))
    assert told(desk, 200 * SECOND) == []


def test_funding_that_the_wallet_paid_explains_nothing_and_needs_nothing() -> None:
    desk = at_work()
    desk.fold(FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("0.001"), amount=D("-0.1")))
    assert told(desk, 200 * SECOND) == []
