"""Silence is a fact: time passes for the core although nothing comes."""

import asyncio

from bot.core.facts import Tick
from bot.runtime.journal import MemoryJournal
from bot.runtime.shell import Shell
from tests.runtime.builders import T0
from tests.runtime.fakes import FakeClock, FakeEngine, FakeVenue


def test_each_second_is_told_although_nothing_comes() -> None:
    engine = FakeEngine()

    async def work() -> None:
        clock = FakeClock()
        shell = Shell(engine=engine, venue=FakeVenue(), journal=MemoryJournal(), clock=clock, feeds={})
        running = asyncio.ensure_future(shell.run({}))
        await clock.advance(3_500)
        shell.stop("it was enough")
        await clock.advance(1_000)
        await running

    asyncio.run(work())
    assert engine.folded[:3] == [(Tick(at_ms=T0 + 1_000 * number),) for number in (1, 2, 3)]
