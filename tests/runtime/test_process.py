"""The process ends, whatever happens: in time, with a code, and with one line."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.runtime.errors import CRASHED, SPENT, ShellError
from bot.runtime.process import INTERRUPTED, Life, run

ROOT = Path(__file__).resolve().parents[2]

START = """
import asyncio, sys, threading, time
from pathlib import Path
import aiosqlite
from bot.runtime.errors import ShellError
from bot.runtime.journal import JournalError
from bot.runtime.journal.schema import SCHEMA, Schema
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.lock import hold
from bot.runtime.process import run
from bot.runtime.shell import Shell
from tests.runtime.builders import T0, a_mark, a_step
from tests.runtime.fakes import FakeClock, FakeEngine, FakeVenue

DATA = Path(sys.argv[1])
JOURNAL = DATA / "journal.db"

def a_shell(journal, **parts):
    return Shell(
        **{"engine": FakeEngine(), "venue": FakeVenue(), "clock": FakeClock(), "feeds": {}} | parts,
        journal=journal,
    )
"""


def started(tmp_path: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", f"{START}\n{program}\nsys.exit(run(main))\n", str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child: subprocess.Popen[str], within_s: float = 20.0) -> tuple[int, str]:
    try:
        _, err = child.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    return child.returncode, err


PHASES = {
    "before open": """
async def main(life):
    1 / 0
    async with open_journal(JOURNAL, opened_ms=T0):
        pass
""",
    "while open is prepared": """
async def main(life):
    DATA.mkdir()
    JOURNAL.write_text("no journal, whatever it is called")
    async with open_journal(JOURNAL, opened_ms=T0):
        pass
""",
    "while migrating": """
async def main(life):
    broken = Schema(SCHEMA.version, (*SCHEMA.statements, "CREATE TABLE row (again)"))
    async with open_journal(JOURNAL, opened_ms=T0, schema=broken):
        pass
""",
    "after open": """
async def main(life):
    async with open_journal(JOURNAL, opened_ms=T0):
        1 / 0
""",
    "in the loop": """
async def main(life):
    async def feed(inbox):
        await asyncio.sleep(0.01)
        1 / 0
    async with open_journal(JOURNAL, opened_ms=T0) as journal:
        await a_shell(journal, feeds={"market": feed}).run({}, dying=life.dying)
""",
    "in the engine": """
async def main(life):
    async def feed(inbox):
        await inbox.put((a_mark(),))
        await asyncio.Event().wait()
    def decide(batch):
        1 / 0
    async with open_journal(JOURNAL, opened_ms=T0) as journal:
        await a_shell(journal, feeds={"m": feed}, engine=FakeEngine(decide)).run({}, dying=life.dying)
""",
    "in close": """
async def main(life):
    async with open_journal(JOURNAL, opened_ms=T0) as journal:
        journal.append(a_step(facts=(object(),)))
""",
    "in a task nobody waits for": """
async def main(life):
    async with open_journal(JOURNAL, opened_ms=T0):
        async def dies():
            1 / 0
        asyncio.ensure_future(dies())
        import gc
        while True:
            await asyncio.sleep(0.01)
            gc.collect()
""",
    "with the journal opened carelessly": """
async def main(life):
    DATA.mkdir()
    database = await aiosqlite.connect(JOURNAL)
    globals()["kept"] = database
    1 / 0
""",
    "with a task that will not be cancelled": """
async def main(life):
    async def stubborn(inbox):
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
    async def dies(inbox):
        1 / 0
    async with open_journal(JOURNAL, opened_ms=T0) as journal:
        await a_shell(journal, feeds={"s": stubborn, "d": dies}).run({}, dying=life.dying)
""",
    "with a thread in the way": """
async def main(life):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    1 / 0
""",
}


@pytest.mark.parametrize("phase", PHASES)
def test_an_error_in_any_phase_ends_the_process_soon_with_a_code_and_one_line(
    tmp_path: Path, phase: str
) -> None:
    program = PHASES[phase]
    begun = time.monotonic()
    code, err = ended(started(tmp_path, program))
    # Importing and starting took their part of it.
    assert time.monotonic() - begun < 12
    assert code in (1, CRASHED)
    lines = err.splitlines()
    assert all(line.startswith("holdfast: ") for line in lines), err
    assert len(lines) in (1, 2), err
    assert "Traceback" not in err


def test_a_signal_ends_a_run_with_a_stopped_row_and_code_zero(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        child = started(
            tmp_path,
            """
