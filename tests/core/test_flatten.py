"""A person wants an account flat: everything is closed whatever else holds, and nothing new begins."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from bot.core.decisions import Action, Because, Decision, StateChanged
from bot.core.facts import CarriedOver, CommandKind, Link, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, Level, OpenHedge, PlaceStop, ReducePosition
from bot.core.settings import FLATTEN, KEEPER, Limits
from bot.core.states import BotState
from bot.core.types import OrderKind
from bot.core.wake import Always
from tests.building.core import (
    CROSS,
    ETH_LONG,
    LONG,
    MAIN,
    OTHER,
    SHORT,
    D,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    closes,
    of,
    reasons,
    stops,
)
from tests.core.test_carried import restarted
from tests.core.test_pairs import HEDGE, QUICK, a_desk, a_hedge, fills, hedged, holding, wanting

FLAT = CommandKind.FLATTEN
QUIET: dict[str, Any] = {"limits": Limits(stale_after_ms=10**9)}


def acted(decisions: Sequence[Decision]) -> list[tuple[str, Any]]:
    return [(action.rule, action.intent) for action in of(Action, decisions)]


def whole(id_: Any = LONG, quantity: str = "1") -> ReducePosition:
    return ReducePosition(id=id_, quantity=D(quantity))


def flattening(decisions: Sequence[Decision]) -> list[tuple[str, str]]:
    return [(was, now) for subject, was, now in changes(decisions) if subject == "flatten:main"]


def test_every_position_is_closed_whole_at_once_and_the_account_is_flat_when_nothing_is_held() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position(), a_position(ETH_LONG, "2"), a_position(SHORT))
    decisions = desk.command(FLAT, MAIN)
    assert acted(decisions) == [
        (FLATTEN, whole()),
        (FLATTEN, whole(ETH_LONG, "2")),
        (FLATTEN, whole(SHORT)),
    ]
    assert flattening(decisions) == [("held", "flattening")]
    assert desk.engine.states()[MAIN] is BotState.REDUCING
    first, second, third = of(Action, decisions)
    assert flattening([*desk.works(first), *desk.works(second)]) == []
    assert flattening([*desk.works(third), *desk.tick()]) == [("flattening", "flat")]
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_it_is_said_loudly_who_wants_it() -> None:
    desk = Desk()
    desk.holds(a_position())
    begun = [change for change in of(StateChanged, desk.command(FLAT, MAIN)) if "flatten:" in change.subject]
    assert [(change.level, change.because) for change in begun] == [
        (Level.CRITICAL, "flatten ordered by somebody")
    ]


def test_an_account_that_holds_nothing_is_flat_already() -> None:
    desk = Desk()
    assert flattening(desk.command(FLAT, MAIN)) == [("held", "flattening"), ("flattening", "flat")]
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_only_the_account_that_is_named_is_flattened_and_without_a_name_all_are() -> None:
    desk = Desk(accounts=(MAIN, OTHER), **QUIET)
    theirs = LONG._replace(account=OTHER)
    desk.holds(a_position(), a_position(theirs))
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole())]
    assert acted(desk.command(FLAT)) == [(FLATTEN, whole(theirs))]


def test_an_account_that_is_not_there_is_said_to_be_not_flattened() -> None:
    desk = Desk()
    desk.holds(a_position())
    decisions = desk.command(FLAT, "mian")
    assert of(Action, decisions) == []
    (said,) = of(StateChanged, decisions)
    assert (said.now, said.because, said.level) == (
        "not carried out",
        "there is no account 'mian'",
        Level.CRITICAL,
    )


@pytest.mark.parametrize("quantity", ["0.0004", "123.456"])
def test_what_is_below_the_least_order_is_closed_whole_too(quantity: str) -> None:
    desk = Desk(limits=Limits(close_whole_below_minimum=False))
    desk.holds(a_position(quantity=quantity))
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole(quantity=quantity))]


# -- whatever else holds ------------------------------------------------------------------------------


def test_a_halt_does_not_hold_it_up_and_stands_when_it_is_done() -> None:
    desk = Desk(adds(), seatbelt=True, **QUIET)
    desk.command(CommandKind.HALT)
    desk.holds(a_position())
    (action,) = of(Action, desk.command(FLAT, MAIN))
    assert action.intent == whole()
    desk.works(action)
    assert flattening(desk.tick()) == [("flattening", "flat")]
    assert desk.engine.states()[MAIN] is BotState.HALTED


def test_a_halt_that_comes_later_does_not_end_it() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    (action,) = of(Action, desk.command(FLAT, MAIN))
    desk.command(CommandKind.HALT)
    desk.answer(action, OutcomeKind.REJECTED)
    assert acted(desk.tick(after_ms=1_000)) == [(FLATTEN, whole())]


@pytest.mark.parametrize("subject", ["", FLATTEN, str(LONG)])
def test_no_pause_holds_it_up(subject: str) -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.command(CommandKind.PAUSE, subject)
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole())]


def test_neither_latched_rules_nor_spent_limits_nor_cooldowns_hold_it_up() -> None:
    limits = Limits(
        cooldown_ms=10**9, actions_per_hour=0, equal_actions=1, margin_per_day=D(0), stale_after_ms=10**9
    )
    desk = Desk(closes("0.1"), limits=limits)
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    desk.answer(action, OutcomeKind.REJECTED)
    assert ("closes", Because.THROTTLED) in reasons(desk.steps[-1].decisions)
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole())]


def test_silent_marks_do_not_hold_it_up() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.tick(after_ms=60_000)
    assert desk.engine.states()[MAIN] is BotState.BLIND
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole())]


@pytest.mark.parametrize("link", [Link.MARKET, Link.ACCOUNT])
def test_a_lost_stream_does_not_hold_it_up(link: Link) -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.link(link, up=False)
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole())]


def test_without_a_key_it_waits_and_goes_on_when_the_key_works_again() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.link(Link.AUTH, up=False)
    assert of(Action, desk.command(FLAT, MAIN)) == []
    desk.link(Link.AUTH, up=True)
    assert acted(desk.is_read()) == [(FLATTEN, whole())]


def test_before_the_account_is_known_it_waits_and_nothing_is_called_flat() -> None:
    desk = Desk(known=False, **QUIET)
    assert flattening(desk.command(FLAT, MAIN)) == [("held", "flattening")]
    desk.holds(a_position())
    assert acted(desk.is_read()) == [(FLATTEN, whole())]


def test_an_account_whose_stream_is_down_is_not_called_flat() -> None:
    desk = Desk()
    desk.link(Link.ACCOUNT, up=False)
    assert flattening(desk.command(FLAT, MAIN)) == [("held", "flattening")]
    assert flattening(desk.tick()) == []
    desk.link(Link.ACCOUNT, up=True)
    assert flattening(desk.tick()) == []
    desk.is_read()
    assert flattening(desk.tick()) == [("flattening", "flat")]


def test_the_leg_that_earns_what_the_larger_one_loses_is_closed_at_once_too() -> None:
    desk = Desk(free="5", **QUIET)
    desk.holds(a_position(mode=CROSS, margin="0"), a_position(SHORT, "0.5", mode=CROSS, margin="0"))
    assert acted(desk.command(FLAT, MAIN)) == [(FLATTEN, whole()), (FLATTEN, whole(SHORT, "0.5"))]


# -- never twice --------------------------------------------------------------------------------------


def test_it_waits_for_what_is_on_its_way_and_goes_past_what_nobody_answered() -> None:
    desk = Desk(adds("10"), limits=Limits(stale_after_ms=10**9, deadline_ms=5_000))
    desk.holds(a_position())
    assert acted(desk.mark("95")) == [("adds", AddMargin(id=LONG, amount=D(10)))]
    assert of(Action, desk.command(FLAT, MAIN)) == []
    assert acted(desk.tick(after_ms=5_001)) == [(FLATTEN, whole())]


def test_an_exit_that_nobody_answered_is_not_sent_again() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.command(FLAT, MAIN)
    for _ in range(10):
        assert of(Action, desk.tick(after_ms=60_000)) == []


def test_a_refused_exit_is_tried_again_at_the_pace_of_the_fixed_rules() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    (action,) = of(Action, desk.command(FLAT, MAIN))
    desk.answer(action, OutcomeKind.REJECTED)
    sent_ms = [action.at_ms]
    for _ in range(300):
        for action in of(Action, desk.tick(after_ms=1_000)):
            sent_ms.append(action.at_ms)
            desk.answer(action, OutcomeKind.REJECTED)
    # A second after the first, then twice as long each time, at most a minute.
    expected = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert [later - earlier for earlier, later in pairwise(sent_ms)] == expected


def test_what_is_left_of_a_position_is_closed_next() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    (action,) = of(Action, desk.command(FLAT, MAIN))
    left = a_position(quantity="0.4")
    verified = desk.outcome(action, OutcomeKind.VERIFIED)
    again = desk.fold(verified, PositionChanged(at_ms=desk.now_ms, id=LONG, position=left))
    assert acted(again) == [(FLATTEN, whole(quantity="0.4"))]


# -- nothing else begins ------------------------------------------------------------------------------


def test_while_it_goes_on_no_rule_acts_and_no_margin_is_added() -> None:
    rules = (adds(when=Always()), closes(when=Always()), stops("95", when=Always()))
    desk = Desk(*rules, limits=Limits(cooldown_ms=0, stale_after_ms=10**9))
    desk.holds(a_position(), mark=None)
    desk.command(FLAT, MAIN)
    decisions, tries = desk.mark("100"), 0
    for _ in range(100):
        for action in of(Action, decisions):
            assert action.rule == FLATTEN
            desk.answer(action, OutcomeKind.REJECTED)
            tries += 1
        decisions = desk.tick(after_ms=500)
    assert tries > 3
    refused = {refusal for step in desk.steps for refusal in reasons(step.decisions)}
    assert {(rule, Because.STATE) for rule in ("adds", "closes", "stops")} <= refused


def test_what_a_reduction_released_is_not_added_again() -> None:
    desk = Desk(closes("0.5", then_add="3"), **QUIET)
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    desk.command(FLAT, MAIN)
    assert acted(desk.works(action)) == [(FLATTEN, whole(quantity="0.5"))]


def test_a_position_that_appears_meanwhile_is_closed_and_one_that_comes_after_is_guarded() -> None:
    desk = Desk(stops("95"), **QUIET)
    desk.holds(a_position())
    (action,) = of(Action, desk.command(FLAT, MAIN))
    (second,) = of(Action, desk.holds(a_position(ETH_LONG)))
    assert second.intent == whole(ETH_LONG)
    desk.works(action)
    desk.works(second)
    assert flattening(desk.tick()) == [("flattening", "flat")]
    assert [action.rule for action in of(Action, desk.holds(a_position(), mark="96"))] == ["stops"]


def test_what_cannot_be_closed_at_once_gets_its_stop() -> None:
    desk = Desk(seatbelt=True, **QUIET)
    desk.holds(a_position(), mark=None)
    (action,) = of(Action, [*desk.command(FLAT, MAIN), *desk.mark("100")])
    assert action.rule == FLATTEN
    refused = desk.answer(action, OutcomeKind.REJECTED)
    assert [(a.rule, type(a.intent)) for a in of(Action, refused)] == [("seatbelt", PlaceStop)]


def test_foreign_orders_and_our_stops_are_left_alone_while_the_position_is_held() -> None:
    desk = Desk(seatbelt=True, **QUIET)
    desk.holds(a_position())
    desk.rests(a_stop("95", kind=OrderKind.STOP_LIMIT), a_stop("93"))
    desk.command(FLAT, MAIN)
    kinds = {type(action.intent) for step in desk.steps for action in step.actions}
    assert kinds <= {ReducePosition, PlaceStop}


# -- pairs --------------------------------------------------------------------------------------------


def test_of_a_pair_the_guarded_leg_goes_first_and_its_hedge_at_once_after_it() -> None:
    desk = a_desk()
    hedged(desk)
    (first,) = of(Action, desk.command(FLAT, MAIN))
    assert (first.rule, first.intent) == (FLATTEN, whole())
    gone = desk.fold(desk.outcome(first, OutcomeKind.VERIFIED), holding(desk, LONG, None))
    (second,) = of(Action, gone)
    assert (second.rule, second.intent) == (KEEPER, whole(HEDGE))
    desk.fold(desk.outcome(second, OutcomeKind.VERIFIED), holding(desk, HEDGE, None))
    assert flattening(desk.tick()) == [("flattening", "flat")]


def test_a_halt_does_not_leave_the_hedge_alone() -> None:
    desk = a_desk()
    hedged(desk)
    desk.command(CommandKind.HALT)
    (first,) = of(Action, desk.command(FLAT, MAIN))
    gone = desk.fold(desk.outcome(first, OutcomeKind.VERIFIED), holding(desk, LONG, None))
    assert acted(gone) == [(KEEPER, whole(HEDGE))]


def test_while_the_guarded_leg_cannot_be_closed_its_hedge_stays() -> None:
    desk = a_desk()
    hedged(desk)
    (first,) = of(Action, desk.command(FLAT, MAIN))
    refused = desk.answer(first, OutcomeKind.REJECTED)
    assert [id_ for id_ in (a.id for a in of(Action, refused)) if id_ == HEDGE] == []


def test_an_account_is_not_flat_while_a_hedge_is_on_its_way() -> None:
    desk = a_desk(limits=QUICK)
    opening = wanting(desk)
    assert isinstance(opening.intent, OpenHedge)
    desk.command(FLAT, MAIN)
    assert flattening([*desk.closed(), *desk.tick()]) == []
    assert acted(fills(desk, opening, a_hedge())) == [(KEEPER, whole(HEDGE))]
    assert flattening([*desk.closed(HEDGE), *desk.tick()]) == [("flattening", "flat")]


# -- until it is done or left off ---------------------------------------------------------------------


def test_resuming_leaves_it_off_and_the_rules_guard_again() -> None:
    desk = Desk(adds("10"), **QUIET)
    desk.holds(a_position(), mark="95")
    desk.answer(of(Action, desk.steps[-1].decisions)[0], OutcomeKind.REJECTED)
    (action,) = of(Action, desk.command(FLAT, MAIN))
    assert flattening(desk.command(CommandKind.RESUME)) == [("flattening", "left off")]
    assert acted(desk.answer(action, OutcomeKind.REJECTED)) == []
    assert acted(desk.mark("94.9", after_ms=60_000)) == [("adds", AddMargin(id=LONG, amount=D(10)))]
    assert desk.engine.states()[MAIN] is BotState.ARMED


def test_resuming_one_rule_does_not_leave_it_off() -> None:
    desk = Desk(adds(), **QUIET)
    desk.holds(a_position())
    desk.command(FLAT, MAIN)
    desk.command(CommandKind.RESUME, "adds")
    assert desk.engine.states()[MAIN] is BotState.REDUCING


def test_ordered_twice_it_is_begun_once() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.command(FLAT, MAIN)
    assert flattening(desk.command(FLAT, MAIN)) == []


def test_it_goes_on_after_a_restart_and_does_not_send_again_what_was_on_its_way() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position(), a_position(ETH_LONG))
    first, second = of(Action, desk.command(FLAT, MAIN))
    desk.answer(second, OutcomeKind.REJECTED)
    desk.now_ms += 60_000
    again = restarted(desk, **QUIET)
    assert again.engine.states()[MAIN] is BotState.REDUCING
    assert acted(again.holds(*desk.positions.values())) == [(FLATTEN, whole(ETH_LONG))]
    # The exit that the first run sent proves not done: only then it goes again.
    assert acted(again.answer(first, OutcomeKind.NOT_APPLIED)) == [(FLATTEN, whole())]


def test_a_halted_account_is_flattened_after_a_restart_too() -> None:
    desk = Desk(**QUIET)
    desk.command(CommandKind.HALT)
    desk.link(Link.AUTH, up=False)
    desk.holds(a_position())
    desk.command(FLAT, MAIN)
    again = restarted(desk, **QUIET)
    assert acted(again.mark("100")) == [(FLATTEN, whole())]


def test_what_was_done_is_not_done_again_after_a_restart() -> None:
    desk = Desk(**QUIET)
    desk.holds(a_position())
    desk.works(of(Action, desk.command(FLAT, MAIN))[0])
    desk.tick()
    carried = desk.engine.carried()
    assert [record.flattening for record in carried.accounts] == [None]
    again = Desk(known=False, epoch=2, **QUIET)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=carried))
    again.is_read()
    assert of(Action, again.holds(a_position())) == []


def test_in_shadow_it_is_decided_and_nothing_is_sent() -> None:
    desk = Desk(shadow=True, **QUIET)
    desk.holds(a_position())
    decisions = desk.command(FLAT, MAIN)
    assert of(Action, decisions) == []
    assert (FLATTEN, Because.SHADOW) in reasons(decisions)
