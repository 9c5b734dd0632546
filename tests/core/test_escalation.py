"""The escalation ladder: rules in their order, each on what the earlier ones were allowed."""

from decimal import Decimal

import pytest

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import OutcomeKind, PositionChanged
from bot.core.intents import AddMargin, ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from bot.core.view import View
from bot.core.wake import Always
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import (
    ETH_LONG,
    LONG,
    T0,
    D,
    Desk,
    a_contract,
    a_position,
    adds,
    closes,
    of,
    reasons,
    says,
)

TOP_UP = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams()))
HALVE = RuleEntry(
    rule=PartialClose(RuleName("partial_close"), PartialCloseParams(below=D("0.05"), fraction=D("0.5")))
)


def test_a_rule_that_restores_safety_leaves_nothing_for_the_next() -> None:
    desk = Desk(TOP_UP, HALVE)
    desk.holds(a_position())
    # At 94, 90 is 4.3 % away: both would act.
    decisions = desk.mark("94")
    assert [a.rule for a in of(Action, decisions)] == ["top_up"]
    assert of(Refusal, decisions) == []


def test_a_rule_that_is_refused_lets_the_next_act_in_the_same_step() -> None:
    desk = Desk(TOP_UP, HALVE, free="0")
    desk.holds(a_position())
    decisions = desk.mark("94")
    assert reasons(decisions) == [("top_up", Because.BALANCE)]
    assert [a.intent for a in of(Action, decisions)] == [ReducePosition(id=LONG, quantity=D("0.5"))]


def test_what_is_refused_again_in_the_same_words_at_the_same_instant_is_said_once() -> None:
    desk = Desk(TOP_UP, free="0")
    desk.holds(a_position())
    assert reasons(desk.mark("94")) == [("top_up", Because.BALANCE)]
    # An exchange tells one thing in several parts, each of them a change of state.
    assert desk.pays_in("0") == []
    assert desk.rests() == []
    desk.now_ms += 1
    assert reasons(desk.pays_in("0")) == [("top_up", Because.BALANCE)]


def test_what_is_refused_in_other_words_at_the_same_instant_is_said() -> None:
    desk = Desk(TOP_UP, free="0", limits=Limits(reserve=D(5)))
    desk.holds(a_position())
    desk.mark("94")
    (refusal,) = of(Refusal, desk.pays_in("1"))
    assert refusal.text == "free 1, promised 0, reserve 5"


def test_the_next_rule_stays_quiet_while_its_own_threshold_is_not_reached() -> None:
    desk = Desk(TOP_UP, HALVE, free="0")
    desk.holds(a_position())
    decisions = desk.mark("97")
    assert reasons(decisions) == [("top_up", Because.BALANCE)]
    assert of(Action, decisions) == []