async def main(life):
    with hold(DATA):
        async with open_journal(JOURNAL, opened_ms=T0) as journal:
            async def ready(inbox):
                print("ready", flush=True)
                await asyncio.Event().wait()
            shell = a_shell(journal, feeds={"ready": ready})
            life.on_stop(shell.stop)
            await shell.run({"version": "1"}, dying=life.dying)
""",
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        assert ended(child) == (0, "")
        from bot.runtime.journal import JournalQuery
        from bot.runtime.journal.sqlite import read_journal

        async def last_note() -> tuple[str, str]:
            async with read_journal(tmp_path / "data" / "journal.db") as journal:
                (row,) = await journal.read(JournalQuery(latest=True, limit=1))
                return row.kind, row.body

        assert asyncio.run(last_note()) == ("Stopped", f'{{"because": "{number.name}"}}')


def test_a_signal_before_the_run_begins_ends_it_too_and_a_second_one_at_once(tmp_path: Path) -> None:
    program = """
async def main(life):
    async with open_journal(JOURNAL, opened_ms=T0):
        print("ready", flush=True)
        try:
            await asyncio.sleep(60)
        finally:
            if STUBBORN:
                print("asked", flush=True)
                await asyncio.sleep(60)
"""
    child = started(tmp_path, program.replace("STUBBORN", "False"))
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    assert ended(child) == (INTERRUPTED, "holdfast: interrupted\n")

    child = started(tmp_path, program.replace("STUBBORN", "True"))
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    assert child.stdout.readline() == "asked\n"
    child.send_signal(signal.SIGTERM)
    assert ended(child) == (INTERRUPTED, "holdfast: interrupted twice, leaving at once\n")


def test_a_program_that_ends_well_leaves_nothing_behind() -> None:
    threads = threading.active_count()

    async def main(life: Life) -> None:
        await asyncio.sleep(0)

    assert run(main) == 0
    assert threading.active_count() == threads


def test_a_known_failure_keeps_its_code_and_tells_nobody_else(capsys: pytest.CaptureFixture[str]) -> None:
    class BusyError(ShellError):
        exit_code = 75

    told: list[BaseException] = []

    async def main(life: Life) -> None:
        raise BusyError("data", "taken", "wait")

    assert run(main, report=told.append) == 75
    assert capsys.readouterr().err == "holdfast: data: taken; wait\n"
    assert told == []


def test_a_defect_names_its_place_and_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[BaseException] = []

    async def main(life: Life) -> None:
        raise ZeroDivisionError("all\nlost")

    assert run(main, report=told.append) == CRASHED
    err = capsys.readouterr().err
    assert err.startswith("holdfast: ZeroDivisionError: all lost (")
    assert Path(__file__).name in err
    assert [type(error) for error in told] == [ZeroDivisionError]


def test_a_stop_waits_for_as_long_as_an_action_may_take(tmp_path: Path) -> None:
    program = """
import os, signal
import bot.runtime.process as process
process.STOPPING_S = 0.3

async def main(life):
    stopped = asyncio.Event()
    life.on_stop(lambda because: stopped.set(), deadline_ms=DEADLINE_MS)
    os.kill(os.getpid(), signal.SIGTERM)
    await stopped.wait()
    await asyncio.sleep(1)
"""
    assert ended(started(tmp_path, program.replace("DEADLINE_MS", "60_000"))) == (0, "")
    code, err = ended(started(tmp_path, program.replace("DEADLINE_MS", "0")))
    assert (code, err) == (CRASHED, "holdfast: it did not end in time\n")


def test_a_program_may_end_itself_in_order_with_a_code(capfd: pytest.CaptureFixture[str]) -> None:
    stopped: list[str] = []

    async def program(life: Life) -> None:
        over = asyncio.Event()

        def stop(because: str) -> None:
            stopped.append(because)
            over.set()

        life.on_stop(stop)
        life.end("memory: 2000 MiB", SPENT)
        await over.wait()

    assert run(program) == SPENT
    assert stopped == ["memory: 2000 MiB"]
    assert capfd.readouterr().err == ""
