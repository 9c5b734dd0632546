"""Postures: each rule's own, the strictest holds; distances of the others are set farther out meanwhile."""

from decimal import Decimal
from typing import ClassVar

import pytest

from bot.core.decisions import Action, Because
from bot.core.facts import CarriedOver
from bot.core.intents import AddMargin, Level, Notify, Posture, ReducePosition, SetPosture
from bot.core.rule import Params, Rule
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from bot.core.view import View
from bot.core.wake import At, Metric, Wake, any_of
from strategies.partial_close import PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building.core import LONG, T0, D, Desk, a_position, adds, closes, of, reasons, says

MINUTE = 60_000


def sets(name: str, posture: Posture, below: str, tighten: str = "1") -> RuleEntry:
    """Sets a posture below a mark, and relaxes above it."""

    def decide(view: View) -> list[SetPosture]:
        held = view.memory.stance
        if view.mark < D(below):
            wanted = SetPosture(id=view.id, posture=posture, tighten=D(tighten))
            return [] if held == wanted else [wanted]
        return [] if held is None else [SetPosture(id=view.id, posture=Posture.NORMAL)]

    level = D(below)
    when = any_of(Metric.MARK.below(level), Metric.MARK.above(level - D("0.1")))
    return says(name, decide, when=when)


def adds_below(mark: str) -> RuleEntry:
    return adds("1", when=Metric.MARK.below(D(mark)))


def test_where_two_rules_have_set_one_the_strictest_holds_until_its_own_rule_relaxes() -> None:
    desk = Desk(
        sets("one", Posture.REDUCE_ONLY, "96"), sets("two", Posture.CAUTIOUS, "98"), adds_below("96.6")
    )
    desk.holds(a_position())
    desk.mark("97")
    assert ("adds", Because.POSTURE) in reasons(desk.mark("95.9"))
    # Two still wants caution, which lets margin be added.
    assert [a.intent for a in of(Action, desk.mark("96.5"))][-1] == AddMargin(id=LONG, amount=D(1))


def test_a_posture_that_holds_already_is_refused() -> None:
    again = says("again", SetPosture(id=LONG, posture=Posture.CAUTIOUS), when=Metric.MARK.below(D(98)))
    desk = Desk(again)
    desk.holds(a_position())
    assert len(of(Action, desk.mark("97"))) == 1
    assert reasons(desk.mark("96.9")) == [("again", Because.POSTURE)]
    normal = says("normal", SetPosture(id=LONG, posture=Posture.NORMAL), when=Metric.MARK.below(D(98)))
    desk = Desk(normal)
    desk.holds(a_position())
    assert reasons(desk.mark("97")) == [("normal", Because.POSTURE)]


def test_distances_are_set_farther_out_for_the_others_and_not_for_whoever_said_so() -> None:
    # 8 % below 97.8; one and a half times 8 % are 12 %, below 102.2.
    top_up = TopUp(RuleName("top_up"), TopUpParams(below=D("0.08"), restore_to=D("0.12")))
    desk = Desk(sets("one", Posture.CAUTIOUS, "102", "1.5"), RuleEntry(rule=top_up))
    desk.holds(a_position(), mark="105")
    assert of(Action, desk.mark("102.1")) == []
    (posture, added) = of(Action, desk.mark("101.9"))
    # To 18 % below 101.9: 83.558, on the tick 83.5, is 100 - 80.16 = 19.84 of margin, 6.24 more than 13.6.
    assert (posture.rule, added.intent) == ("one", AddMargin(id=LONG, amount=D("6.24")))


@pytest.mark.parametrize(
    ("times", "below", "restore_to"),
    [("1.5", "0.12", "0.18"), ("1", "0.08", "0.12"), ("20", "0.6333", "0.95")],
)
def test_all_distances_by_one_factor_as_far_as_they_stay_fractions(
    times: str, below: str, restore_to: str
) -> None:
    params = TopUpParams(below=D("0.08"), restore_to=D("0.12")).tightened(D(times))
    assert (round(params.below, 4), round(params.restore_to, 4)) == (D(below), D(restore_to))
    assert params.max_times == 3


