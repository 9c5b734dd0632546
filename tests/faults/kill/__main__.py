"""Kills of the real process, by hand: ``python -m tests.faults.kill --random 50 --stops 20 --rivals 10``.

``--syscalls`` alone is every call of every kind of action, and takes hours; ``--kinds`` takes some of them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from tests.faults.kill.lane import Share, kill_at_random, lanes, shared, stop_and_go
from tests.faults.kill.levers import KINDS
from tests.faults.kill.rivals import start_together
from tests.faults.kill.syscalls import is_possible, shared_by_kind
from tests.faults.kill.tally import Tally

EVERY = 100_000
Shares = Callable[[int, argparse.Namespace], Sequence[Share]]
WAYS: dict[str, tuple[str, Shares]] = {
    "random": ("kills at random moments", lambda number, asked: shared(kill_at_random, number, asked.jobs)),
    "stops": (
        "times it stands still for seconds, and goes on",
        lambda number, asked: shared(stop_and_go, number, asked.jobs),
    ),
    "rivals": (
        "processes started at once in one folder",
        lambda number, asked: shared(start_together, number, asked.jobs),
    ),
    "syscalls": (
        "kills at calls into the system, of each kind of action and of call; all of them where none is said",
        lambda number, asked: shared_by_kind(number, asked.kinds),
    ),
}


def main() -> int:
    """Print what came of it; 1 if anything was violated."""
    asked = parser().parse_args()
    violated = False
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        for name, (words, shares) in WAYS.items():
            number = getattr(asked, name)
            if name == "syscalls" and number and not is_possible():
                click.echo("syscalls: left out, there is no strace that may attach to a process")
            elif number:
                began = time.monotonic()
                tell = partial(_tell, began)
                tally = lanes(Path(folder) / name, asked.seed, shares(number, asked), asked.jobs, tell)
                tally.judge()
                many = "all" if number == EVERY else number
                click.echo(
                    f"{many} {words.partition(';')[0]}, seed {asked.seed}, {time.monotonic() - began:.0f} s"
                )
                click.echo("\n".join(tally.lines()))
                violated |= bool(tally.violations)
    return int(violated)


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(prog="python -m tests.faults.kill", description=__doc__)
    for name, (words, _) in WAYS.items():
        if name == "syscalls":
            made.add_argument(
                "--syscalls", type=int, nargs="?", default=0, const=EVERY, metavar="N", help=words
            )
        else:
            made.add_argument(f"--{name}", type=int, default=0, metavar="N", help=words)
    names = [kind.name for kind in KINDS]
    made.add_argument("--kinds", nargs="+", choices=names, default=names, help="of action, for --syscalls")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--jobs", type=int, default=2, help="bots side by side, each at its own exchange")
    return made


def _tell(began: float, tally: Tally) -> None:
    """One lane is over: what it came to, for whoever waits."""
    points = ", ".join(f"{what} {count}" for what, count in tally.points.items())
    found = "".join(f"\n  {each}" for each in tally.violations)
    click.echo(f"{time.monotonic() - began:5.0f} s  {tally.kills} kills  {points}{found}", err=True)


if __name__ == "__main__":
    sys.exit(main())
