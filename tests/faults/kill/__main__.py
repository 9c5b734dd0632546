"""``python -m tests.faults.kill --random 50 --stops 20 --rivals 100 --syscalls``: what is not asked is not done."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.kill.lane import Part, kill_at_random, lanes, stop_and_go
from tests.faults.kill.rivals import start_together

WAYS: dict[str, tuple[str, Part]] = {
    "random": ("kills at random moments", kill_at_random),
    "stops": ("times it stands still for seconds, and goes on", stop_and_go),
    "rivals": ("processes started at once in one folder", start_together),
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
        for name, (words, part) in WAYS.items():
            number = getattr(asked, name)
            if number:
                began = time.monotonic()
                tally = lanes(Path(folder) / name, asked.seed, part, number, asked.jobs)
                print(f"{number} {words}, seed {asked.seed}, {time.monotonic() - began:.0f} s")
                print(*tally.lines(), sep="\n", flush=True)
                violated |= bool(tally.violations)
    return int(violated)


if __name__ == "__main__":
    sys.exit(main())
