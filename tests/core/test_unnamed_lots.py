"""Venues that do not tell when a position was opened: what is closed and opened again is another lot."""

from bot.core.decisions import Action
from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin
from bot.core.settings import Limits, RuleEntry
from bot.core.view import View
from tests.building.core import LONG, D, Desk, a_position, adds, of, says


def holds(desk: Desk, entry: str = "100") -> list[Action]:
    return of(Action, desk.holds(a_position(opened_ms=0, entry=D(entry)), mark="97"))


def thrifty() -> Desk:
    """A budget of 10 per position, and a rule that adds just as much."""
    return Desk(adds("10"), limits=Limits(cooldown_ms=0, margin_per_position=D(10)))


def test_its_budget_begins_anew() -> None:
    desk = thrifty()
    (action,) = holds(desk)
    desk.works(action)
    assert of(Action, desk.mark("86")) == []
    desk.closed()
    assert len(holds(desk, "100.1")) == 1


def test_what_comes_back_at_the_entry_it_had_was_never_gone() -> None:
    desk = thrifty()
    (action,) = holds(desk)
    desk.works(action)
    desk.closed()
    assert holds(desk) == []
    (record,) = desk.engine.carried().positions
    assert record.margin_in_lot == 10


def test_how_often_a_rule_acted_is_forgotten_with_it() -> None:
    def adds_once(view: View) -> list[AddMargin]:
        return [] if view.times_acted else [AddMargin(id=LONG, amount=D(5))]

    rule: RuleEntry = says("once", adds_once)
    desk = Desk(rule, limits=Limits(cooldown_ms=0))
    (action,) = holds(desk)
    desk.works(action)
    assert of(Action, desk.mark("92")) == []
    desk.closed()
    assert len(holds(desk, "100.1")) == 1


def test_what_was_on_its_way_for_the_old_one_is_not_taken_from_the_new() -> None:
    desk = thrifty()
    (old,) = holds(desk)
    desk.closed()
    (new,) = holds(desk, "100.1")
    desk.answer(old, OutcomeKind.NOT_APPLIED)
    desk.works(new)
    # The budget of 10 is spent on the new one, whatever became of the old.
    assert of(Action, desk.mark("86")) == []
    (record,) = desk.engine.carried().positions
    assert record.margin_in_lot == 10
    assert [rule.times_acted for rule in record.rules] == [1]