def test_a_distance_that_is_left_out_stays_out() -> None:
    params = PartialCloseParams(below=D("0.05"), fraction=D("0.5")).tightened(D(2))
    assert (params.below, params.restore_to, params.fraction) == (D("0.10"), None, D("0.5"))


class Plain(Params):
    """Names no distances."""

    below: Decimal = Decimal("0.05")


class Stubborn(Rule[Plain]):
    """Cannot be tightened."""

    proposes: ClassVar = (ReducePosition,)


def test_a_rule_that_names_no_distances_stays_as_it_is() -> None:
    rule = Stubborn(RuleName("x"), Plain())
    assert rule.tightened(D(3)) is rule


def test_another_lot_begins_at_ease() -> None:
    desk = Desk(says("once", lambda v: [] if v.times_acted or v.mark > 97 else [strict()]), adds("1"))
    desk.holds(a_position())
    assert ("adds", Because.POSTURE) in reasons(desk.mark("96"))
    desk.closed()
    desk.now_ms += 1
    assert [a.rule for a in of(Action, desk.holds(a_position(opened_ms=T0 + 1), mark="97.5"))] == ["adds"]


def strict() -> SetPosture:
    return SetPosture(id=LONG, posture=Posture.REDUCE_ONLY)


def test_it_binds_over_a_restart() -> None:
    desk = Desk(sets("one", Posture.REDUCE_ONLY, "96"), adds("1"))
    desk.holds(a_position())
    desk.mark("95")
    again = Desk(sets("one", Posture.REDUCE_ONLY, "96"), adds("1"), known=False, epoch=2)
    again.fold(CarriedOver(at_ms=T0, epoch=1, carried=desk.engine.carried()))
    again.is_read()
    assert reasons(again.holds(a_position(), mark="95")) == [("adds", Because.POSTURE)]


# -- saying and doing ---------------------------------------------------------------------------------


def test_an_exit_does_not_wait_because_its_rule_has_just_said_something() -> None:
    def both(view: View) -> list[object]:
        told = Notify(id=view.id, level=Level.WARNING, text="near")
        return [told, strict(), ReducePosition(id=view.id, quantity=D("0.5"))]

    desk = Desk(says("both", both))
    desk.holds(a_position())
    kinds = [type(a.intent) for a in of(Action, desk.mark("95"))]
    assert kinds == [Notify, SetPosture, ReducePosition]


def test_what_is_said_has_a_cooldown_of_its_own() -> None:
    desk = Desk(says("tells", Notify(id=LONG, level=Level.INFO, text="near")), closes(cooldown_ms=0))
    desk.holds(a_position())
    assert [a.rule for a in of(Action, desk.mark("95"))] == ["tells", "closes"]
    desk.works(of(Action, desk.steps[-1].decisions)[1])
    assert ("tells", Because.COOLDOWN) in [r for step in desk.steps for r in reasons(step.decisions)]
    desk = Desk(says("tells", Notify(id=LONG, level=Level.INFO, text="near")))
    desk.holds(a_position())
    desk.mark("95")
    desk.mark("94.9", after_ms=1)
    assert len(of(Action, desk.mark("94.8", after_ms=MINUTE))) == 1


def test_who_goes_by_what_it_said_last_is_asked_again_after_it_has_said_something() -> None:
    # It waits for a time that depends on what it said: at first on an event, then on a level.
    def wake(view: View) -> Wake:
        return At(T0 + MINUTE) if view.memory.said is None else Metric.MARK.below(D(95))

    def decide(view: View) -> list[Notify]:
        return [Notify(id=view.id, level=Level.INFO, text=f"mark {view.mark}")]

    desk = Desk(says("tells", decide, when=wake, cooldown_ms=0))
    desk.holds(a_position())
    assert len(of(Action, desk.mark("100", after_ms=MINUTE))) == 1
    assert of(Action, desk.mark("99")) == []
    assert len(of(Action, desk.mark("94.9"))) == 1
