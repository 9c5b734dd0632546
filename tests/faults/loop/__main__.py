"""``python -m tests.faults.loop``: play the ambiguity matrix and print it; 1 if it did not hold."""

from __future__ import annotations

import argparse
import sys
import time

from tests.faults.loop.matrix import KINDS, TROUBLES, VENUES, kinds_at
from tests.faults.loop.playing import within_ms
from tests.faults.loop.running import JOBS, Played, run
from tests.faults.loop.table import held, printed, totals


def main() -> int:
    """Play what was asked for."""
    asked = parser().parse_args()
    kinds = [kind for kind in kinds_at(asked.venue) if asked.kind in (None, kind.name)]
    troubles = [trouble for trouble in TROUBLES if asked.fault in (None, trouble.name)]
    if not kinds:
        print(f"{asked.venue} has no {asked.kind} of isolated positions")
        return 2
    began = time.monotonic()
    played: list[Played] = []
    for some in run(asked.venue, kinds, troubles, jobs=asked.jobs):
        played += some
        print(f"{time.monotonic() - began:4.0f} s  {len(played)} cells", file=sys.stderr)
    print(printed(played, kinds, troubles))
    print(totals(asked.venue, played, within_ms(asked.venue), time.monotonic() - began))
    return 0 if held(played, within_ms(asked.venue)) else 1


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(prog="python -m tests.faults.loop", description=__doc__)
    made.add_argument("--venue", choices=sorted(VENUES), default="binanceusdm")
    made.add_argument("--kind", choices=[kind.name for kind in KINDS])
    made.add_argument("--fault", choices=[trouble.name for trouble in TROUBLES])
    made.add_argument("--jobs", type=int, default=JOBS, help=f"bots at once, {JOBS} unless said otherwise")
    return made


if __name__ == "__main__":
    sys.exit(main())
