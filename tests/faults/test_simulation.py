"""The whole bot but its sockets, through everything that can go wrong: no promise is broken, in any seed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.faults.batch import judge_all, judged
from tests.faults.kinds import EVERY_KIND
from tests.faults.run import Play

HERE = Path(__file__).parent
FEW = (3, 8, 21)
MANY = 300
TWICE = 100
MINUTES = 20


def regressions() -> list[tuple[int, str, bool]]:
    """Seeds that broke a promise once, which, and whether fronts passed over them then."""
    found = tomllib.loads((HERE / "regressions.toml").read_text())
    return [(each["seed"], each["what"], each.get("fronts", False)) for each in found.get("seed", [])]


def without_fronts(play: Play) -> None:
    """The weather is the one in which a seed was found."""
    play.fronts = []


@pytest.mark.parametrize("seed", FEW)
def test_a_few_minutes_of_a_few_seeds_break_no_promise(seed: int) -> None:
    assert judged(seed, minutes=4).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "what", "fronts"), regressions())
def test_what_was_broken_once_stays_mended(seed: int, what: str, fronts: bool) -> None:
    verdict = judged(seed, MINUTES) if fronts else judged(seed, MINUTES, without_fronts)
    assert verdict.violations == (), what


@pytest.mark.slow
def test_no_seed_breaks_a_promise_and_every_kind_of_fault_was_tried() -> None:
    batch = judge_all(range(MANY), minutes=MINUTES, jobs=os.cpu_count() or 1)
    assert [(verdict.seed, verdict.violations[:3]) for verdict in batch.failed] == []
    assert EVERY_KIND - batch.faults.keys() == set()


@pytest.mark.slow
def test_a_seed_is_one_run_to_the_byte_whatever_the_process_and_its_hash_seed() -> None:
    runs = [digests(hash_seed) for hash_seed in ("0", "4242")]
    assert len(runs[0]) == TWICE
    assert runs[0] == runs[1]


def digests(hash_seed: str) -> list[str]:
    """A line with a seed and its digest for each, from another process."""
    jobs = str(os.cpu_count() or 1)
    told = ["--seeds", f"0:{TWICE}", "--minutes", "10", "--jobs", jobs, "--digests"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults", *told],
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in ended.stdout.splitlines() if line.startswith("digest ")]
