"""A stop that rests no longer: placed again, left off by the trader's will, or helped with an exit."""

from typing import Any

import pytest

from bot.core.decisions import Action, Because, Decision, StateChanged
from bot.core.facts import CarriedOver, CommandKind, OrderEnded, OrdersChanged, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.intents import Level, MoveStop, PlaceStop, ReducePosition
from bot.core.settings import LastResort, SeatbeltSettings
from bot.core.types import ClientId
from tests.building.core import (
    LONG,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    of,
    reasons,
    stops,
)

PLACED = PlaceStop(id=LONG, trigger=D("90.9"))
WHOLE = ReducePosition(id=LONG, quantity=D(1))


def protected(*rules: Any, **settings: Any) -> tuple[Desk, ClientId]:
    """A position with the stop of the seatbelt, and the name of that."""
    desk = Desk(*rules, **({"seatbelt": True} | settings))
    desk.holds(a_position())
    return desk, places(desk)


def places(desk: Desk) -> ClientId:
    """The stop that was just asked for rests."""
    (action,) = of(Action, desk.steps[-1].decisions)
    assert action.intent == PLACED
    desk.works(action)
    return action.client_id


def gone(desk: Desk, after_ms: int = 1_000) -> list[Decision]:
    """The list of orders is empty, and nobody knows why."""
    desk.now_ms += after_ms
    return desk.rests()


def told(desk: Desk, client_id: ClientId, how: Ending, **more: Any) -> list[Decision]:
    """How it ended."""
    return desk.fold(OrderEnded(at_ms=desk.now_ms, id=LONG, client_id=client_id, how=how, **more))


def loses(desk: Desk, client_id: ClientId, how: Ending) -> list[Decision]:
    """Both at once, as an exchange in memory tells it."""
    desk.now_ms += 1_000
    desk.orders[LONG] = ()
    ended = OrderEnded(at_ms=desk.now_ms, id=LONG, client_id=client_id, how=how)
    return desk.fold(ended, OrdersChanged(at_ms=desk.now_ms, id=LONG, orders=()))


def intents(decisions: list[Decision]) -> list[Any]:
    return [action.intent for action in of(Action, decisions)]


def standing(desk: Desk) -> list[tuple[str, str, Level]]:
    """What was said of the seatbelt."""
    said = [c for step in desk.steps for c in of(StateChanged, step.decisions)]
    return [(c.was, c.now, c.level) for c in said if c.subject == f"seatbelt:{LONG}"]


# -- the trader's will ----------------------------------------------------------------------------------


def test_a_stop_the_trader_cancelled_is_placed_again_once() -> None:
    desk, first = protected()
    decisions = loses(desk, first, Ending.CANCELLED)
    assert (f"stop:{LONG}", first, "cancelled") in changes(decisions)
    assert intents(decisions) == [PLACED]
    second = places(desk)
    assert intents(loses(desk, second, Ending.CANCELLED)) == []
    assert standing(desk) == [("at work", "left off", Level.CRITICAL)]
    for price in ("99", "95", "92"):
        desk.mark(price, after_ms=60_000)
        assert intents(desk.pays_in("1")) == intents(desk.tick()) == []
    status = desk.engine.overview()[0]
    assert (status.protected_by, status.naked_since_ms is not None) == (None, True)
    assert "his will" in desk.engine.explain()[0].rules[-1].verdict


def test_before_a_second_stop_is_replaced_it_is_asked_whether_the_trader_cancelled_it() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    second = places(desk)
    assert reasons(gone(desk)) == [("seatbelt", Because.COOLDOWN)]
    assert intents(desk.mark("100", after_ms=100)) == []
    told(desk, second, Ending.CANCELLED)
    assert standing(desk)[-1][1] == "left off"
    assert intents(desk.mark("100", after_ms=60_000)) == []


def test_where_nobody_says_how_the_second_ended_it_is_placed_after_five_seconds() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    places(desk)
    gone(desk)
    assert intents(desk.mark("100", after_ms=4_999)) == []
    assert intents(desk.mark("100", after_ms=1)) == [PLACED]


