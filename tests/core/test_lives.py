"""Acting exactly once: one intent in flight, nothing sent twice, nothing assumed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.decisions import Action, Because, Refusal, StateChanged
from bot.core.facts import BalanceChanged, CommandKind, OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, Level, Notify, ReducePosition
from bot.core.settings import Limits
from bot.core.types import ClientId
from bot.core.wake import Always
from tests.building.core import (
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    D,
    Desk,
    a_position,
    adds,
    changes,
    closes,
    of,
    reasons,
    says,
    stops,
)

QUICK = Limits(cooldown_ms=0)


def acted(desk: Desk) -> list[tuple[str, Action]]:
    return [(a.rule, a) for step in desk.steps for a in step.actions]


def one(decisions: Sequence[object]) -> Action:
    (action,) = of(Action, decisions)
    return action


def test_an_action_says_all_that_a_later_reader_needs() -> None:
    desk = Desk(adds("12"))
    desk.holds(a_position())
    action = one(desk.mark("96", after_ms=1_000))
    # A long of 1 with 13.6: liquidated at 90. With 25.6: at (100 - 25.6) / 0.96 = 77.5.
    assert action.intent == AddMargin(id=LONG, amount=D(12))
    assert (action.rule, action.reason, action.mark) == ("adds", "because", D(96))
    assert action.distance_before == D(6) / D(96)
    assert action.distance_after == D("18.5") / D(96)
    assert action.at_ms == desk.now_ms
    assert action.deadline_ms == desk.now_ms + 5_000
    assert action.id == LONG


def test_every_client_id_is_new_and_carries_the_epoch() -> None:
    desk = Desk(adds(), adds(name="again"), limits=QUICK, epoch=7)
    desk.holds(a_position(), a_position(ETH_LONG))
    ids = [a.client_id for a in [*of(Action, desk.mark("95")), *of(Action, desk.mark("95", ETH))]]
    assert ids == ["hf-7-1", "hf-7-2"]


def test_while_an_intent_is_in_flight_nobody_else_acts_on_the_position() -> None:
    desk = Desk(adds("1"), closes(), limits=QUICK)
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert [a.rule for a in of(Action, decisions)] == ["adds"]
    assert reasons(decisions) == []
    assert desk.mark("94") == []
    assert desk.mark("93") == []


@pytest.mark.parametrize("kind", [OutcomeKind.SENT, OutcomeKind.ACKED, OutcomeKind.APPLIED])
def test_an_answer_that_proves_nothing_frees_nothing(kind: OutcomeKind) -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, kind)
    assert of(Action, desk.mark("94")) == []


@pytest.mark.parametrize("kind", [OutcomeKind.VERIFIED, OutcomeKind.REJECTED])
def test_a_proven_answer_frees_the_position(kind: OutcomeKind) -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    again = one(desk.answer(action, kind))
    assert again.client_id != action.client_id


def test_other_positions_are_not_held_up() -> None:
    desk = Desk(adds("1"))
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("95")
    assert one(desk.mark("95", ETH)).id == ETH_LONG


# -- deadlines ----------------------------------------------------------------------------------------


def test_past_its_deadline_an_intent_is_unknown_and_never_sent_again() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, OutcomeKind.SENT)
    desk.mark("95", after_ms=5_000)
    assert changes(desk.tick()) == []
    desk.mark("95", after_ms=1)
    decisions = desk.tick()
    (said,) = of(StateChanged, decisions)
    assert (said.subject, said.now, said.level) == (f"intent:{action.client_id}", "unknown", Level.CRITICAL)
    assert "adds" in said.because
    assert reasons(decisions) == [("adds", Because.IN_FLIGHT)]
    for _ in range(50):
        desk.mark("94.9", after_ms=1_000)
        desk.tick()
    assert len(acted(desk)) == 1


def test_after_proof_that_it_was_not_applied_a_new_intent_may_go() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, OutcomeKind.UNKNOWN)
    assert of(Action, desk.mark("94.9")) == []
    assert one(desk.answer(action, OutcomeKind.NOT_APPLIED)).client_id != action.client_id


def test_not_applied_proves_nothing_about_what_was_acknowledged() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, OutcomeKind.ACKED)
    assert of(Action, desk.answer(action, OutcomeKind.NOT_APPLIED)) == []


def test_a_late_acknowledgement_still_attaches_to_its_intent() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, OutcomeKind.UNKNOWN)
    desk.answer(action, OutcomeKind.ACKED)
    desk.mark("95", after_ms=6_000)
    desk.works(action)
    assert desk.positions[LONG].margin == D("14.6")
    assert len(acted(desk)) == 2


def test_a_repeated_or_foreign_outcome_changes_nothing() -> None:
    desk = Desk(adds("20"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.works(action)
    assert desk.answer(action, OutcomeKind.REJECTED) == []
    foreign = desk.outcome(action, OutcomeKind.VERIFIED)
    assert desk.fold(replace(foreign, client_id=ClientId("web-1"))) == []


# -- exits while something is unknown -----------------------------------------------------------------


def test_an_exit_may_go_while_an_addition_is_unknown() -> None:
    desk = Desk(adds("1"), closes(), limits=QUICK)
    desk.holds(a_position())
    addition = one(desk.mark("95"))
    decisions = desk.answer(addition, OutcomeKind.UNKNOWN)
    exit_ = one(decisions)
    assert exit_.intent == ReducePosition(id=LONG, quantity=D("0.5"))
    assert reasons(decisions) == [("adds", Because.IN_FLIGHT)]


def test_an_exit_may_go_while_an_addition_is_confirmed_and_not_seen_yet() -> None:
    desk = Desk(adds("1"), closes(), limits=QUICK)
    desk.holds(a_position())
    addition = one(desk.mark("95"))
    decisions = desk.answer(addition, OutcomeKind.APPLIED)
    assert one(decisions).intent == ReducePosition(id=LONG, quantity=D("0.5"))
    assert reasons(decisions) == [("adds", Because.IN_FLIGHT)]


def test_what_is_given_up_stays_spent_and_holds_nothing_up() -> None:
    desk = Desk(adds("10"), limits=Limits(cooldown_ms=0, margin_per_account=D(15)))
    desk.holds(a_position())
    addition = one(desk.mark("95"))
    desk.answer(addition, OutcomeKind.UNKNOWN)
    again = one(desk.answer(addition, OutcomeKind.GIVEN_UP))
    assert again.intent == AddMargin(id=LONG, amount=D(5))  # All but what may have been spent.
    # Whatever is heard of it after that changes nothing.
    assert of(Action, desk.answer(addition, OutcomeKind.NOT_APPLIED)) == []


def test_no_second_exit_goes_while_the_first_is_unknown() -> None:
    desk = Desk(adds("1"), closes(), limits=QUICK)
    desk.holds(a_position())
    addition = one(desk.mark("95"))
    exit_ = one(desk.answer(addition, OutcomeKind.UNKNOWN))
    assert of(Action, desk.answer(exit_, OutcomeKind.UNKNOWN)) == []


def test_after_the_exit_the_unknown_addition_still_blocks_another() -> None:
    desk = Desk(adds("1"), closes("0.1", cooldown_ms=60_000), limits=QUICK)
    desk.holds(a_position())
    addition = one(desk.mark("95"))
    exit_ = one(desk.answer(addition, OutcomeKind.UNKNOWN))
    desk.now_ms += 1
    decisions = desk.works(exit_)
    assert reasons(decisions) == [("adds", Because.IN_FLIGHT), ("closes", Because.COOLDOWN)]
    assert of(Action, desk.mark("94.9")) == []
    assert one(desk.answer(addition, OutcomeKind.NOT_APPLIED)).rule == "adds"


def test_an_unknown_addition_keeps_its_balance_while_an_exit_is_in_flight() -> None:
    desk = Desk(adds("900"), closes("0.5", then_add="0"), limits=QUICK)
    desk.holds(a_position(), a_position(ETH_LONG))
    addition = one(desk.mark("95"))
    desk.answer(addition, OutcomeKind.UNKNOWN)
    assert one(desk.mark("95", ETH)).intent == AddMargin(id=ETH_LONG, amount=D(100))


# -- the position goes --------------------------------------------------------------------------------


def test_a_closed_position_holds_nothing_up_in_its_next_lot() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    one(desk.mark("95"))
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 5), mark=None)
    assert one(list(desk.steps[-1].decisions)).rule == "adds"


def test_the_outcome_of_an_intent_outlives_its_position() -> None:
    desk = Desk(adds("10"), limits=Limits(cooldown_ms=0, margin_per_account=D(10)))
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.answer(action, OutcomeKind.UNKNOWN)
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 5), mark=None)
    assert reasons(desk.steps[-1].decisions) == [("adds", Because.BUDGET)]
    assert one(desk.answer(action, OutcomeKind.NOT_APPLIED)).rule == "adds"


def test_an_unanswered_intent_of_a_closed_position_is_still_said_to_be_unknown() -> None:
    desk = Desk(adds("10"))
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.closed()
    assert changes(desk.tick(after_ms=5_001)) == [(f"intent:{action.client_id}", "in flight", "unknown")]


# -- rejected by the venue ----------------------------------------------------------------------------


def test_what_the_venue_rejects_is_a_refusal_and_the_next_rung_gets_its_chance() -> None:
    desk = Desk(adds("1"), closes())
    desk.holds(a_position())
    action = one(desk.mark("95"))
    decisions = desk.answer(action, OutcomeKind.REJECTED, code="-2019", proof="margin is insufficient")
    refused = of(Refusal, decisions)[0]
    assert (refused.rule, refused.because) == ("adds", Because.VENUE)
    assert (refused.intent, refused.reason, refused.mark) == (action.intent, "because", D(95))
    assert refused.text == "-2019 margin is insufficient"
    assert reasons(decisions)[1:] == [("adds", Because.COOLDOWN)]
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_explain_knows_what_the_venue_refused() -> None:
    desk = Desk(adds("1"), limits=QUICK)
    desk.holds(a_position())
    action = one(desk.mark("95"))
    desk.command(CommandKind.HALT)
    desk.answer(action, OutcomeKind.REJECTED, code="-4051")
    assert desk.engine.overview()[0].last_refusal is not None


def test_a_rejected_intent_is_not_counted_as_acted_and_gives_its_budget_back() -> None:
    desk = Desk(adds("10"), limits=Limits(cooldown_ms=0, margin_per_position=D(10)))
    desk.holds(a_position())
    action = one(desk.mark("95"))
    (rule,) = desk.engine.explain()[0].rules
    assert rule.times_acted == 1
    again = one(desk.answer(action, OutcomeKind.REJECTED))
    assert again.intent == action.intent
    (rule,) = desk.engine.explain()[0].rules
    assert rule.times_acted == 1


def test_a_rejecting_venue_is_not_hammered() -> None:
    desk = Desk(adds("1"))
    desk.holds(a_position())
    desk.mark("95")
    for _ in range(600):
        for rule, action in acted(desk)[-1:]:
            desk.answer(action, OutcomeKind.REJECTED, code="-1")
            assert rule == "adds"
        desk.mark("95", after_ms=1_000)
        desk.tick()
    # Ten minutes at one attempt a minute, the first one at once.
    assert len(acted(desk)) == 11


def test_a_note_needs_no_answer() -> None:
    tells = says("tells", Notify(id=LONG, level=Level.WARNING, text="near"), when=Always())
    desk = Desk(tells, adds("20"), stops("93", when=Always()))
    desk.holds(a_position())
    assert [rule for rule, _ in acted(desk)] == ["tells", "stops"]


def test_facts_of_one_batch_are_judged_together() -> None:
    desk = Desk(adds("20"))
    desk.holds(a_position())
    near = PositionChanged(at_ms=desk.now_ms, id=LONG, position=a_position(margin="11"))
    far = PositionChanged(at_ms=desk.now_ms, id=LONG, position=a_position(margin="13.6"))
    rich = BalanceChanged(at_ms=desk.now_ms, account=MAIN, wallet=D(5), free=D(5))
    assert desk.fold(near, rich, far) == []


def test_what_is_proven_not_sent_frees_the_position_at_once() -> None:
    desk = Desk(adds(cooldown_ms=0))
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("95"))
    (second,) = of(Action, desk.answer(first, OutcomeKind.NOT_APPLIED))
    assert second.client_id != first.client_id
