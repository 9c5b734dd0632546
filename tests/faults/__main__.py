"""``python -m tests.faults --seeds 0:300 [--jobs N] [--minutes M]``: plays seeds, and judges the bot by them.

Says which seeds failed and in what, how often each kind of fault came to pass, and how fast it went. The exit
code is 1 where a promise was broken, or where a batch that is long enough left a kind of fault untried.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.faults.batch import Batch, Verdict, judge_all
from tests.faults.kinds import EVERY_KIND

ENOUGH = 250
"""In a batch of so many seeds every kind of fault occurs."""
SHOWN = 5


def main() -> int:
    """Play, print, judge."""
    told = parser().parse_args()
    first, _, last = told.seeds.partition(":")
    seeds = range(int(first), int(last)) if last else range(int(first), int(first) + 1)
    batch = judge_all(seeds, minutes=told.minutes, jobs=told.jobs, tell=_tell)
    if told.digests:
        for verdict in batch.verdicts:
            print(f"digest {verdict.seed} {verdict.digest}")
    missing = sorted(EVERY_KIND - batch.faults.keys()) if len(seeds) >= ENOUGH else []
    _summarise(batch, missing)
    return 1 if batch.failed or missing else 0


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    made.add_argument("--seeds", default="0:20", help="first:last, the last not included")
    made.add_argument("--jobs", type=int, default=1, help="processes side by side")
    made.add_argument("--minutes", type=int, default=20, help="simulated, of each seed")
    made.add_argument("--digests", action="store_true", help="print what each run came to, in one number")
    return made


def _tell(verdict: Verdict) -> None:
    """A seed that failed, as soon as it is known."""
    for line in verdict.violations[:SHOWN]:
        print(f"seed {verdict.seed}: {line}", flush=True)
    more = len(verdict.violations) - SHOWN
    if more > 0:
        print(f"seed {verdict.seed}: and {more} more", flush=True)


def _summarise(batch: Batch, missing: list[str]) -> None:
    print()
    for kind, count in sorted(batch.faults.items()):
        print(f"{count:8} {kind}")
    for kind in missing:
        print(f"{0:8} {kind}: did not occur, so that nothing was shown about it")
    broken = Counter(line.split()[0] for verdict in batch.failed for line in verdict.violations)
    lives = sum(verdict.lives for verdict in batch.verdicts)
    writes = sum(verdict.writes for verdict in batch.verdicts)
    seeds = f"{len(batch.verdicts)} seeds, {batch.hours:.1f} simulated hours"
    print(f"\n{seeds}, {lives} lives, {writes} requests that change something")
    print(f"{batch.pace:.0f} simulated hours per hour and core, the checking not counted")
    if batch.failed:
        print(f"{len(batch.failed)} seeds failed: {' '.join(str(verdict.seed) for verdict in batch.failed)}")
        print(", ".join(f"{name} {count}" for name, count in sorted(broken.items())))
    else:
        print("no promise was broken")


if __name__ == "__main__":
    sys.exit(main())
