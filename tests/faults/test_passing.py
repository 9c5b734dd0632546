"""The loop of a simulated program: what the library's own promises, at the moments it promises it."""

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from tests.faults.passing import Program, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def program(time: Time) -> Iterator[Program]:
    program = Program(time)
    yield program
    program.close()


def test_what_is_taken_back_is_not_called_whenever_that_happens(program: Program) -> None:
    called: list[str] = []
    at_once: asyncio.TimerHandle

    def take_back() -> None:
        at_once.cancel()

    async def main() -> None:
        nonlocal at_once
        soon = program.call_soon(called.append, "soon")
        later = program.call_later(1, called.append, "later")
        # Due in the turn in which it is taken back, and behind what takes it back.
        program.call_later(2, take_back)
        at_once = program.call_later(2.000_000_5, called.append, "at once")
        kept = program.call_later(3, called.append, "kept")
        soon.cancel()
        later.cancel()
        await asyncio.sleep(4)
        kept.cancel()

    program.live(main())
    assert called == ["kept"]


def test_time_passes_by_what_is_waited_for_and_by_nothing_else(time: Time, program: Program) -> None:
    seen: list[float] = []

    async def main() -> None:
        time.after(250, lambda: program.hear(seen.append, 0.25))
        for _ in range(3):
            await asyncio.sleep(0.1)
            seen.append(program.time())

    program.live(main())
    assert seen == [0.1, 0.2, 0.25, pytest.approx(0.3, abs=1e-5)]


def test_a_task_with_a_variable_of_its_own_is_noticed(program: Program) -> None:
    async def main() -> None:
        ContextVar[int]("whose").set(1)

    with pytest.raises(AssertionError, match="would hold for all of them"):
        program.live(main())
