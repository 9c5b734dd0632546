"""``holdfast health``: well or not by the exit code, and in one line why not."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.runtime.control import Args, ControlServer

WELL = {"well": True, "ills": [], "loop_late_ms_max": 3, "used": None, "heartbeats": None}
ILL = WELL | {"well": False, "ills": ["main is blind: no fresh mark", "the loop came 2100 ms late"]}


@contextmanager
def a_bot_that_answers(folder: Path, answer: Mapping[str, Any]) -> Iterator[None]:
    async def health(_: Args) -> object:
        return answer

    async def live() -> None:
        stop.update(loop=asyncio.get_running_loop(), event=asyncio.Event())
        async with ControlServer(folder, {"health": health}).listening():
            ready.set()
            await stop["event"].wait()

    ready, stop = threading.Event(), dict[str, Any]()
    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    assert ready.wait(10), "nobody listens"
    try:
        yield
    finally:
        stop["loop"].call_soon_threadsafe(stop["event"].set)
        thread.join(10)


def asks(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["health", "--data", str(folder), *args], prog_name="holdfast")


def test_a_bot_that_is_well_says_so(tmp_path: Path) -> None:
    with a_bot_that_answers(tmp_path, WELL):
        answer = asks(tmp_path)
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "well\n", "")


def test_one_that_is_not_says_everything_that_is_wrong(tmp_path: Path) -> None:
    with a_bot_that_answers(tmp_path, ILL):
        answer = asks(tmp_path)
    line = "not well: main is blind: no fresh mark; the loop came 2100 ms late\n"
    assert (answer.exit_code, answer.stdout, answer.stderr) == (7, "", line)


@pytest.mark.parametrize(("reply", "code"), [(WELL, 0), (ILL, 7)])
def test_a_script_gets_all_of_it(tmp_path: Path, reply: Mapping[str, Any], code: int) -> None:
    with a_bot_that_answers(tmp_path, reply):
        answer = asks(tmp_path, "--json")
    assert (answer.exit_code, json.loads(answer.stdout)) == (code, reply)


def test_where_no_bot_runs_nobody_is_well(tmp_path: Path) -> None:
    answer = asks(tmp_path)
    assert answer.exit_code == 3
    assert "no bot runs here" in answer.stderr
