"""A sample of the flips; ``python -m tests.faults.disks --flips all`` does every byte."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.disks.flips import NAME, SIZE, Image, closed, flip, killed

SAMPLE = 60


def sampled(image: Image, name: str, number: int) -> list[int]:
    return sorted(random.Random(1).sample(range(len(image.files[name])), number))


def test_every_flipped_byte_of_a_closed_journal_is_found_out(tmp_path: Path) -> None:
    image = closed(tmp_path)
    assert len(image.files[NAME]) == SIZE
    found = flip(image, NAME, sampled(image, NAME, SAMPLE))
    assert (found.flips, found.detected, found.without_effect, found.missed) == (SAMPLE, SAMPLE, 0, [])
    assert flip(image, f"{NAME}-seal", range(0, 320, 7)).detected == 46


def test_a_flipped_byte_of_a_killed_journal_is_found_out_or_changes_nothing(tmp_path: Path) -> None:
    image = killed(tmp_path)
    assert len(image.rows) > len(closed(tmp_path / "before").rows)
    found = flip(image, NAME, sampled(image, NAME, SAMPLE))
    assert found.detected + found.without_effect == SAMPLE
    assert found.missed == []
    # A log is read up to the first byte that is wrong: without the seal, rows would be missing in silence.
    found = flip(image, f"{NAME}-wal", sampled(image, f"{NAME}-wal", SAMPLE))
    assert (found.detected, found.missed) == (SAMPLE, [])


@pytest.mark.slow
@pytest.mark.parametrize("make", [closed, killed])
def test_more_of_them(tmp_path: Path, make: Callable[[Path], Image]) -> None:
    image = make(tmp_path)
    for name in image.files:
        found = flip(image, name, sampled(image, name, min(300, len(image.files[name]))))
        assert found.missed == []
