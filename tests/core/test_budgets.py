"""Good money does not follow bad: budgets, the reserve, and what is promised elsewhere."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import BalanceChanged, CommandKind, OutcomeKind
from bot.core.intents import AddMargin, CutLeverage
from bot.core.settings import DAY_MS, Budgets, BudgetsByCurrency, Limits, RuleEntry
from bot.core.types import PositionId, Symbol
from bot.core.wake import Always
from tests.building.core import (
    BTC,
    CROSS,
    ETH,
    ETH_LONG,
    ETH_SHORT,
    LONG,
    MAIN,
    OTHER,
    T0,
    D,
    Desk,
    a_position,
    adds,
    closes,
    of,
    reasons,
    says,
)

THEIRS = PositionId(OTHER, BTC, LONG.side)


def feeds(amount: str = "10", symbols: frozenset[Symbol] | None = None) -> RuleEntry:
    """A rule that adds at every fact."""
    return adds(amount, when=Always(), cooldown_ms=0, symbols=symbols)


def added(desk: Desk, *, most: int = 10) -> list[Decimal]:
    """Carry out every addition that follows from the last step, and say how much each was."""
    amounts = []
    for _ in range(most):
        found = of(Action, desk.steps[-1].decisions)
        if not found:
            break
        (action,) = found
        assert isinstance(action.intent, AddMargin)
        amounts.append(action.intent.amount)
        desk.works(action)
    return amounts


def last_refusal(desk: Desk) -> Refusal:
    refusal = desk.engine.overview()[0].last_refusal
    assert refusal is not None
    return refusal


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(margin_per_position=D(25)), "position"),
        (Limits(margin_per_campaign=D(25)), "campaign"),
        (Limits(margin_per_streak=D(25)), "streak"),
        (Limits(margin_per_day=D(25)), "day"),
        (Limits(margin_per_account=D(25)), "account"),
        (Limits(margin_per_account=D(25), margin_per_day=D(26), margin_per_position=D(70)), "account"),
    ],
)
def test_a_budget_shrinks_the_last_addition_and_then_refuses(limits: Limits, named: str) -> None:
    desk = Desk(feeds(), limits=limits)
    desk.holds(a_position())
    assert added(desk) == [10, 10, 5]
    refusal = last_refusal(desk)
    assert refusal.because is Because.BUDGET
    assert named in refusal.text
    assert of(Action, desk.pays_in("100")) == []


def test_a_rest_below_the_margin_step_is_no_budget() -> None:
    desk = Desk(feeds(), limits=Limits(margin_per_position=D("10.009")))
    desk.holds(a_position())
    assert added(desk) == [10]
    assert last_refusal(desk).because is Because.BUDGET


@pytest.mark.parametrize("own", [Limits(margin_per_position=D(10)), Limits(margin_per_campaign=D(10))])
def test_a_position_and_its_campaign_end_when_it_closes_and_a_streak_does_not(own: Limits) -> None:
    limits = replace(own, margin_per_streak=D(25))
    desk = Desk(feeds(), limits=limits)
    desk.holds(a_position())
    assert added(desk) == [10]
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 1))
    assert added(desk) == [10]
    desk.closed()
    desk.holds(a_position(opened_ms=desk.now_ms + 2))
    assert added(desk) == [5]
    assert "streak" in last_refusal(desk).text


def test_no_pause_ends_a_campaign() -> None:
    desk = Desk(feeds(), limits=Limits(margin_per_campaign=D(10)))
    desk.holds(a_position())
    assert added(desk) == [10]
    assert last_refusal(desk).until_ms is None
    desk.mark("100", after_ms=30 * DAY_MS)
    assert added(desk) == []


def test_a_streak_ends_with_a_pause_of_its_gap_and_not_before() -> None:
    desk = Desk(feeds(), limits=Limits(margin_per_streak=D(10), streak_gap_ms=3_600_000))
    desk.holds(a_position())
    assert added(desk) == [10]
    assert last_refusal(desk).until_ms == desk.now_ms + 3_600_000
    desk.mark("100", after_ms=3_599_999)
    assert added(desk) == []
    desk.mark("100", after_ms=1)
    assert added(desk) == [10]


@pytest.mark.parametrize("limits", [Limits(margin_per_campaign=D(10)), Limits(margin_per_streak=D(10))])
def test_a_campaign_and_a_streak_are_of_one_position(limits: Limits) -> None:
    desk = Desk(feeds(), limits=limits)
    desk.holds(a_position())
    assert added(desk) == [10]
    desk.holds(a_position(ETH_LONG))
    assert added(desk) == [10]


def test_the_budget_of_the_day_renews_at_midnight_utc() -> None:
    desk = Desk(feeds(), limits=Limits(margin_per_day=D(10)))
    desk.now_ms = T0 + DAY_MS - 1_000
    desk.holds(a_position())
    assert added(desk) == [10]
    assert last_refusal(desk).until_ms == T0 + DAY_MS
    desk.mark("100", after_ms=999)
    assert added(desk) == []
    desk.mark("100", after_ms=1)
    assert added(desk) == [10]


def test_the_budgets_of_day_and_account_are_shared_by_its_positions_and_by_no_other_account() -> None:
    for limits in (Limits(margin_per_day=D(15)), Limits(margin_per_account=D(15))):
        desk = Desk(adds(), limits=limits, accounts=(MAIN, OTHER))
        desk.holds(a_position(), a_position(ETH_LONG))
        desk.mark("95")
        assert added(desk) == [10]
        desk.mark("95", ETH)
        assert added(desk) == [5]
        desk.holds(a_position(THEIRS), mark="95")
        assert added(desk) == [10]


# -- what comes back ----------------------------------------------------------------------------------


def test_a_budget_returns_when_it_is_proven_that_nothing_was_applied() -> None:
    desk = Desk(feeds(), limits=Limits(margin_per_account=D(10)))
    desk.holds(a_position())
    (action,) = of(Action, desk.steps[-1].decisions)
    desk.answer(action, OutcomeKind.UNKNOWN)
    assert of(Action, desk.mark("99")) == []
    desk.answer(action, OutcomeKind.NOT_APPLIED)
    assert added(desk) == [10]


def test_a_returned_budget_wakes_the_other_positions_of_the_account() -> None:
    desk = Desk(adds("10"), limits=Limits(margin_per_account=D(10)))
    desk.holds(a_position(), a_position(ETH_LONG))
    (action,) = of(Action, desk.mark("95"))
    assert reasons(desk.mark("95", ETH)) == [("adds", Because.BUDGET)]
    decisions = desk.answer(action, OutcomeKind.REJECTED)
    assert [a.id for a in of(Action, decisions)] == [ETH_LONG]


def test_what_yesterday_gives_back_is_not_todays() -> None:
    desk = Desk(adds("10"), limits=Limits(margin_per_day=D(10), cooldown_ms=0))
    desk.now_ms = T0 + DAY_MS - 1_000
    desk.holds(a_position(), a_position(ETH_LONG))
    (yesterdays,) = of(Action, desk.mark("95"))
    desk.answer(yesterdays, OutcomeKind.UNKNOWN)
    (todays,) = of(Action, desk.mark("95", ETH, after_ms=2_000))
    desk.works(todays)
    decisions = desk.answer(yesterdays, OutcomeKind.NOT_APPLIED)
    assert of(Action, decisions) == []
    assert ("adds", Because.BUDGET) in reasons(decisions)


# -- balance ------------------------------------------------------------------------------------------


def test_an_addition_shrinks_to_the_free_balance_and_keeps_the_reserve() -> None:
    desk = Desk(feeds(), free="17.508", limits=Limits(reserve=D(5)))
    desk.holds(a_position())
    assert added(desk) == [10, D("2.50")]
    refusal = last_refusal(desk)
    assert refusal.because is Because.BALANCE
    assert "5" in refusal.text


def test_a_refusal_for_want_of_balance_ends_with_the_balance() -> None:
    desk = Desk(feeds(), free="0")
    desk.holds(a_position(), a_position(ETH_LONG))
    assert set(reasons(desk.steps[-1].decisions)) == {("adds", Because.BALANCE)}
    assert {a.id for a in of(Action, desk.pays_in("30"))} == {LONG, ETH_LONG}


def test_what_is_promised_to_one_position_is_not_spent_on_another() -> None:
    desk = Desk(adds("60"), free="100", accounts=(MAIN, OTHER))
    desk.holds(a_position(), a_position(ETH_LONG), a_position(THEIRS))
    desk.mark("95")
    amounts = [(a.id.account, a.intent) for a in of(Action, desk.steps[-1].decisions)]
    assert amounts == [(MAIN, AddMargin(id=LONG, amount=D(60))), (OTHER, AddMargin(id=THEIRS, amount=D(60)))]
    (second,) = of(Action, desk.mark("95", ETH))
    assert second.intent == AddMargin(id=ETH_LONG, amount=D(40))


def test_a_loss_of_cross_positions_is_not_free_to_spend() -> None:
    # The venue's last word was 50 free of a wallet of 60; since then the cross short lost 6 at 106:
    # 60 - 6 - 106 / 5 of initial margin leaves 32.8.
    desk = Desk(feeds("45", symbols=frozenset({BTC})))
    desk.command(CommandKind.HALT)
    cross = a_position(ETH_SHORT, mode=CROSS)
    desk.holds(a_position(), cross)
    desk.fold(BalanceChanged(at_ms=desk.now_ms, account=MAIN, wallet=D(60), free=D(50)))
    desk.mark("106", ETH)
    desk.command(CommandKind.RESUME)
    (action,) = of(Action, desk.steps[-1].decisions)
    assert action.intent == AddMargin(id=LONG, amount=D("32.8"))


def test_an_addition_is_rounded_down_to_the_margin_step() -> None:
    desk = Desk(feeds("10.0199"))
    desk.holds(a_position())
    assert added(desk, most=1) == [D("10.01")]


@pytest.mark.parametrize("amount", ["0.0099", "0", "-5"])
def test_an_addition_below_the_step_is_refused(amount: str) -> None:
    desk = Desk(feeds(amount))
    desk.holds(a_position())
    assert reasons(desk.steps[-1].decisions) == [("adds", Because.MINIMUM)]


def test_budgets_do_not_hold_up_an_exit() -> None:
    desk = Desk(adds("1"), closes(), limits=Limits(margin_per_account=D(0)))
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert reasons(decisions) == [("adds", Because.BUDGET)]
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_an_account_that_is_named_has_its_own_budgets_and_no_others() -> None:
    own = BudgetsByCurrency(margin_per_position=D(4), currencies={"BTC": Budgets(reserve=D(1))})
    limits = Limits(margin_per_account=D(1), accounts={OTHER: own})
    desk = Desk(adds(), limits=limits, accounts=(MAIN, OTHER))
    desk.holds(a_position(), a_position(THEIRS))
    amounts = {a.id: a.intent.amount for a in of(Action, desk.mark("95")) if isinstance(a.intent, AddMargin)}
    assert amounts == {LONG: D(1), THEIRS: D(4)}
    assert limits.budgets(OTHER, "BTC").reserve == 1
    assert limits.budgets(MAIN, "BTC") is limits


# --- a cut of leverage draws margin too ----------------------------------------------------------
# At the desk a long of 1 at 100 with 5x has a margin of 13.6; 4x asks for 25, which draws 11.4.


def cuts(to: str = "4", name: str = "cuts") -> RuleEntry:
    """A rule that cuts the leverage at every fact."""
    return says(
        name,
        lambda view: [CutLeverage(id=view.id, leverage=D(to))] if not view.times_acted else [],
        when=Always(),
        proposes=(CutLeverage,),
        cooldown_ms=0,
        symbols=frozenset({BTC}),
    )


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(margin_per_position=D("11.39")), "position"),
        (Limits(margin_per_campaign=D("11.39")), "campaign"),
        (Limits(margin_per_streak=D("11.39")), "streak"),
        (Limits(margin_per_day=D("11.39")), "day"),
        (Limits(margin_per_account=D("11.39")), "account"),
    ],
)
def test_a_cut_that_would_draw_more_than_a_budget_has_left_is_refused(limits: Limits, named: str) -> None:
    desk = Desk(cuts(), limits=limits)
    desk.holds(a_position())
    refusal = last_refusal(desk)
    assert refusal.because is Because.BUDGET
    assert refusal.text == f"it draws 11.4, the budget per {named} has 11.39 left"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(margin_per_position=D(15)),
        Limits(margin_per_campaign=D(15)),
        Limits(margin_per_streak=D(15)),
        Limits(margin_per_day=D(15)),
        Limits(margin_per_account=D(15)),
    ],
)
def test_what_a_cut_drew_is_spent_and_what_a_failed_one_would_have_drawn_is_not(limits: Limits) -> None:
    desk = Desk(cuts(), feeds("10"), limits=limits)
    (failed,) = of(Action, desk.holds(a_position()))
    # Nothing was drawn, so the same cut fits into the budget once more; after it 3.6 are left.
    (cut,) = of(Action, desk.answer(failed, OutcomeKind.REJECTED))
    assert isinstance(cut.intent, CutLeverage)
    (addition,) = of(Action, desk.answer(cut, OutcomeKind.VERIFIED))
    assert isinstance(addition.intent, AddMargin)
    assert addition.intent.amount == D("3.6")


@pytest.mark.parametrize(
    ("free", "reserve", "goes"),
    [("11.39", "0", False), ("11.4", "0", True), ("12", "1", False), ("12.4", "1", True)],
)
def test_a_cut_needs_the_balance_it_draws_above_the_reserve(free: str, reserve: str, *, goes: bool) -> None:
    desk = Desk(cuts(), limits=Limits(reserve=D(reserve)), free=free)
    found = of(Action, desk.holds(a_position()))
    assert bool(found) is goes
    if not goes:
        refusal = last_refusal(desk)
        assert refusal.because is Because.BALANCE
        assert refusal.text == f"it draws 11.4: free {free}, promised 0, reserve {reserve}"


def test_a_cut_in_flight_holds_the_balance_it_draws() -> None:
    desk = Desk(cuts(), adds("10", symbols=frozenset({ETH}), when=Always()), free="15")
    assert len(of(Action, desk.holds(a_position()))) == 1
    (addition,) = of(Action, desk.holds(a_position(ETH_LONG)))
    assert isinstance(addition.intent, AddMargin)
    assert addition.intent.amount == D("3.6")


def test_a_used_up_budget_refuses_a_cut_before_anything_is_computed() -> None:
    desk = Desk(cuts(), limits=Limits(margin_per_position=D(0)))
    desk.holds(a_position())
    assert last_refusal(desk).text == "budget per position is used up"
