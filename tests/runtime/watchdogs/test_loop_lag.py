"""A loop that is held up is noticed from outside; a process that was stopped is not taken for one."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.runtime.errors import HUNG
from bot.runtime.redaction import HIDDEN, hide
from bot.runtime.watchdogs.loop_lag import LOOK_MS, LoopWatch, Standstill, stacks

ROOT = Path(__file__).resolve().parents[3]
MINUTE_MS = 60_000


def stands(*looks: tuple[int, int]) -> list[int]:
    """What each look finds: how many beats so far, and when."""
    standstill = Standstill()
    return [standstill.look(beats, now_ms) for beats, now_ms in looks]


def test_a_loop_that_beats_does_not_stand() -> None:
    assert stands((1, 0), (2, 250), (3, 500)) == [0, 0, 0]


def test_a_loop_that_does_not_beat_stands_for_as_long_as_it_was_looked_at() -> None:
    assert stands((1, 0), (1, 250), (1, 500), (1, 750), (2, 1_000)) == [0, 250, 500, 750, 0]


def test_before_the_first_beat_and_after_the_last_nothing_stands() -> None:
    assert stands((0, 0), (0, 250), (0, MINUTE_MS)) == [0, 0, 0]
    assert stands((5, 0), (5, 250), (0, 500), (0, 750)) == [0, 250, 0, 0]


def test_a_process_that_was_stopped_for_hours_does_not_stand_for_hours() -> None:
    # The thread was stopped with all others: between two of its looks lies the whole night.
    hours_ms = 8 * 60 * MINUTE_MS
    found = stands((7, 0), (7, 250), (7, 250 + hours_ms), (8, 500 + hours_ms))
    assert found == [0, 250, 250 + 2 * LOOK_MS, 0]


def held_up_until(freed: threading.Event) -> None:
    """What a defect of ours, or a rule's, does to the loop."""
    assert freed.wait(10)


def test_stacks_are_written_first_and_later_it_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    freed, codes = threading.Event(), list[int]()
    hide("held_up_until_canary")

    def leave(code: int) -> None:
        codes.append(code)
        freed.set()

    watch = LoopWatch(60, 200, leave=leave, look_ms=10)

    async def scenario() -> None:
        beat = asyncio.ensure_future(watch.beat())
        await asyncio.sleep(0.05)
        threading.current_thread().name = "main held_up_until_canary"
        held_up_until(freed)
        beat.cancel()

    with watch.watching():
        asyncio.run(scenario())
    threading.current_thread().name = "MainThread"
    assert codes == [HUNG]
    lines = capfd.readouterr().err.splitlines()
    (first,) = [
        n
        for n, line in enumerate(lines)
        if line.startswith("holdfast: the loop has stood still for") and "leaving" not in line
    ]
    (last,) = [n for n, line in enumerate(lines) if "leaving, to be started anew" in line]
    assert first < last
    stack = next(line for line in lines if f"thread main {HIDDEN}" in line)
    assert "test_loop_lag.py" in stack
    assert stack.rstrip().endswith("wait")
    assert "held_up_until" in stack


def test_a_loop_that_goes_on_in_time_is_left_alone() -> None:
    freed, codes = threading.Event(), list[int]()
    watch = LoopWatch(60, 10_000, leave=codes.append, look_ms=10)

    async def scenario() -> None:
        beat = asyncio.ensure_future(watch.beat())
        await asyncio.sleep(0.05)
        freed.wait(0.15)
        await asyncio.sleep(0.05)
        beat.cancel()

    with watch.watching():
        asyncio.run(scenario())
    assert codes == []
    assert watch.worst_ms >= 100


def test_a_loop_that_has_ended_is_not_one_that_stands() -> None:
    codes: list[int] = []
    watch = LoopWatch(30, 60, leave=codes.append, look_ms=10)

    async def scenario() -> None:
        beat = asyncio.ensure_future(watch.beat())
        await asyncio.sleep(0.05)
        beat.cancel()

    with watch.watching():
        asyncio.run(scenario())
        time.sleep(0.15)
    assert codes == []


def test_the_stack_of_every_thread_is_told_without_a_value() -> None:
    freed, begun, secret = threading.Event(), threading.Event(), "a-value-that-is-a-key"

    def waits(value: str) -> None:
        begun.set()
        assert freed.wait(10), value

    thread = threading.Thread(target=waits, args=(secret,), name="the other one")
    thread.start()
    assert begun.wait(10)
    found = stacks()
    freed.set()
    thread.join()
    (other,) = [line for line in found if line.startswith("thread the other one: ")]
    assert " waits" in other
    assert secret not in "".join(found)


STOPPED = """
import asyncio
from bot.runtime.watchdogs.loop_lag import LoopWatch

async def main():
    watch = LoopWatch(800, 1_200, look_ms=50)
    with watch.watching():
        beat = asyncio.ensure_future(watch.beat())
        await asyncio.sleep(0.3)
        print("beating", flush=True)
        await asyncio.sleep(0.5)
        beat.cancel()
    print("well", flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_process_that_is_stopped_and_goes_on_lives() -> None:
    child = subprocess.Popen([sys.executable, "-c", STOPPED], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "beating\n"
    child.send_signal(signal.SIGSTOP)
    time.sleep(3)
    child.send_signal(signal.SIGCONT)
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (0, "well\n")
