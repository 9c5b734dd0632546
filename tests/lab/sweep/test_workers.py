"""Real workers, and what becomes of a sweep when somebody is killed in the middle of it."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from bot.lab.sweep.results import results
from bot.lab.sweep.sweep import Layout, sweep
from bot.lab.sweep.workers import processes
from tests.lab.sweep.small import ROOT, SCENARIOS

WITHIN_S = 120
POLL_S = 0.02
MANY = ("top_up.below=0.03:0.05:20", "top_up.restore_to=0.07:0.09:20")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def cells_in(path: Path) -> int:
    return max(0, path.read_bytes().count(b"\n") - 1)


@pytest.mark.slow
def test_a_pool_whose_worker_is_killed_loses_nothing_and_counts_nothing_twice(
    layout: Layout, by_one: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "sweep.jsonl"
    heard: list[int] = []

    def told(done: int) -> None:
        heard.append(done)
        if done == 4:
            for worker in active_children()[:1]:
                assert worker.pid is not None
                os.kill(worker.pid, signal.SIGKILL)

    with results(path, layout.head()) as kept:
        sweep(layout, processes(2), kept, told)
    assert heard == list(range(1, layout.runs + 1))
    assert path.read_bytes() == by_one
    assert active_children() == []


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_where_it_was_and_leaves_the_same_file(
    by_one: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "sweep.jsonl"
    # It returns when all who write to its output have ended: its workers die with it.
    killed = subprocess.run(
        [sys.executable, "-m", "tests.lab.sweep.small", str(path), "5"],
        cwd=ROOT,
        capture_output=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert cells_in(path) == 5
    with path.open("ab") as file:
        file.write(b'{"sample":"in_sample","cell":9,"val')
    finished = subprocess.run(
        [sys.executable, "-m", "tests.lab.sweep.small", str(path), "-1"],
        cwd=ROOT,
        capture_output=True,
        timeout=WITHIN_S,
        check=True,
    )
    assert finished.stderr == b""
    assert path.read_bytes() == by_one


@pytest.mark.slow
def test_ctrl_c_ends_all_of_it_at_once_with_one_line_and_keeps_what_is_done(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    asked = ("--scenarios", ",".join(SCENARIOS), "--jobs", "2", "--out", str(path))
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "sweep", *MANY, *asked],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and (not path.exists() or cells_in(path) < 1):
        time.sleep(POLL_S)
    # As a terminal does: to all of them.
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    assert output == ""
    assert errors == f"broken off: {cells_in(path)} of 401 cells are in {path}; the same command goes on\n"
