"""The quarterly hedge: in which contract it is held, and when it goes from one to another.

At the desk the long of 1 from 100 stands at 96, near its liquidation; there is a contract of 90 days and one
of 180. What of a hedge could not be had at first is asked for again.
"""

from typing import Any

import pytest

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import PositionChanged
from bot.core.intents import OpenHedge, ReducePosition
from bot.core.settings import DAY_MS, KEEPER
from bot.core.types import PositionId, Symbol
from tests.building.core import BTC, CROSS, ETH_SHORT, LONG, SHORT, T0, D, Desk, a_position, of, reasons
from tests.core.test_pairs import (
    HEDGE,
    LATER,
    Q1,
    Q2,
    a_desk,
    a_hedge,
    dated,
    fills,
    hedging,
    one,
)


def a_desk_with_two(first: str = "96", **params: Any) -> Desk:
    """The long near its liquidation, not yet asked about: the nearer contract stands at ``first``."""
    desk = a_desk(hedging(**params), contracts=(dated(), dated(Q2, 180)))
    desk.mark(first, Q1)
    desk.mark("96", Q2)
    desk.holds(a_position())
    return desk


def asked(action: Action) -> tuple[Symbol, Any]:
    assert isinstance(action.intent, OpenHedge)
    return action.intent.symbol, action.intent.quantity


def test_a_hedge_whose_contract_is_near_its_delivery_is_not_added_to_but_taken_over_whole() -> None:
    # 0.4 of 1 could be had. Ten days before delivery the nearer contract is too short to be sold anew: the
    # later one is sold for all that is wanted, and what is held of the nearer goes.
    desk = a_desk_with_two()
    first = one(desk.mark("96"))
    assert asked(first) == (Q1, D(1))
    fills(desk, first, a_hedge(quantity="0.4"))
    desk.now_ms = T0 + 80 * DAY_MS
    more = one([*desk.mark("96", Q2), *desk.mark("96")])
    assert asked(more) == (Q2, D(1))
    follows = one(fills(desk, more, a_hedge(LATER, "1")))
    assert (follows.rule, follows.intent) == (KEEPER, ReducePosition(id=HEDGE, quantity=D("0.4")))


def test_more_of_a_hedge_is_sold_where_it_is_held_although_a_nearer_contract_would_do_by_now() -> None:
    # The nearer one was too cheap when the hedge was opened. Sold beside the later one, which takes the place
    # of every nearer one, it would be closed again at once.
    desk = a_desk_with_two(first="90")
    first = one(desk.mark("96"))
    assert asked(first) == (Q2, D(1))
    fills(desk, first, a_hedge(LATER, "0.4"))
    more = one([*desk.mark("96", Q1, after_ms=1_000), *desk.mark("96")])
    assert asked(more) == (Q2, D("0.6"))
    assert of(Action, fills(desk, more, a_hedge(LATER, "1"))) == []


@pytest.mark.parametrize(("id_", "longs", "shorts"), [(LONG, "1", "0.4"), (SHORT, "0.4", "1")])
def test_what_the_other_leg_of_its_contract_offsets_is_not_hedged_again(
    id_: PositionId, longs: str, shorts: str
) -> None:
    # In hedge mode 0.6 of 1 are exposed, and a hedge of more would be a risk the other way. The smaller leg
    # is as far from liquidation, which comes from the larger one: it asks for nothing.
    desk = a_desk(hedging(below=D("0.8"), calm=D("0.9"), leverage=D(20)), free="40")
    decisions = desk.holds(a_position(quantity=longs, mode=CROSS), a_position(SHORT, shorts, mode=CROSS))
    action = one(decisions)
    assert (action.id, *asked(action)) == (id_, Q1, D("0.6"))
    assert of(Refusal, decisions) == []


def test_of_two_legs_of_one_size_none_is_hedged() -> None:
    desk = a_desk(hedging(below=D("0.8"), calm=D("0.9")), free="30")
    assert reasons(desk.holds(a_position(mode=CROSS), a_position(SHORT, mode=CROSS))) == []
    quiet = {rule.verdict for each in desk.engine.explain(BTC) for rule in each.rules}
    assert quiet == {"quiet until something changes: the other leg of its contract offsets it"}


@pytest.mark.parametrize("coarse", [{"lot": D("0.3")}, {"min_quantity": D("0.2")}])
def test_what_a_coarser_contract_cannot_hold_is_not_missed(coarse: dict[str, Any]) -> None:
    # 0.9 of 1 are three of its lots. The rest could never be had: nobody asks for it, at no mark.
    desk = a_desk(hedging(), contracts=(dated(**coarse),))
    desk.mark("96", Q1)
    desk.holds(a_position())
    fills(desk, one(desk.mark("96")), a_hedge(quantity="0.9"))
    assert reasons(desk.mark("95.9", after_ms=1_000)) == []
    asked_before = len(desk.steps)
    assert desk.mark("95.8", after_ms=1_000) == []
    assert len(desk.steps) == asked_before


def refused_by_the_account() -> Desk:
    """At 96 the hedge is refused: a short of 10 in another coin loses 288 in a rise, and this adds to it."""
    desk = a_desk()
    desk.holds(a_position(ETH_SHORT, "10", margin="1440"), mark="96")
    desk.mark("96", Q1)
    desk.holds(a_position())
    assert reasons(desk.mark("96")) == [("hedging", Because.NOT_SAFER)]
    assert desk.mark("96", after_ms=1_000) == []
    return desk


@pytest.mark.parametrize(
    ("price", "after_ms", "asked"),
    [
        ("95.8", 1_000, False),  # A quarter of a percent from 96 is 95.76 on one side, 96.24 on the other.
        ("96.2", 1_000, False),
        ("95.7", 1_000, True),
        ("96.3", 1_000, True),
        ("96", 298_000, False),  # Two seconds are past.
        ("96", 299_000, True),
    ],
)
def test_what_the_account_refused_is_asked_for_again_after_a_move_or_five_minutes(
    price: str, after_ms: int, asked: bool
) -> None:
    desk = refused_by_the_account()
    before = len(desk.steps)
    assert desk.mark(price, after_ms=after_ms) == []  # The same refusal is told once.
    assert (len(desk.steps) > before) is asked


def test_what_the_account_refused_is_asked_for_again_once_a_position_is_closed_and_paid_out() -> None:
    desk = refused_by_the_account()
    desk.fold(PositionChanged(at_ms=desk.now_ms, id=ETH_SHORT, position=None))
    assert asked(one(desk.pays_in("1440"))) == (Q1, D(1))
