"""How often a rule may act: cooldown, rate, and the latch on equal actions."""

import pytest

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import AccountRead, CarriedOver, CommandKind, OutcomeKind
from bot.core.intents import AddMargin, PlaceStop, ReducePosition
from bot.core.settings import Limits
from bot.core.view import View
from bot.core.wake import Always
from tests.building.core import (
    ETH,
    ETH_LONG,
    LONG,
    MAIN,
    OTHER,
    T0,
    D,
    Desk,
    a_position,
    adds,
    changes,
    closes,
    of,
    reasons,
    says,
)

MINUTE = 60_000
HOUR = 60 * MINUTE


def act(desk: Desk) -> Action | None:
    """The action the last step came to, carried out."""
    actions = of(Action, desk.steps[-1].decisions)
    for action in actions:
        desk.works(action)
    return actions[0] if actions else None


# -- cooldown -----------------------------------------------------------------------------------------


def test_after_the_cooldown_and_not_a_millisecond_before_a_rule_may_act_again() -> None:
    desk = Desk(adds("1", when=Always()))
    desk.holds(a_position())
    first = act(desk)
    assert first is not None
    assert desk.mark("99.9", after_ms=MINUTE - 1) == []
    (again,) = of(Action, desk.mark("99.9", after_ms=1))
    assert again.at_ms == first.at_ms + MINUTE


def test_a_rule_in_its_cooldown_is_refused_until_a_stated_time_and_sleeps() -> None:
    desk = Desk(adds("1", when=Always()))
    desk.holds(a_position())
    action = act(desk)
    assert action is not None
    (refusal,) = of(Refusal, desk.steps[-1].decisions)
    assert (refusal.because, refusal.until_ms) == (Because.COOLDOWN, action.at_ms + MINUTE)
    assert desk.engine.next_at_ms == action.at_ms + MINUTE
    assert [desk.mark("99", after_ms=1_000) for _ in range(10)] == [[]] * 10


def test_the_end_of_a_cooldown_is_noticed_at_a_fact_about_something_else() -> None:
    only_btc = adds("1", when=Always(), symbols=frozenset({LONG.symbol}))
    desk = Desk(only_btc, limits=Limits(stale_after_ms=HOUR))
    desk.holds(a_position(), a_position(ETH_LONG))
    act(desk)
    assert [a.id for a in of(Action, desk.mark("100", ETH, after_ms=MINUTE))] == [LONG]


def test_a_rule_may_have_its_own_cooldown() -> None:
    desk = Desk(adds("1", when=Always(), cooldown_ms=5_000))
    desk.holds(a_position())
    act(desk)
    assert of(Action, desk.mark("100", after_ms=4_999)) == []
    assert len(of(Action, desk.mark("100", after_ms=1))) == 1


def test_a_cooldown_is_of_one_rule_on_one_position() -> None:
    desk = Desk(adds("20"), adds("1", name="other", when=Always()))
    desk.holds(a_position(), a_position(ETH_LONG))
    act(desk)
    assert [a.rule for a in of(Action, desk.mark("95", ETH))] == ["adds"]


# -- rate ---------------------------------------------------------------------------------------------


def test_an_account_acts_only_so_often_an_hour() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(actions_per_hour=2))
    desk.holds(a_position())
    first = act(desk)
    desk.mark("100", after_ms=MINUTE)
    assert first is not None
    assert act(desk) is not None
    desk.mark("100", after_ms=MINUTE)
    (refusal,) = of(Refusal, desk.steps[-1].decisions)
    assert (refusal.because, refusal.until_ms) == (Because.RATE, first.at_ms + HOUR)
    assert desk.mark("100", after_ms=HOUR - 2 * MINUTE - 1) == []
    assert len(of(Action, desk.mark("100", after_ms=1))) == 1


def test_the_rate_counts_all_positions_of_an_account_and_of_no_other() -> None:
    theirs = a_position(type(LONG)(OTHER, LONG.symbol, LONG.side))
    desk = Desk(adds("1"), limits=Limits(actions_per_hour=1), accounts=(MAIN, OTHER))
    desk.holds(a_position(), a_position(ETH_LONG), theirs)
    assert [a.id for a in of(Action, desk.mark("95"))] == [LONG, theirs.id]
    assert reasons(desk.mark("95", ETH)) == [("adds", Because.RATE)]


