"""Kills of the real process, as many as fit; ``python -m tests.faults.kill`` does more of them."""

from pathlib import Path

import pytest

from tests.faults.kill.lane import Share, kill_at_random, lanes, shared, stop_and_go
from tests.faults.kill.rivals import start_together
from tests.faults.kill.syscalls import is_possible, shared_by_kind

pytestmark = pytest.mark.slow
SEED = 20_251_010


def test_fifty_kills_double_nothing_and_lose_nothing_and_it_guards_again_in_time(tmp_path: Path) -> None:
    tally = lanes(tmp_path, SEED, shared(kill_at_random, 50, 2))
    tally.judge()
    assert tally.violations == []
    assert tally.kills == 50
    assert sum(tally.acts.values()) > 50


def test_whoever_stood_still_guards_again_and_sends_nothing_late(tmp_path: Path) -> None:
    tally = lanes(tmp_path, SEED, shared(stop_and_go, 4, 2))
    assert tally.violations == []
    assert tally.stops == 4


def test_of_many_started_at_once_one_guards_and_the_others_end_with_75(tmp_path: Path) -> None:
    tally = lanes(tmp_path, SEED, [Share(start_together, 6)])
    assert tally.violations == []
    assert tally.rivals >= 5


@pytest.mark.skipif(not is_possible(), reason="there is no strace that may attach to a process")
def test_a_kill_at_a_call_of_an_action_leaves_what_a_later_run_finds_out(tmp_path: Path) -> None:
    tally = lanes(tmp_path, SEED, shared_by_kind(2, ["ReducePosition"]))
    assert tally.violations == []
    assert tally.kills > 0
