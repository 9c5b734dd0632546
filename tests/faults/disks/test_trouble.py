"""A full disk, one that may only be read, and calls that fail, under the real process."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.disks.trouble import Trouble, broken, full, is_root, read_only, too_large
from tests.faults.kill.lane import Lane
from tests.faults.kill.scene import a_scene

pytestmark = pytest.mark.slow


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Lane]:
    with a_scene(tmp_path, 1) as (hand, config):
        lane = Lane(hand, config, random.Random(1))
        yield lane
        lane.victim.kill()


@pytest.mark.skipif(not is_root(), reason="a small disk takes the rights of root")
@pytest.mark.parametrize("ordeal", [full, read_only])
def test_a_disk_that_takes_nothing_ends_the_bot_in_one_line(
    one: Lane, ordeal: Callable[[Lane, Trouble], None]
) -> None:
    trouble = Trouble()
    ordeal(one, trouble)
    assert trouble.violations == []
    assert trouble.refused == 1


def test_a_limit_on_files_refuses_the_start_in_one_line(one: Lane) -> None:
    trouble = Trouble()
    too_large(one, trouble)
    assert trouble.violations == []
    assert trouble.refused == 1


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize(
    ("call", "nth", "error"), [("pwrite64", 9, "EIO"), ("pwrite64", 60, "ENOSPC"), ("fdatasync", 4, "EIO")]
)
def test_a_disk_that_fails_ends_the_bot_before_anything_unwritten_is_sent(
    one: Lane, call: str, nth: int, error: str
) -> None:
    trouble = Trouble()
    broken(one, trouble, call, nth, error)
    assert trouble.violations == []
    assert trouble.ended == 1
