"""A sweep over a real Dask scheduler with two workers, each a process of its own on this machine."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.lab.sweep.errors import SweepError
from bot.lab.sweep.results import results
from bot.lab.sweep.sweep import Layout, sweep
from bot.lab.sweep.workers import cluster
from tests.lab.sweep.small import PARAMETERS, ROOT, SCENARIOS

WITHIN_S = 60
POLL_S = 0.05


@dataclass(frozen=True)
class Running:
    """The address of a scheduler, and its workers."""

    address: str
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


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    from distributed import Client

    folder = tmp_path_factory.mktemp("dask")
    where = folder / "scheduler.json"
    here = ("--host", "127.0.0.1")
    scheduler = started(folder, "scheduler", *here, "--port", "0", "--scheduler-file", str(where))
    workers: list[subprocess.Popen[bytes]] = []
    try:
        until(where.exists)
        address = json.loads(where.read_text("utf-8"))["address"]
        options = (*here, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        workers += [started(folder, "worker", address, *options) for _ in range(2)]
        with Client(address) as client:
            client.wait_for_workers(2, timeout=WITHIN_S)
        yield Running(address=address, workers=tuple(workers))
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.xdist_group("dask")
def test_a_cluster_loses_nothing_with_a_worker_and_counts_nothing_twice(
    dask: Running, layout: Layout, by_one: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "sweep.jsonl"
    heard: list[int] = []

    def told(done: int) -> None:
        heard.append(done)
        if done == 4:
            dask.workers[0].kill()

    with results(path, layout.head()) as kept:
        sweep(layout, cluster(dask.address), kept, told)
    assert dask.workers[0].wait() != 0
    assert dask.workers[1].poll() is None
    assert heard == list(range(layout.runs + 1))
    assert path.read_bytes() == by_one


@pytest.mark.slow
@pytest.mark.xdist_group("dask")
def test_the_command_takes_the_address_of_a_cluster(dask: Running, by_one: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    config, scenarios = ROOT / "config" / "paper.toml", ",".join(SCENARIOS)
    asked = ("-c", str(config), "--scenarios", scenarios, "--hold-back", "1", "--out", str(path), "--json")
    result = CliRunner().invoke(cli, ["sweep", *PARAMETERS, *asked, "--dask", dask.address])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["cells"] == 9
    assert path.read_bytes() == by_one


@pytest.mark.slow
@pytest.mark.xdist_group("dask")
def test_a_scheduler_that_does_not_answer_is_said_in_a_line() -> None:
    with (
        pytest.raises(SweepError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1: "),
        cluster("tcp://127.0.0.1:1", within_s=0.2).open(),
    ):
        pass
