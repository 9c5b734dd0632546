"""What an engine really decided is told again by its journal; whatever is changed in that shows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decisions import Action
from bot.core.facts import MarkPrice
from bot.core.step import Step
from bot.runtime.journal.rows import OPENED, Head, Note, rows_after
from tests.building.core import BTC, T0, Desk, a_position, adds, of
from tests.faults.checking.retelling import the_journal_retells_it
from tests.faults.checking.scene import Scene
from tests.faults.checking.story import story_of
from tests.faults.evidence import Ending, memory_of


def a_run() -> Desk:
    desk = Desk(adds())
    desk.holds(a_position())
    assert of(Action, desk.mark("95", after_ms=1_000))
    desk.tick(after_ms=1_000)
    return desk


def found(desk: Desk, steps: list[Step], ending: Ending = Ending.STOPPED, state: str = "") -> list[str]:
    evidence = Scene().evidence()
    rows = rows_after(Head(), [Note(OPENED, {"epoch": "1"}, T0), *steps])[0]
    state = state or memory_of(desk.engine, 1)
    run = replace(evidence.runs[0], settings=desk.settings, state=state, ending=ending)
    told = story_of(replace(evidence, rows=tuple(rows), runs=(run,), requests=()))
    return [violation.invariant for violation in the_journal_retells_it(told)]


def test_what_was_decided_is_told_again() -> None:
    desk = a_run()
    assert found(desk, desk.steps) == []


def test_a_fact_that_is_missing_or_another_one_shows() -> None:
    desk = a_run()
    acted = next(n for n, step in enumerate(desk.steps) if of(Action, step.decisions))
    assert found(desk, [*desk.steps[: acted - 1], *desk.steps[acted:]]) == ["I22"]
    higher = MarkPrice(at_ms=desk.steps[acted].at_ms, symbol=BTC, price=Decimal(100))
    other = desk.steps[acted]._replace(facts=(higher,))
    assert found(desk, [*desk.steps[:acted], other, *desk.steps[acted + 1 :]]) == ["I22"]


@pytest.mark.parametrize(("ending", "shown"), [(Ending.STOPPED, ["I22"]), (Ending.KILLED, [])])
def test_a_memory_that_no_fact_explains_shows_where_nothing_was_lost(
    ending: Ending, shown: list[str]
) -> None:
    desk = a_run()
    assert found(desk, desk.steps, ending, state="another") == shown
