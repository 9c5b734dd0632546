"""One run as it is measured everywhere: engine, guard, paper exchange and a journal in memory."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from time import perf_counter

from bot.lab.replay.result import Run
from bot.lab.replay.run import Plan, perform, prepare
from bot.lab.replay.walk import Walker
from bot.runtime.journal.memory import MemoryJournal


def run(scenario: Plan, walker: type[Walker]) -> Run:
    """Play it once; the agenda is written inside the time too."""
    journal = MemoryJournal()
    return asyncio.run(perform(prepare(scenario, journal, walker=walker), journal))


Clock = Callable[[], float]


def timed(work: Callable[[], object], clock: Clock = perf_counter) -> float:
    """Seconds of one call, with the garbage of earlier ones out of the way."""
    gc.collect()
    began = clock()
    work()
    return clock() - began


def best(work: Callable[[], object], times: int, clock: Clock = perf_counter) -> float:
    """The fewest seconds of several calls: what the machine did meanwhile only ever adds."""
    return min(timed(work, clock) for _ in range(times))
