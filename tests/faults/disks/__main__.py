"""Flipped bytes, a full disk, a disk that may only be read, errors: ``python -m tests.faults.disks``."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from tests.faults.disks.flips import Image, closed, flip, killed
from tests.faults.disks.trouble import CALLS, Trouble, broken, full, is_root, read_only, too_large
from tests.faults.kill.lane import Lane
from tests.faults.kill.scene import a_scene

A_SHARE = 20
"""So many calls fail in runs of one bot, before another exchange and a new journal are taken."""


def main() -> int:
    """Print what came of it; 1 if anything was violated."""
    asked = parser().parse_args()
    violated = False
    with tempfile.TemporaryDirectory(prefix="disk-") as name:
        folder = Path(name)
        for make in (closed, killed):
            violated |= flips(make(folder / make.__name__), asked)
        if asked.full:
            violated |= disks(folder, asked.seed)
        if asked.errors:
            violated |= errors(folder, asked)
    return int(violated)


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(prog="python -m tests.faults.disks", description=__doc__)
    made.add_argument("--flips", default="300", metavar="all|N", help="bytes to flip in each file")
    made.add_argument("--errors", type=int, default=0, metavar="N", help="each of the first N calls fails")
    made.add_argument("--error", choices=("EIO", "ENOSPC"), default="EIO", help="how they fail")
    made.add_argument("--full", action="store_true", help="a full, a read-only and a limited disk")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--jobs", type=int, default=2)
    return made


def flips(image: Image, asked: argparse.Namespace) -> bool:
    """Flip bytes in each of its files; whether one was missed."""
    missed = False
    for name, data in sorted(image.files.items()):
        began = time.monotonic()
        offsets: Sequence[int] = range(len(data))
        if asked.flips != "all":
            number = min(int(asked.flips), len(data))
            offsets = sorted(random.Random(asked.seed).sample(offsets, number))
        found = flip(image, name, offsets, asked.jobs)
        click.echo(
            f"{image.name}, {name}, {len(data)} bytes: {found.flips} flipped, {found.detected} detected,"
            f" {found.without_effect} proven without effect on any row or schema, {len(found.missed)} missed,"
            f" {time.monotonic() - began:.0f} s",
        )
        for words, count in found.words.most_common():
            click.echo(f"  {count} {words}")
        for each in found.missed:
            click.echo(f"  MISSED {each}")
        missed |= bool(found.missed)
    return missed


def disks(folder: Path, seed: int) -> bool:
    """A disk that is full, may only be read, or limits its files."""
    violated = False
    for name, ordeal in (("full", full), ("read-only", read_only), ("a mebibyte a file", too_large)):
        if ordeal is not too_large and not is_root():
            click.echo(f"{name}: left out, a small disk takes the rights of root")
            continue
        for one in _alone(folder / ordeal.__name__, seed):
            trouble = Trouble()
            ordeal(one, trouble)
            _tell(f"{name}:", *trouble.told())
            violated |= bool(trouble.violations)
    return violated


def errors(folder: Path, asked: argparse.Namespace) -> bool:
    """An error at each of the first calls of each sort."""
    number, error = asked.errors, asked.error
    if shutil.which("strace") is None:
        click.echo(f"{error}: left out, there is no strace")
        return False
    began, trouble = time.monotonic(), Trouble()
    shares = [
        (call, range(first, min(first + A_SHARE, number + 1)))
        for first in range(1, number + 1, A_SHARE)
        for call in CALLS
    ]
    with ProcessPoolExecutor(asked.jobs) as pool:
        for each in [
            pool.submit(_failing, folder / f"{c}{n[0]}", asked.seed, c, n, error) for c, n in shares
        ]:
            trouble.add(each.result())
    took_s = time.monotonic() - began
    _tell(f"{error} at each of the first {number} of {', '.join(CALLS)}, {took_s:.0f} s:", *trouble.told())
    return bool(trouble.violations)


def _failing(folder: Path, seed: int, call: str, numbers: Sequence[int], error: str) -> Trouble:
    """Calls with these numbers fail, one after the other, in runs of one bot; none where it makes fewer."""
    trouble = Trouble()
    for one in _alone(folder, seed):
        for nth in numbers:
            try:
                broken(one, trouble, call, nth, error)
            except AssertionError as wrong:
                trouble.violations.append(f"{call} {nth}: {wrong}")
            if trouble.went_on > 1:
                break  # It makes no more of them.
    return trouble


def _tell(*lines: str) -> None:
    click.echo("\n".join(lines))


def _alone(folder: Path, seed: int) -> Iterator[Lane]:
    with a_scene(folder, seed) as (hand, config):
        one = Lane(hand, config, random.Random(seed))
        try:
            yield one
        finally:
            one.victim.kill()


if __name__ == "__main__":
    sys.exit(main())
