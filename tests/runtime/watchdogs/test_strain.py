"""A leak is told of once, told again when it is over, and ends the run in order before it does harm."""

import asyncio
from pathlib import Path

import pytest

from bot.config.watching import WatchdogsTable
from bot.core.intents import Level
from bot.runtime.watchdogs.strain import Bound, Strain, Use, bounds_of, measured

BOUNDS = {
    "memory": Bound(warning=100, limit=200, unit="MiB"),
    "descriptors": Bound(warning=50, limit=80, unit="open"),
    "tasks": Bound(warning=10, limit=20, unit="tasks"),
}
MINUTE_MS = 60_000


def use(memory: int | None = 300, descriptors: int | None = 10, tasks: int = 5) -> Use:
    return Use(memory_mib=memory, descriptors=descriptors, tasks=tasks)


def told(strain: Strain, *uses: Use, from_ms: int = 0) -> list[tuple[str, str, str, Level]]:
    changes = [change for n, each in enumerate(uses) for change in strain.judge(each, from_ms + n)]
    return [(change.part, change.was, change.now, change.level) for change in changes]


def test_a_bound_is_told_once_and_its_end_well_below_it() -> None:
    strain = Strain(BOUNDS)
    # 90 % of 50 are 45: between the two nothing is said.
    uses = [use(descriptors=n) for n in (49, 50, 51, 60, 52, 49, 46, 45, 44, 50, 51)]
    assert told(strain, *uses) == [
        ("descriptors", "well", "strained", Level.WARNING),
        ("descriptors", "strained", "well", Level.INFO),
        ("descriptors", "well", "strained", Level.WARNING),
    ]


def test_beyond_the_limit_it_is_spent_and_stays_so() -> None:
    strain = Strain(BOUNDS)
    assert told(strain, use(tasks=21), use(tasks=1), use(tasks=30)) == [
        ("tasks", "well", "spent", Level.CRITICAL)
    ]
    (change,) = Strain(BOUNDS).judge(use(tasks=21), 0)
    assert change.because == "tasks: 21 tasks, more than 20: it ends in order, to be started anew"


def test_memory_counts_from_what_the_first_minute_needed() -> None:
    strain = Strain(BOUNDS)
    # Markets are loaded in the first minute; whatever that takes is no leak.
    assert told(strain, use(memory=100), use(memory=500)) == []
    assert told(strain, use(memory=450), use(memory=600), from_ms=MINUTE_MS + 1) == []
    assert told(strain, use(memory=601), from_ms=2 * MINUTE_MS) == [
        ("memory", "well", "strained", Level.WARNING)
    ]
    assert told(strain, use(memory=701), from_ms=3 * MINUTE_MS) == [
        ("memory", "strained", "spent", Level.CRITICAL)
    ]


def test_what_the_system_does_not_say_is_not_judged() -> None:
    assert told(Strain(BOUNDS), use(memory=None, descriptors=None)) == []


def test_the_bounds_of_the_file_are_used() -> None:
    bounds = bounds_of(WatchdogsTable(memory_growth_warning=7, descriptors_limit=900, tasks_limit=3_000))
    assert (bounds["memory"].warning, bounds["memory"].limit) == (7, 1_024)
    assert (bounds["descriptors"].limit, bounds["tasks"].limit) == (900, 3_000)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not say")
def test_a_process_is_measured_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> tuple[Use, Use]:
        before = measured()
        # Opened and held, because that is what is counted.
        held = [(tmp_path / str(n)).open("w") for n in range(7)]
        tasks = [asyncio.create_task(asyncio.Event().wait()) for _ in range(3)]
        block = bytearray(b"x") * (160 * 2**20)
        after = measured()
        for file in held:
            file.close()
        for task in tasks:
            task.cancel()
        assert block
        return before, after

    before, after = asyncio.run(scenario())
    assert before.descriptors is not None
    assert after.descriptors == before.descriptors + 7
    assert after.tasks == before.tasks + 3
    assert before.memory_mib is not None
    assert after.memory_mib is not None
    # What other tests left to be taken apart may be taken apart meanwhile.
    assert 80 <= after.memory_mib - before.memory_mib <= 200
