"""Walls of the core that stand behind others: each holds by itself (I12, I15, I20, I28)."""

from bot.core.decisions import Action
from bot.core.facts import Link, OutcomeKind
from bot.core.intents import ReducePosition
from bot.core.settings import Limits
from tests.building.core import LONG, D, Desk, a_position, adds, closes, of


def test_nothing_is_decided_while_a_link_is_down() -> None:
    desk = Desk(adds())
    desk.holds(a_position())
    desk.link(Link.ACCOUNT, up=False)
    assert of(Action, desk.mark("95", after_ms=1_000)) == []


def test_nothing_is_decided_before_the_account_is_known() -> None:
    desk = Desk(closes(), known=False)
    desk.holds(a_position())
    assert of(Action, desk.mark("95", after_ms=1_000)) == []


def test_an_exit_is_rounded_down_to_a_step_of_the_exchange() -> None:
    desk = Desk(closes("0.50049"))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95", after_ms=1_000))
    assert action.intent == ReducePosition(id=LONG, quantity=D("0.5"))


def test_a_rule_waits_for_its_cooldown() -> None:
    desk = Desk(adds("1"), limits=Limits(cooldown_ms=10_000))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95", after_ms=1_000))
    assert of(Action, desk.works(action) + desk.mark("94", after_ms=9_999)) == []
    assert of(Action, desk.mark("93.9", after_ms=1))


def test_a_rule_that_repeats_itself_without_effect_is_latched() -> None:
    desk = Desk(adds("1"), limits=Limits(cooldown_ms=0, equal_actions=3))
    desk.holds(a_position())
    said = desk.mark("95", after_ms=1_000)
    acted = 0
    while acted < 8 and (actions := of(Action, said)):
        acted += 1
        said = desk.answer(actions[0], OutcomeKind.REJECTED)
    assert acted == 3