def test_where_the_venue_ended_the_second_it_is_placed_as_soon_as_that_is_known() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    second = places(desk)
    gone(desk, after_ms=3_000)
    assert intents(told(desk, second, Ending.ENDED)) == [PLACED]


def test_a_stop_that_is_told_of_twice_counts_once() -> None:
    desk, first = protected()
    gone(desk)
    told(desk, first, Ending.CANCELLED)
    assert changes(told(desk, first, Ending.CANCELLED)) == []
    assert standing(desk) == []


def test_a_first_stop_that_is_gone_is_placed_at_once_whatever_became_of_it() -> None:
    desk, first = protected()
    assert intents(gone(desk)) == [PLACED]
    second = places(desk)
    told(desk, first, Ending.CANCELLED)  # Known only now, and still his.
    loses(desk, second, Ending.CANCELLED)
    assert standing(desk)[-1][1] == "left off"


def test_other_rules_place_no_stop_either() -> None:
    desk, first = protected(stops("95"))
    loses(desk, first, Ending.CANCELLED)
    loses(desk, places(desk), Ending.CANCELLED)
    assert reasons(desk.mark("97", after_ms=60_000)) == [("stops", Because.UNWANTED)]


def test_a_stop_that_we_moved_or_took_away_is_none_the_trader_cancelled() -> None:
    desk, _ = protected(adds("9.6"))
    desk.mark("95", after_ms=2_000)
    (top_up,) = of(Action, desk.steps[-1].decisions)
    desk.works(top_up)
    (moved,) = of(Action, desk.steps[-1].decisions)
    assert isinstance(moved.intent, MoveStop)
    desk.works(moved)
    told_late = told(desk, ClientId("hf-1-99"), Ending.CANCELLED)  # Not one of ours here.
    assert changes(told_late) == []
    assert intents(gone(desk)) == [PlaceStop(id=LONG, trigger=D("80.8"))]


def test_a_stop_the_trader_places_himself_ends_the_nakedness() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    loses(desk, places(desk), Ending.CANCELLED)
    desk.rests(a_stop("96"))
    assert desk.engine.overview()[0].protected_by == "theirs-96"
    (said,) = [c for c in of(StateChanged, desk.rests()) if c.now == "NAKED"]
    assert "by the will of the trader" in said.because
    assert intents(desk.tick(60_000)) == []


def test_the_will_is_of_one_position_and_ends_with_it() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    loses(desk, places(desk), Ending.CANCELLED)
    desk.closed()
    desk.now_ms += 3_000
    assert intents(desk.holds(a_position())) == [PLACED]


@pytest.mark.parametrize(("subject", "placed"), [("", 1), ("seatbelt", 1), ("other", 0)])
def test_a_person_may_release_the_seatbelt(subject: str, placed: int) -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    loses(desk, places(desk), Ending.CANCELLED)
    decisions = desk.command(CommandKind.RESET, subject) + desk.mark("100", after_ms=3_000)
    assert intents(decisions) == [PLACED] * placed
    assert [was for was, _, _ in standing(desk)[1:]] == ["left off"] * placed


def test_the_will_survives_a_restart() -> None:
    desk, first = protected()
    loses(desk, first, Ending.CANCELLED)
    loses(desk, places(desk), Ending.CANCELLED)
    again = Desk(seatbelt=True, known=False, epoch=2)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried()))
    again.pays_in("0")
    assert intents(again.holds(a_position())) == []


# -- a venue that does not keep them ----------------------------------------------------------------------


def lost_to_the_venue(desk: Desk, first: ClientId, times: int) -> list[Decision]:
    """So many stops are ended, one after the other; the last decisions."""
    client_id = first
    for number in range(times):
        if number:
            if not of(Action, desk.steps[-1].decisions):
                desk.mark("100", after_ms=60_000)  # The pace of the fixed rules.
            client_id = places(desk)
        loses(desk, client_id, Ending.ENDED)
    return list(desk.steps[-1].decisions)


def test_a_venue_that_ends_our_stops_is_told_of_and_asked_ever_more_rarely() -> None:
    desk, first = protected()
    lost_to_the_venue(desk, first, 3)
    assert standing(desk) == [("at work", "failing", Level.CRITICAL)]
    desk.mark("100", after_ms=60_000)
    assert intents(list(desk.steps[-1].decisions)) == [PLACED]


