"""Plays one plan three ways and says what is wrong: jumping, stepping, and asking every rule at every fact.

Three ways that agree may still be wrong together, about the order of things for example. So each of them is
watched as well: see ``watching``.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from bot.core.decisions import Action, Decision, StateChanged
from bot.core.engine import Engine
from bot.core.facts import Liquidated
from bot.core.step import Step
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.record import Done
from bot.lab.replay.run import Performance, Plan, perform, write_agenda
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.runtime.journal.memory import MemoryJournal
from bot.venues.paper.figures import Figures
from tests.lab.replay.watching import WatchedEngine, WatchedOracle, WatchedStage

FEW, MANY = 20, 40
"""How many scenes the fast tests draw of each kind, always the same; and the long ones, others each time."""


class Transcript(MemoryJournal):
    """A journal that can be read as it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Step] = []

    def append(self, step: Step) -> None:
        super().append(step)
        self.taken.append(step)


@dataclass(frozen=True, slots=True)
class Play:
    """What one way of playing came to."""

    decisions: tuple[Decision, ...]
    done: tuple[Done, ...]
    liquidations: tuple[Liquidated, ...]
    figures: Figures
    error: str
    """Why the play ended early: an opening that the balance no longer allowed."""
    steps: tuple[Step, ...] = field(compare=False)
    marks: int = field(compare=False)

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(d for d in self.decisions if isinstance(d, Action))


def on_stage(
    plan: Plan, journal: MemoryJournal, walker: type[Walker], engine: type[Engine] = WatchedEngine
) -> Performance:
    """As ``prepare`` of the replay does, with everybody watched."""
    exchange = plan.exchange()
    capabilities = {account.name: exchange.capabilities(account.name) for account in plan.accounts}
    stage = WatchedStage(engine(plan.settings(capabilities)), exchange, journal, plan.latency_ms)
    return Performance(walker(stage, plan.paths, write_agenda(plan, stage.engine)), stage)


def play(plan: Plan, walker: type[Walker] = Jumper, engine: type[Engine] = WatchedEngine) -> Play:
    journal = Transcript()
    performance = on_stage(plan, journal, walker, engine)
    stage, error = performance.stage, ""
    assert isinstance(stage, WatchedStage)
    try:
        asyncio.run(perform(performance, journal))
    except OpeningError as refused:
        error = str(refused)
    return Play(
        decisions=tuple(d for step in journal.taken for d in step.decisions),
        done=tuple(stage.record.done),
        liquidations=tuple(stage.record.liquidations),
        figures=stage.exchange.figures(),
        error=error,
        steps=tuple(journal.taken),
        marks=stage.marks,
    )


def always(plan: Plan) -> Play:
    """The oracle."""
    return play(plan, Stepper, WatchedOracle)


WAYS: tuple[tuple[str, type[Walker]], ...] = (("stepping", Stepper), ("jumping", Jumper))


def findings(plan: Plan) -> Iterator[str]:
    """Everything that is wrong with how ``plan`` is played; nothing if all three ways come to the same."""
    try:
        truth = always(plan)
        for name, walker in WAYS:
            found = play(plan, walker)
            if found != truth:
                yield f"{name}: {_first(truth, found)}"
    except AssertionError as error:
        yield f"watching: {error}"


def agreed(plan: Plan, *, clumsy: frozenset[str] = frozenset({"clumsy"})) -> Play:
    """Assert that nothing is wrong and that no rule but the ``clumsy`` ones raised, and give the play."""
    for finding in findings(plan):
        raise AssertionError(finding)
    truth = play(plan)
    for decision in truth.decisions:
        if isinstance(decision, StateChanged) and decision.now == "parked":
            assert decision.subject.removeprefix("rule:") in clumsy, decision
    return truth


def _first(truth: Play, found: Play) -> str:
    for at, (expected, got) in enumerate(zip_longest(truth.decisions, found.decisions)):
        if expected != got:
            return f"decision {at}\n  always {expected}\n  found  {got}"
    for name in ("error", "liquidations", "figures"):
        expected, got = getattr(truth, name), getattr(found, name)
        if expected != got:
            return f"{name}\n  always {expected}\n  found  {got}"
    return f"outcomes\n  always {_unlike(truth.done, found.done)}"


def _unlike(expected: Sequence[Done], got: Sequence[Done]) -> str:
    return "\n  ".join(f"{a}\n  found  {b}" for a, b in zip_longest(expected, got) if a != b)
