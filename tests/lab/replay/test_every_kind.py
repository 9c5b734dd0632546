"""A sample of every kind: what jumping decides is what stepping decides, to the digest.

The oracle next door looks at thousands of drawn scenes; here is one of each kind by name, so that no kind can
go missing, and each has to come to something of its kind.
"""

import asyncio
from collections.abc import Callable, Mapping
from random import Random

import pytest

from bot.core.intents import AddMargin, MoveStop, Notify, OpenHedge, PlaceStop, ReducePosition
from bot.lab.replay.result import Run, decisions_digest
from bot.lab.replay.run import Plan, perform, prepare
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.runtime.journal.memory import MemoryJournal
from tests.lab.replay.befallen import a_befallen_scene
from tests.lab.replay.corpus import tape
from tests.lab.replay.hedged import with_quarterlies
from tests.lab.replay.scenes import Scene, a_scene
from tests.lab.replay.seeking import seek
from tests.lab.replay.test_coins import with_coins
from tests.lab.replay.test_single_marks import one_by_one

Worth = Callable[[Run], bool]
"""Whether the run is one of its kind."""


def run(plan: Plan, walker: type[Walker]) -> Run:
    journal = MemoryJournal()
    return asyncio.run(perform(prepare(plan, journal, walker=walker), journal))


def drawn(seed: int, made: Callable[[Random], Scene], bars: int = 30) -> Plan:
    random = Random(seed)
    return seek(made(random), random, bars)


def did(*kinds: type) -> Worth:
    return lambda played: any(isinstance(each.action.intent, kinds) for each in played.record.done)


def died(played: Run) -> bool:
    return bool(played.record.liquidations)


def paid(played: Run) -> bool:
    return any(each.funding for each in played.figures.positions)


EXITS = (AddMargin, ReducePosition, PlaceStop, MoveStop)
KINDS: Mapping[str, tuple[Callable[[], Plan], Worth]] = {
    "bars, one isolated position": (lambda: tape("ladder"), did(*EXITS)),
    "bars of two lengths and a clock": (lambda: tape("clock"), did(Notify)),
    "trades beside the mark": (lambda: tape("apart"), lambda played: bool(played.record.triggered)),
    "several symbols in one cross account": (lambda: tape("sinking"), died),
    "funding": (lambda: tape("paying"), paid),
    "actions on their way": (lambda: tape("tight"), did(AddMargin)),
    "tiers that jump": (lambda: tape("flat"), lambda played: bool(played.record.changes)),
    "single marks, one isolated position": (lambda: one_by_one(tape("ladder")), did(*EXITS)),
    "single marks, several symbols in one cross account": (lambda: one_by_one(tape("sinking")), died),
    "single marks and funding": (lambda: one_by_one(tape("paying")), paid),
    "hedges": (lambda: drawn(0, lambda random: with_quarterlies(a_scene(random), random)), did(OpenHedge)),
    "positions in coins": (lambda: drawn(1, lambda random: with_coins(a_scene(random), random)), did(*EXITS)),
    "what befalls the market": (lambda: drawn(2, a_befallen_scene), did(*EXITS)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_jumping_and_stepping_come_to_one_digest(kind: str) -> None:
    plan, is_of_its_kind = KINDS[kind]
    jumped, stepped = run(plan(), Jumper), run(plan(), Stepper)
    assert is_of_its_kind(jumped)
    assert decisions_digest(jumped.record) == decisions_digest(stepped.record)
    assert jumped.figures == stepped.figures
