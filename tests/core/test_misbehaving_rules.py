"""A rule is foreign code: whatever it does harms nobody but itself. And rules in shadow."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import repeat
from typing import Any

import pytest

from bot.core import wake as wakes_module
from bot.core.decisions import Action, Because, Refusal, StateChanged
from bot.core.facts import MarkPrice
from bot.core.intents import AddMargin, CutLeverage, Level, OpenHedge, PlaceStop, ReducePosition
from bot.core.markets.indicators import Atr
from bot.core.rule import Needs, Params, Rule
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from bot.core.view import View
from bot.core.wake import Always, BarClose, Changed, Metric, Wake, any_of
from tests.building.core import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    SHORT,
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

UNTYPED: Any = wakes_module
"""Rules of users are not always checked."""


def breaks(view: View) -> list[AddMargin]:
    raise ZeroDivisionError("of all things")


def leaves(view: View) -> list[AddMargin]:
    raise SystemExit(3)


def for_ever(view: View) -> Iterator[AddMargin]:
    return repeat(AddMargin(id=view.id, amount=D(1)))


def nothing(view: View) -> Any:
    return None


def bare(view: View) -> list[Any]:
    return ["AddMargin"]


def without_reason(view: View) -> list[Any]:
    return [(AddMargin(id=view.id, amount=D(1)), "")]


def about_another(view: View) -> list[AddMargin]:
    return [AddMargin(id=SHORT, amount=D(1))]


def in_float(view: View) -> list[AddMargin]:
    return [AddMargin(id=view.id, amount=1.5)]  # type: ignore[arg-type]  # rules of users are not always checked


def half_way(view: View) -> Iterable[AddMargin]:
    yield AddMargin(id=view.id, amount=D(1))
    raise KeyError("later")


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (breaks, "ZeroDivisionError: of all things"),
        (leaves, "SystemExit: 3"),
        (for_ever, "more than 16 intents"),
        (nothing, "NoneType"),
        (bare, ""),
        (without_reason, "a reason is compulsory"),
        (about_another, f"not {SHORT}"),
        (half_way, "KeyError"),
        (lambda view: [AddMargin(id=view.id, amount=D("NaN"))], "amount"),
        (lambda view: [AddMargin(id=view.id, amount=D("Infinity"))], "amount"),
        (in_float, "amount"),
        (lambda view: [ReducePosition(id=view.id, quantity=D("-Infinity"))], "quantity"),
        (lambda view: [ReducePosition(id=view.id, quantity=D(1), then_add=D("NaN"))], "then_add"),
        (lambda view: [PlaceStop(id=view.id, trigger=D("NaN"))], "trigger"),
        (lambda view: [CutLeverage(id=view.id, leverage=D("NaN"))], "leverage"),
    ],
)
def test_a_rule_that_misbehaves_is_parked_and_said_and_the_others_go_on(decide: Any, said: str) -> None:
    desk = Desk(says("bad", decide), closes())
    desk.holds(a_position())
    decisions = desk.mark("95")
    (parked,) = of(StateChanged, decisions)
    assert (parked.subject, parked.was, parked.now) == ("rule:bad", "running", "parked")
    assert parked.level is Level.CRITICAL
    assert said in parked.because
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_a_parked_rule_is_asked_no_more_on_any_position() -> None:
    desk = Desk(says("bad", breaks))
    desk.holds(a_position(), a_position(ETH_LONG))
    assert len(changes(desk.mark("95"))) == 1
    assert desk.mark("94") == []
    assert desk.mark("91", ETH) == []
    assert desk.pays_in("1") == []
    assert all(rule.parked for e in desk.engine.explain() for rule in e.rules)


def test_a_wake_that_raises_parks_its_rule_too() -> None:
    def wakes(view: View) -> Wake:
        raise ValueError("no idea")

    desk = Desk(says("bad", when=wakes), adds(), seatbelt=True)
    decisions = desk.holds(a_position())
    assert ("rule:bad", "running", "parked") in changes(decisions)
    assert [a.rule for a in of(Action, decisions)] == ["seatbelt"]


@pytest.mark.parametrize(
    ("wake", "said"),
    [
        (UNTYPED.Below(Metric.DISTANCE, "0.5"), "threshold is '0.5'"),
        (UNTYPED.Below(Metric.DISTANCE, 0.01), "threshold is 0.01"),
        (UNTYPED.Above(Metric.MARK, D("NaN")), "threshold is Decimal('NaN')"),
        (UNTYPED.Above(Metric.MARK, D("Infinity")), "threshold is Decimal('Infinity')"),
        (UNTYPED.Below("height", D(1)), "metric is 'height'"),
        (
            UNTYPED.AnyOf((UNTYPED.Below(Metric.MARK, D(200)), UNTYPED.Below(Metric.MARK, None))),
            "threshold is None",
        ),
        (UNTYPED.AllOf([Always()]), "expected a tuple of conditions"),
        (
            UNTYPED.AnyOf((UNTYPED.AllOf((UNTYPED.BarClose("1h"),)), Always())),
            "BarClose of '1h', expected whole milliseconds",
        ),
        (UNTYPED.At(1.5), "At of 1.5"),
        (None, "None is no wake condition"),
        (Metric.DISTANCE, "is no wake condition"),
    ],
)
@pytest.mark.parametrize("price", ["100", "95"])
def test_a_wake_that_is_none_parks_its_rule_alone_wherever_the_mark_is(
    wake: Any, said: str, price: str
) -> None:
    desk = Desk(says("bad", AddMargin(id=LONG, amount=D(1)), when=lambda view: wake), closes())
    desk.holds(a_position())
    desk.mark(price)
    said_of = [d for step in desk.steps for d in of(StateChanged, step.decisions) if d.subject == "rule:bad"]
    assert [(each.was, each.now) for each in said_of] == [("running", "parked")]
    assert said in said_of[0].because
    assert ("closes" in [a.rule for step in desk.steps for a in of(Action, step.decisions)]) is (
        price == "95"
    )


def test_a_rule_whose_wake_goes_wrong_later_is_parked_then() -> None:
    def wakes(view: View) -> Wake:
        return Metric.DISTANCE.below(D("0.06") if view.mark > 97 else D("NaN"))

    desk = Desk(says("bad", AddMargin(id=LONG, amount=D(1)), when=wakes), closes())
    desk.holds(a_position())
    assert desk.mark("98") == []
    decisions = desk.mark("95")
    assert ("rule:bad", "running", "parked") in changes(decisions)
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_a_rule_that_says_nothing_about_itself_is_asked_at_every_fact() -> None:
    class Plain(Rule[Params]):
        seen = 0

        def decide(self, view: View) -> Any:
            Plain.seen += 1
            return []

    desk = Desk(RuleEntry(rule=Plain(RuleName("plain"), Params())))
    assert desk.engine.needs == Needs()
    desk.holds(a_position())
    for price in ("100.1", "100.2", "100.3"):
        desk.mark(price)
    assert Plain.seen == 4


class Ignorant(Rule[Params]):
    """Waits for bars, or looks at them, without having said that it needs them."""

    awaits: Wake = Always()
    looks: Any = None

    def wake(self, view: View) -> Wake:
        return self.awaits

    def decide(self, view: View) -> Any:
        self.looks(view)
        return []


@pytest.mark.parametrize(
    ("awaits", "looks", "missing"),
    [
        (any_of(Metric.DISTANCE.below(D("0.01")), BarClose(900_000)), None, "bars of 15m"),
        (Always(), lambda view: view.bar(900_000), "bars of 15m"),
        (Always(), lambda view: view.atr(Atr(3_600_000, 14)), "ATR(14) of 1h"),
    ],
)
def test_a_rule_that_needs_bars_it_has_not_named_is_parked_and_said(
    awaits: Wake, looks: Any, missing: str
) -> None:
    rule = Ignorant(RuleName("bad"), Params())
    rule.awaits, rule.looks = awaits, looks
    decisions = Desk(RuleEntry(rule=rule)).holds(a_position())
    (parked,) = of(StateChanged, decisions[1:])
    assert (parked.subject, parked.now, parked.level) == ("rule:bad", "parked", Level.CRITICAL)
    assert f"{missing}: name that in needs(), or it never comes" in parked.because


def test_a_rule_without_decide_is_parked() -> None:
    desk = Desk(RuleEntry(rule=Rule[Params](RuleName("empty"), Params())))
    assert ("rule:empty", "running", "parked") in changes(desk.holds(a_position()))


def test_a_broken_rule_does_not_hold_up_silence() -> None:
    desk = Desk(says("bad", breaks, when=Always()), adds())
    desk.holds(a_position())
    assert desk.engine.step(MarkPrice(at_ms=desk.now_ms, symbol=BTC, price=D(99))) is None


def test_the_parameter_model_of_a_rule_is_found_through_its_ancestors() -> None:
    class Wants(Params):
        below: Decimal = D(1)

    class First(Rule[Wants]):
        pass

    class Second(First):
        pass

    assert Second.params_type() is Wants
    assert Rule.params_type() is Params


# -- shadow -------------------------------------------------------------------------------------------


def test_a_rule_in_shadow_decides_and_is_recorded_and_nothing_is_sent() -> None:
    desk = Desk(adds(shadow=True))
    desk.holds(a_position())
    (refusal,) = of(Refusal, desk.mark("95"))
    assert refusal.because is Because.SHADOW
    assert refusal.intent == AddMargin(id=LONG, amount=D(10))
    assert of(Action, desk.steps[-1].decisions) == []
    (rule,) = desk.engine.explain()[0].rules
    assert (rule.shadow, rule.times_acted) == (True, 0)


def test_a_shadow_casts_none_on_the_rules_behind_it() -> None:
    desk = Desk(adds("20", shadow=True), closes())
    desk.holds(a_position())
    decisions = desk.mark("95")
    assert reasons(decisions) == [("adds", Because.SHADOW)]
    assert [a.rule for a in of(Action, decisions)] == ["closes"]


def test_what_a_shadow_says_is_judged_first() -> None:
    desk = Desk(adds("0.001", shadow=True))
    desk.holds(a_position())
    assert reasons(desk.mark("95")) == [("adds", Because.MINIMUM)]


def test_a_shadow_is_recorded_once_while_nothing_changes() -> None:
    desk = Desk(adds(shadow=True))
    desk.holds(a_position())
    desk.mark("95")
    assert [of(Refusal, desk.mark(p, after_ms=1_000)) for p in ("94.9", "94.8", "94.7")] == [[], [], []]
    assert reasons(desk.pays_in("1")) == [("adds", Because.SHADOW)]


def test_everything_in_shadow_includes_the_fixed_rules() -> None:
    desk = Desk(adds(), closes(), seatbelt=True, shadow=True)
    desk.holds(a_position())
    assert reasons(desk.mark("95"))[:2] == [("adds", Because.SHADOW), ("closes", Because.SHADOW)]
    said = [decision for step in desk.steps for decision in step.decisions]
    assert ("seatbelt", Because.SHADOW) in reasons(said)
    assert of(Action, said) == []
    assert all(rule.shadow for rule in desk.engine.explain()[0].rules)


def test_a_shadow_that_waits_for_an_event_is_asked_once_for_it() -> None:
    asked: list[Decimal] = []

    def looks(view: View) -> list[AddMargin]:
        asked.append(view.mark)
        return [AddMargin(id=view.id, amount=D(1))]

    desk = Desk(says("looks", looks, when=Changed(), shadow=True))
    desk.holds(a_position())
    desk.mark("99")
    desk.mark("98")
    assert asked == [100]


def test_a_rule_that_does_not_declare_it_may_not_raise_exposure() -> None:
    hedges = says(
        "hedges", lambda view: [OpenHedge(id=view.id, symbol=ETH, quantity=D(1), leverage=D(3), limit=D(1))]
    )
    desk = Desk(hedges)
    desk.holds(a_position())
    (refusal,) = of(Refusal, desk.mark("95"))
    assert refusal.because is Because.NOT_SAFER
    assert "does not declare" in refusal.text