def test_exits_are_neither_held_up_by_the_rate_nor_counted() -> None:
    desk = Desk(closes("0.1"), adds("1"), limits=Limits(cooldown_ms=0, actions_per_hour=1))
    desk.holds(a_position())
    desk.mark("95")
    for _ in range(3):
        action = act(desk)
        assert action is not None
        assert isinstance(action.intent, ReducePosition)


def test_the_seatbelt_is_not_held_up_by_the_rate() -> None:
    desk = Desk(
        adds("1", when=Always(), symbols=frozenset({ETH})), seatbelt=True, limits=Limits(actions_per_hour=1)
    )
    desk.holds(a_position(ETH_LONG))
    desk.works(of(Action, desk.steps[-1].decisions)[0])
    assert [a.rule for a in of(Action, desk.steps[-1].decisions)] == ["seatbelt"]


# -- budgets of actions ---------------------------------------------------------------------------------


def test_a_position_sees_only_so_many_actions_in_its_life() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, actions_per_position=2))
    desk.holds(a_position(), a_position(ETH_LONG))
    for _ in range(4):
        act(desk)
    last = of(Refusal, desk.steps[-1].decisions)[-1]
    assert (last.because, last.until_ms) == (Because.RATE, None)
    assert [a.id for step in desk.steps for a in step.actions].count(LONG) == 2
    assert of(Action, desk.mark("90.5", after_ms=1_000)) == []
    desk.closed()
    assert [a.id for a in of(Action, desk.holds(a_position(opened_ms=desk.now_ms)))] == [LONG]


def test_an_account_acts_only_so_often_a_day() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, actions_per_day=2))
    desk.holds(a_position())
    for _ in range(3):
        act(desk)
    (refusal,) = of(Refusal, desk.steps[-1].decisions)
    assert (refusal.because, refusal.until_ms) == (Because.RATE, T0 + 24 * HOUR)
    assert desk.mark("100", after_ms=24 * HOUR - 1) == []
    assert len(of(Action, desk.mark("100", after_ms=1))) == 1


def test_exits_and_fixed_rules_are_held_up_by_no_budget_of_actions() -> None:
    limits = Limits(cooldown_ms=0, actions_per_day=1, actions_per_position=1)
    desk = Desk(adds("1"), closes("0.1"), limits=limits, seatbelt=True)
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.steps[-1].decisions)] == ["seatbelt"]
    act(desk)
    assert [a.rule for a in of(Action, desk.mark("95", after_ms=2_000))] == ["closes"]
    desk.mark("99")
    act(desk)
    assert [a.rule for a in of(Action, desk.rests())] == ["seatbelt"]


@pytest.mark.parametrize(
    "found", [Limits(cooldown_ms=0, actions_per_position=1), Limits(cooldown_ms=0, actions_per_day=1)]
)
def test_budgets_of_actions_survive_a_restart(found: Limits) -> None:
    desk = Desk(adds("1", when=Always()), limits=found)
    desk.holds(a_position())
    act(desk)
    again = Desk(adds("1", when=Always()), limits=found, known=False, epoch=2)
    again.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=desk.engine.carried()))
    again.fold(again.balance(), AccountRead(at_ms=again.now_ms, account=MAIN))
    assert reasons(again.holds(a_position(margin="14.6"))) == [("adds", Because.RATE)]


# -- the latch ----------------------------------------------------------------------------------------


def latched(desk: Desk, times: int) -> None:
    """Let the venue reject the same intent so many times."""
    for _ in range(times):
        (action,) = of(Action, desk.steps[-1].decisions)
        desk.answer(action, OutcomeKind.REJECTED)


def test_equal_actions_in_a_row_latch_the_rule_until_a_person_resets_it() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, equal_actions=3))
    desk.holds(a_position())
    latched(desk, 3)
    assert ("adds", Because.THROTTLED) in reasons(desk.steps[-1].decisions)
    assert of(Action, desk.mark("90.5", after_ms=10 * HOUR)) == []
    assert of(Action, desk.pays_in("5")) == []
    assert len(of(Action, desk.command(CommandKind.RESET))) == 1


