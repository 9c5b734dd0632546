"""A sweep over a real Dask scheduler with two workers, each a process of its own on this machine."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.lab.sweep.errors import SweepError
from bot.lab.sweep.results import results
from bot.lab.sweep.sweep import Layout, sweep
from bot.lab.sweep.workers import cluster, here
from tests.lab.sweep.small import PARAMETERS, ROOT, SCENARIOS

WITHIN_S = 60
POLL_S = 0.05


@dataclass(frozen=True)
class Running:
    """A scheduler, its address, and its workers."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: tuple[subprocess.Popen[bytes], ...]


def started(folder: Path, part: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard", *options]
    log = (folder / f"{part}-{time.monotonic_ns()}.log").open("wb")
    with log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(POLL_S)


@contextmanager
def a_cluster(folder: Path) -> Iterator[Running]:
    from distributed import Client

    where, loopback = folder / "scheduler.json", ("--host", "127.0.0.1")
    scheduler = started(folder, "scheduler", *loopback, "--port", "0", "--scheduler-file", str(where))
    workers: list[subprocess.Popen[bytes]] = []
    try:
        until(where.exists)
        address = json.loads(where.read_text("utf-8"))["address"]
        options = (*loopback, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        workers += [started(folder, "worker", address, *options) for _ in range(2)]
        with Client(address) as client:
            client.wait_for_workers(2, timeout=WITHIN_S)
        yield Running(address, scheduler, tuple(workers))
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def dying(victim: subprocess.Popen[bytes], at: int) -> tuple[list[int], Callable[[int], None]]:
    """Kills a process when so many cells are done, and keeps what it was told."""
    heard: list[int] = []

    def told(done: int) -> None:
        heard.append(done)
        if done == at:
            victim.kill()

    return heard, told


# One test, because a cluster takes seconds to start.
@pytest.mark.slow
def test_a_cluster_answers_as_one_process_does_whoever_dies(
    layout: Layout, by_one: bytes, tmp_path: Path
) -> None:
    with a_cluster(tmp_path) as dask:
        by_command(dask.address, tmp_path / "command.jsonl")
        assert (tmp_path / "command.jsonl").read_bytes() == by_one

        heard, told = dying(dask.workers[0], at=4)
        with results(tmp_path / "worker.jsonl", layout.head()) as kept:
            sweep(layout, cluster(dask.address), kept, told)
        assert dask.workers[0].wait() != 0
        assert dask.workers[1].poll() is None
        # Nothing is lost and nothing counted twice.
        assert heard == list(range(1, layout.runs + 1))
        assert (tmp_path / "worker.jsonl").read_bytes() == by_one

        _, told = dying(dask.scheduler, at=4)
        with (
            results(tmp_path / "scheduler.jsonl", layout.head()) as kept,
            pytest.raises(SweepError, match="no Dask scheduler answers"),
        ):
            sweep(layout, cluster(dask.address, within_s=0.5), kept, told)
    path = tmp_path / "scheduler.jsonl"
    with results(path, layout.head()) as kept:
        assert len(kept.outcomes) >= 4
        sweep(layout, here(), kept)
    assert path.read_bytes() == by_one


def by_command(address: str, path: Path) -> None:
    config, scenarios = ROOT / "config" / "paper.toml", ",".join(SCENARIOS)
    asked = ("-c", str(config), "--scenarios", scenarios, "--hold-back", "1", "--out", str(path), "--json")
    result = CliRunner().invoke(cli, ["sweep", *PARAMETERS, *asked, "--dask", address])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["cells"] == 9


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_said_in_a_line() -> None:
    with (
        pytest.raises(SweepError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1: "),
        cluster("tcp://127.0.0.1:1", within_s=0.2).open(),
    ):
        pass
