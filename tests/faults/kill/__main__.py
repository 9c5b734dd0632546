"""Kills of the real process, by hand: ``python -m tests.faults.kill --random 50 --stops 20 --rivals 10``."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from tests.faults.kill.lane import Part, kill_at_random, lanes, shared, stop_and_go
from tests.faults.kill.rivals import start_together
from tests.faults.kill.syscalls import is_possible, shared_by_kind

Shares = Callable[[int, int], Sequence[tuple[Part, int]]]
WAYS: dict[str, tuple[str, Shares]] = {
    "random": ("kills at random moments", partial(shared, kill_at_random)),
    "stops": ("times it stands still for seconds, and goes on", partial(shared, stop_and_go)),
    "rivals": ("processes started at once in one folder", partial(shared, start_together)),
    "syscalls": ("kills at calls into the system, of each kind of action and of call", shared_by_kind),
}


def main() -> int:
    """Print what came of it; 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kill", description=__doc__)
    for name, (words, _) in WAYS.items():
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N", help=words)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="bots side by side, each at its own exchange")
    asked = parser.parse_args()
    violated = False
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        for name, (words, shares) in WAYS.items():
            number = getattr(asked, name)
            if name == "syscalls" and number and not is_possible():
                click.echo("syscalls: left out, there is no strace that may attach to a process")
            elif number:
                began = time.monotonic()
                tally = lanes(Path(folder) / name, asked.seed, shares(number, asked.jobs))
                tally.judge()
                click.echo(f"{number} {words}, seed {asked.seed}, {time.monotonic() - began:.0f} s")
                click.echo("\n".join(tally.lines()))
                violated |= bool(tally.violations)
    return int(violated)


if __name__ == "__main__":
    sys.exit(main())
