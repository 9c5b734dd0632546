"""What every rule that comes along promises, whatever it is for.

Each is played by its example (``example``). A rule in ``strategies/`` without one fails the suite.
"""

from decimal import Decimal
from functools import partial
from typing import get_args

import pytest

from bot.config.explain import constraints
from bot.core.codec import encode
from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.facts import CommandKind, PositionChanged
from bot.core.intents import BuyOption, Intent, OpenHedge
from bot.core.types import Position, PositionId
from bot.core.units import Unit
from bot.lab.replay.oracle import AlwaysAsking
from tests.building.core import Desk, of
from tests.strategies.contract.example import HOUR, SHIPPED, Beat, entry_of, example_of, files
from tests.strategies.contract.playing import (
    Recorded,
    a_desk,
    again,
    deeds,
    last_marks,
    obeyed,
    played,
    restarted,
    seen,
    until_it_acts,
)

INCREASING = (OpenHedge, BuyOption)

every_rule = pytest.mark.parametrize("name", SHIPPED)


def proposed(desk: Desk) -> list[Intent]:
    """Everything the rules wanted, whatever became of it."""
    decisions = [decision for step in desk.steps for decision in step.decisions]
    return [decision.intent for decision in decisions if isinstance(decision, Action | Refusal)]


def counts(kind: object) -> bool:
    """Whether a parameter is a number, or may be one."""
    return kind in (int, Decimal) or any(counts(each) for each in get_args(kind))


def exposure(positions: dict[PositionId, Position]) -> dict[PositionId, Decimal]:
    """How much is held of each."""
    return {id_: position.quantity for id_, position in positions.items()}


def test_every_rule_that_comes_along_has_an_example_and_no_example_is_left_over() -> None:
    assert list(files()) == SHIPPED


@every_rule
def test_the_example_makes_it_act_and_nothing_raises(name: str) -> None:
    desk, actions = played(name, example_of(name))
    assert actions
    changes = of(StateChanged, [decision for step in desk.steps for decision in step.decisions])
    assert [change for change in changes if change.now in ("parked", "unsound_wake")] == []


@every_rule
def test_its_parameters_say_what_they_mean_and_cannot_be_changed(name: str) -> None:
    params = entry_of(name, example_of(name)).rule.params_type()
    undescribed = [field for field, info in params.model_fields.items() if not info.description]
    assert undescribed == []
    numbers = {field: info for field, info in params.model_fields.items() if counts(info.annotation)}
    uncounted = [
        field
        for field, info in numbers.items()
        if not any(isinstance(each, Unit) for each in constraints(info))
    ]
    assert uncounted == [], "of what are they so many? bot.core.units.Unit says it"
    assert params.model_config.get("frozen")
    assert params.model_config.get("extra") == "forbid"


@every_rule
def test_it_is_deterministic(name: str) -> None:
    example = example_of(name)
    first, second = (
        [encode(decision) for step in played(name, example)[0].steps for decision in step.decisions]
        for _ in range(2)
    )
    assert first == second


@every_rule
def test_it_keeps_its_promise_of_silence(name: str) -> None:
    example = example_of(name)
    _, asked = played(name, example)
    _, always = played(name, example, engine=AlwaysAsking)
    assert deeds(asked) == deeds(always)


@every_rule
def test_it_proposes_only_what_it_declares(name: str) -> None:
    example = example_of(name)
    rule = entry_of(name, example).rule
    declared = {*rule.proposes, *rule.substitutes, *rule.substitutes.values(), *rule.after_losses}
    desk, _ = played(name, example)
    assert declared >= {type(intent) for intent in proposed(desk)}


@every_rule
def test_it_raises_no_exposure_unless_it_says_so(name: str) -> None:
    example = example_of(name)
    rule = entry_of(name, example).rule
    if rule.may_increase:
        assert set(rule.proposes) & set(INCREASING), "it declares what it never does"
        return
    assert not set(rule.proposes) & set(INCREASING)
    desk = a_desk(name, example)
    done = seen(desk, example)
    for beat in example.beats:
        before = exposure(desk.positions)
        mine = len(desk.told)
        done += obeyed(desk, beat)
        given = {
            f.id for facts in desk.told[mine : mine + 1] for f in facts if isinstance(f, PositionChanged)
        }
        after = exposure(desk.positions)
        assert {id_ for id_, held in after.items() if held > before.get(id_, 0)} <= given
    assert [intent for intent in proposed(desk) if isinstance(intent, INCREASING)] == []


@every_rule
def test_it_is_silent_on_stale_data(name: str) -> None:
    example = example_of(name)
    _, actions, _ = until_it_acts(name, example)
    quiet = a_desk(name, example)
    quiet.command(CommandKind.PAUSE, until_ms=quiet.now_ms + 10_000 * HOUR)
    assert seen(quiet, example) == []
    for beat in example.beats:
        if quiet.now_ms >= actions[0].at_ms:
            break
        assert obeyed(quiet, beat) == []
    quiet.now_ms += 10 * example.limits.stale_after_ms
    old = [lambda its: its.command(CommandKind.RESUME), lambda its: its.pays_in("1")]
    assert obeyed(quiet, *old) == []
    assert obeyed(quiet, lambda its: its.tick()) == []
    # It had something to say: with a mark of now it does.
    assert obeyed(quiet, last_marks(quiet)) != []


@every_rule
def test_a_fact_told_twice_moves_it_once(name: str) -> None:
    example = example_of(name)
    desk = a_desk(name, example)
    done = seen(desk, example)
    for beat in example.beats:
        done += twice(desk, beat)
    assert deeds(done) == deeds(played(name, example)[1])


def twice(desk: Recorded, beat: Beat) -> list[Action]:
    """A beat of which every batch is told again before it is answered, and once more after that."""
    told, steps = len(desk.told), len(desk.steps)
    beat(desk)
    # What was said of a position then is no longer so where the rule acted.
    batches = [facts for facts in desk.told[told:] if not any(isinstance(f, PositionChanged) for f in facts)]
    wanted = [action for step in desk.steps[steps:] for action in step.actions]
    for facts in batches:
        assert of(Action, desk.fold(*facts)) == []
    done = []
    for action in wanted:
        done += [action, *obeyed(desk, partial(Desk.works, action=action))]
    assert obeyed(desk, *map(again, batches)) == []
    return done


@every_rule
def test_a_restart_in_mid_cooldown_changes_nothing(name: str) -> None:
    example = example_of(name)
    desk, _, left = until_it_acts(name, example)
    entry = entry_of(name, example)
    own = entry.rule.cooldown_ms if entry.cooldown_ms is None else entry.cooldown_ms
    cooldown_ms = example.limits.cooldown_ms if own is None else own
    assert cooldown_ms > 0
    desk.now_ms += cooldown_ms // 2
    other = restarted(desk, name, example)
    assert of(Action, [decision for step in other.steps for decision in step.decisions]) == []
    fresh = last_marks(desk)
    assert obeyed(other, fresh) == obeyed(desk, fresh) == []
    assert deeds(obeyed(other, *left)) == deeds(obeyed(desk, *left))
    (was, now) = (each.engine.carried().positions for each in (desk, other))
    assert [(r.rule, r.times_acted) for p in was for r in p.rules] == [
        (r.rule, r.times_acted) for p in now for r in p.rules
    ]