@pytest.mark.parametrize(("subject", "released"), [("adds", True), ("closes", False)])
def test_a_reset_may_name_the_rule(subject: str, released: bool) -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, equal_actions=2))
    desk.holds(a_position())
    latched(desk, 2)
    assert bool(of(Action, desk.command(CommandKind.RESET, subject))) is released


def test_after_a_reset_the_count_starts_anew() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, equal_actions=2))
    desk.holds(a_position())
    latched(desk, 2)
    desk.command(CommandKind.RESET)
    latched(desk, 2)
    assert of(Action, desk.steps[-1].decisions) == []


def test_other_rules_and_positions_go_on_while_one_is_latched() -> None:
    desk = Desk(
        adds("1", symbols=frozenset({LONG.symbol, ETH})),
        closes(),
        limits=Limits(cooldown_ms=0, equal_actions=1),
    )
    desk.holds(a_position(), a_position(ETH_LONG))
    desk.mark("95")
    latched(desk, 1)
    assert [a.rule for a in of(Action, desk.steps[-1].decisions)] == ["closes"]
    assert [a.rule for a in of(Action, desk.mark("95", ETH))] == ["adds"]


def test_actions_that_differ_do_not_latch() -> None:
    def stop_below(view: View) -> list[PlaceStop]:
        return [PlaceStop(id=view.id, trigger=view.mark - 5)]

    desk = Desk(says("trails", stop_below, when=Always()), limits=Limits(cooldown_ms=0, equal_actions=2))
    desk.holds(a_position())
    for price in ("100.1", "100.2", "100.3", "100.4"):
        (action,) = of(Action, desk.steps[-1].decisions)
        desk.command(CommandKind.HALT)
        desk.answer(action, OutcomeKind.REJECTED)
        desk.mark(price)
        desk.command(CommandKind.RESUME)
    assert len(of(Action, desk.steps[-1].decisions)) == 1


def test_a_latch_outlives_the_lot() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, equal_actions=1))
    desk.holds(a_position())
    act(desk)
    desk.closed()
    decisions = desk.holds(a_position(opened_ms=desk.now_ms + 1))
    assert reasons(decisions) == [("adds", Because.THROTTLED)]


# -- what was done for a lot --------------------------------------------------------------------------


def test_times_acted_is_counted_per_lot_and_starts_anew_with_the_next() -> None:
    seen: list[int] = []

    def looks(view: View) -> list[AddMargin]:
        seen.append(view.times_acted)
        return [AddMargin(id=view.id, amount=D(1))] if view.times_acted < 2 else []

    desk = Desk(says("looks", looks, when=Always()), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    act(desk)
    act(desk)
    desk.mark("99")
    assert seen == [0, 1, 2, 2]
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 1))
    assert seen[-1] == 0


def test_a_lot_replaced_without_a_word_in_between_is_a_new_one() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, margin_per_position=D(1)))
    desk.holds(a_position())
    act(desk)
    assert reasons(desk.steps[-1].decisions) == [("adds", Because.BUDGET)]
    assert len(of(Action, desk.holds(a_position(opened_ms=desk.now_ms + 1)))) == 1


def test_a_failure_of_the_old_lot_takes_nothing_from_the_new_one() -> None:
    desk = Desk(adds("1", when=Always()), limits=Limits(cooldown_ms=0, margin_per_position=D(1)))
    desk.holds(a_position())
    (old,) = of(Action, desk.steps[-1].decisions)
    desk.holds(a_position(opened_ms=desk.now_ms + 1))
    desk.answer(old, OutcomeKind.UNKNOWN)
    decisions = desk.answer(old, OutcomeKind.NOT_APPLIED)
    assert [rule.times_acted for rule in desk.engine.explain()[0].rules] == [1]
    (new,) = of(Action, decisions)
    desk.works(new)
    assert reasons(desk.steps[-1].decisions) == [("adds", Because.BUDGET)]
    assert changes(desk.steps[-1].decisions) == []