def test_good_money_stops_following_bad_after_max_times() -> None:
    desk = Desk(TOP_UP, HALVE, limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    rules = []
    for price in ("97", "92", "87", "82", "79", "77.8"):
        for action in of(Action, desk.mark(price)):
            rules.append(action.rule)
            desk.works(action)
            rules += [a.rule for a in of(Action, desk.steps[-1].decisions)]
    assert rules[:3] == ["top_up"] * 3
    assert rules[3] == "partial_close"
    assert "top_up" not in rules[3:]


def test_a_rule_behind_one_that_acted_is_asked_when_it_is_known_what_became_of_that() -> None:
    seen: list[tuple[Decimal, Decimal | None]] = []

    def looks(view: View) -> list[AddMargin]:
        seen.append((view.position.margin, view.liquidation))
        return []

    desk = Desk(adds("9.6", when=Always()), says("looks", looks, when=Always()))
    (action,) = of(Action, desk.holds(a_position()))
    assert seen == []
    desk.works(action)
    assert seen == [(D("23.2"), D(80))]


def test_a_refused_rule_is_not_projected() -> None:
    seen: list[Decimal] = []

    def looks(view: View) -> list[AddMargin]:
        seen.append(view.position.margin)
        return []

    desk = Desk(adds("9.6", when=Always()), says("looks", looks, when=Always()), free="0")
    desk.holds(a_position())
    assert seen == [D("13.6")]


def test_nobody_is_asked_about_a_position_that_would_be_gone() -> None:
    desk = Desk(closes("1"), says("never", lambda view: [1 / 0]))
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["closes"]
    assert not desk.engine.explain()[0].rules[1].parked


def test_a_rule_may_say_several_things_and_the_first_that_is_let_through_goes() -> None:
    both = says(
        "both",
        AddMargin(id=LONG, amount=D("0.001")),
        AddMargin(id=LONG, amount=D(2)),
        ReducePosition(id=LONG, quantity=D("0.5")),
    )
    desk = Desk(both)
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert [a.intent for a in of(Action, decisions)] == [AddMargin(id=LONG, amount=D(2))]
    assert reasons(decisions) == [("both", Because.MINIMUM), ("both", Because.IN_FLIGHT)]


def test_rules_apply_where_they_are_configured() -> None:
    desk = Desk(adds(symbols=frozenset({ETH_LONG.symbol})))
    desk.holds(a_position())
    assert desk.mark("91") == []
    desk.holds(a_position(ETH_LONG), mark="91")
    assert [a.id for a in of(Action, desk.steps[-1].decisions)] == [ETH_LONG]


# -- the re-add after a verified reduction ------------------------------------------------------------


def after_close(desk: Desk, *, then: str, margin: str, later_ms: int = 0) -> list[Action]:
    """A reduction has been carried out; the position now has ``margin``."""
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert action.intent == ReducePosition(id=LONG, quantity=D("0.5"), then_add=D(then))
    left = a_position(LONG, "0.5", margin=margin, opened_ms=T0 + later_ms)
    changed = PositionChanged(at_ms=desk.now_ms, id=LONG, position=left)
    return of(Action, desk.fold(desk.outcome(action, OutcomeKind.VERIFIED), changed, desk.balance()))


def test_the_announced_margin_is_added_back_once_its_release_is_verified() -> None:
    # 13.6 shrank to 6.8: 6.8 came free, of which 5 were announced.
    desk = Desk(closes(then_add="5"))
    (action,) = after_close(desk, then="5", margin="6.8")
    assert (action.rule, action.intent) == ("closes", AddMargin(id=LONG, amount=D(5)))
    assert "6.8" in action.reason


def test_no_more_is_added_back_than_was_verifiably_released() -> None:
    desk = Desk(closes(then_add="5"))
    (action,) = after_close(desk, then="5", margin="10.6")
    assert action.intent == AddMargin(id=LONG, amount=D(3))


def test_nothing_is_added_back_when_no_margin_came_free() -> None:
    desk = Desk(closes(then_add="5"))
    assert after_close(desk, then="5", margin="13.6") == []


def test_nothing_is_added_back_to_another_lot() -> None:
    desk = Desk(closes(then_add="5"))
    assert after_close(desk, then="5", margin="6.8", later_ms=1) == []


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.UNKNOWN, OutcomeKind.APPLIED])
def test_nothing_is_added_back_before_the_close_is_verified(kind: OutcomeKind) -> None:
    desk = Desk(closes(then_add="5"))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    smaller = PositionChanged(at_ms=desk.now_ms, id=LONG, position=a_position(LONG, "0.5", margin="6.8"))
    decisions = desk.fold(desk.outcome(action, kind), smaller)
    assert [a for a in of(Action, decisions) if isinstance(a.intent, AddMargin)] == []


def test_nothing_is_added_back_to_a_position_that_is_gone() -> None:
    desk = Desk(closes("1", then_add="5"))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert of(Action, desk.works(action)) == []


def test_adding_back_is_free_of_cooldown_budget_and_count() -> None:
    desk = Desk(closes(then_add="5"), limits=Limits(margin_per_account=D(0), actions_per_hour=0))
    (action,) = after_close(desk, then="5", margin="6.8")
    assert isinstance(action.intent, AddMargin)
    (rule,) = desk.engine.explain()[0].rules
    assert rule.times_acted == 1
    desk.answer(action, OutcomeKind.REJECTED)
    (rule,) = desk.engine.explain()[0].rules
    assert rule.times_acted == 1


def test_adding_back_needs_the_money_to_be_there() -> None:
    desk = Desk(closes(then_add="5"), free="3")
    (action,) = after_close(desk, then="5", margin="6.8")
    assert action.intent == AddMargin(id=LONG, amount=D(3))
    desk = Desk(closes(then_add="5"), free="0")
    assert after_close(desk, then="5", margin="6.8") == []
    assert ("closes", Because.BALANCE) in reasons(desk.steps[-1].decisions)


def test_the_reserve_does_not_keep_what_a_reduction_released() -> None:
    # Otherwise the position would shrink and shrink while its liquidation price stays where it is.
    desk = Desk(closes(then_add="5"), free="8", limits=Limits(reserve=D(100)))
    (action,) = after_close(desk, then="5", margin="6.8")
    assert action.intent == AddMargin(id=LONG, amount=D(5))


def test_a_whole_close_announces_nothing_to_add_back() -> None:
    desk = Desk(closes(then_add="5"), contracts=[a_contract(min_quantity=D(1))])
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    assert action.intent == ReducePosition(id=LONG, quantity=D(1), then_add=D(0))