def refused(desk: Desk, times: int) -> None:
    """The venue takes none of our stops."""
    for _ in range(times):
        if not of(Action, desk.steps[-1].decisions):
            desk.mark("100", after_ms=60_000)
        (action,) = of(Action, desk.steps[-1].decisions)
        assert action.intent == PLACED
        desk.answer(action, OutcomeKind.REJECTED, code="-2021")


def test_a_venue_that_refuses_our_stops_is_told_of_until_it_takes_one() -> None:
    desk = Desk(seatbelt=True)
    desk.holds(a_position())
    refused(desk, 3)
    desk.mark("100", after_ms=60_000)
    places(desk)
    assert standing(desk) == [
        ("at work", "failing", Level.CRITICAL),
        ("failing", "at work", Level.INFO),
    ]


@pytest.mark.parametrize("how", ["ended", "refused"])
def test_where_the_trader_wants_it_a_position_that_no_stop_can_be_kept_for_is_closed(how: str) -> None:
    desk = Desk(seatbelt=SeatbeltSettings(last_resort=LastResort.CLOSE))
    desk.holds(a_position())
    if how == "ended":
        lost_to_the_venue(desk, places(desk), 3)
    else:
        refused(desk, 3)
    decisions = list(desk.steps[-1].decisions)
    if not of(Action, decisions):
        decisions = desk.mark("100", after_ms=60_000)
    assert intents(decisions) == [WHOLE]


def test_unless_he_does_nothing_is_closed_for_that() -> None:
    desk = Desk(seatbelt=True)
    desk.holds(a_position())
    refused(desk, 6)
    assert not any(isinstance(a.intent, ReducePosition) for step in desk.steps for a in step.actions)


# -- met, and nothing came of it --------------------------------------------------------------------------


def test_a_stop_that_was_met_and_has_not_closed_the_position_in_two_seconds_is_helped() -> None:
    desk, first = protected()
    desk.mark("90.5")
    decisions = loses(desk, first, Ending.MET)
    assert intents(decisions) == []
    assert desk.engine.next_at_ms == desk.now_ms + 2_000
    assert intents(desk.mark("90.4", after_ms=1_999)) == []
    assert intents(desk.mark("90.4", after_ms=1)) == [WHOLE]


def test_a_stop_that_was_met_and_closed_the_position_needs_no_help() -> None:
    desk, first = protected()
    gone(desk)
    desk.closed()
    told(desk, first, Ending.MET)
    assert intents(desk.holds(a_position(opened_ms=desk.now_ms))) == [PLACED]
    assert intents(desk.mark("99", after_ms=10_000)) == []


def test_the_part_that_a_stop_left_is_closed() -> None:
    desk, first = protected()
    loses(desk, first, Ending.MET)
    desk.holds(a_position(quantity="0.4", margin="5.44"), mark=None)
    assert intents(desk.tick(2_000)) == [ReducePosition(id=LONG, quantity=D("0.4"))]


def test_help_that_is_refused_is_tried_again_and_not_in_a_loop() -> None:
    desk, first = protected()
    loses(desk, first, Ending.MET)
    desk.mark("100", after_ms=2_000)
    exits = 0
    for _ in range(60):
        for action in of(Action, desk.steps[-1].decisions):
            exits += isinstance(action.intent, ReducePosition)
            desk.answer(action, OutcomeKind.REJECTED, code="-2022")
        desk.mark("100", after_ms=1_000)
    assert 2 < exits < 12


def test_a_stop_that_was_gone_before_anybody_saw_it_counts_as_well() -> None:
    desk = Desk(seatbelt=True)
    desk.holds(a_position())
    (first,) = of(Action, desk.steps[-1].decisions)
    ended = OrderEnded(at_ms=desk.now_ms, id=LONG, client_id=first.client_id, how=Ending.CANCELLED)
    assert intents(desk.fold(desk.outcome(first, OutcomeKind.VERIFIED), ended)) == [PLACED]
    loses(desk, places(desk), Ending.CANCELLED)
    assert standing(desk)[-1][1] == "left off"
