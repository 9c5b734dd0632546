"""Jumping = stepping = always asking, with each rule that comes along among others.

The parameters are those that the rule's example draws (``tests.strategies.contract``). Rules that need scenes
of their own draw none and are played elsewhere: hedges in ``test_hedges``.
"""

from dataclasses import replace
from random import Random

import pytest

from bot.core.settings import RuleEntry
from bot.lab.replay.run import Plan, prepare
from bot.runtime.journal.memory import MemoryJournal
from tests.lab.replay.harness import agreed, play
from tests.lab.replay.scenes import PAUSES_MS, RULE_KINDS, a_scene
from tests.lab.replay.seeking import seek, wander
from tests.strategies.contract.example import SHIPPED, example_of, rule_named

SEEDS = 16
"""For each rule; a quarter of the tapes wander, the others seek the edges."""

DRAWN = [name for name in SHIPPED if example_of(name).draw is not None]


def guarded_by(name: str, seed: int, bars: int) -> Plan:
    """A scene with the rule at any place among the others, and a tape for it."""
    random = Random(f"{name} {seed}")
    scene = a_scene(random)
    draw = example_of(name).draw
    assert draw is not None, f"{name} has scenes of its own"
    rule = rule_named(name, draw(random), called="played")
    entry = RuleEntry(rule=rule, cooldown_ms=random.choice(PAUSES_MS))
    others = [each for each in scene.entries if each.name in RULE_KINDS][:3]
    others.insert(random.randint(0, len(others)), entry)
    scene = replace(scene, entries=tuple(others))
    return wander(scene, random, bars) if seed % 4 == 0 else seek(scene, random, bars)


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_jumping_stepping_and_asking_always_agree(name: str) -> None:
    acted = 0
    for seed in range(SEEDS):
        played = agreed(guarded_by(name, seed, 30))
        acted += any(action.rule == "played" for action in played.actions)
    assert acted


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_what_was_recorded_leads_a_fresh_engine_to_the_same_decisions(name: str) -> None:
    for seed in range(4):
        plan = guarded_by(name, seed, 24)
        fresh = prepare(plan, MemoryJournal()).stage.engine
        for step in play(plan).steps:
            for fact in step.swallowed:
                silent = fresh.recall(fact)
                assert silent is None or silent.decisions == ()
            again = fresh.fold(step.facts)
            assert (again.decisions if again is not None else ()) == step.decisions
