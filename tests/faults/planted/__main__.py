"""``python -m tests.faults.planted [NAME...] [--jobs N]``: plant mistakes and see whether the lab notices.

Prints for each by what it was caught and in how many seconds. Ends with 1 where one survives.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.planted import SUBSTITUTIONS
from tests.faults.planted.planting import Finding, caught

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, look, tell; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.planted", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which mistakes; all of them by default")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    options = parser.parse_args(arguments)
    known = {each.name: each for each in SUBSTITUTIONS}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"no mistake is called {', '.join(unknown)}")
    chosen = [known[name] for name in options.names] or list(SUBSTITUTIONS)
    survived = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for found in pool.map(lambda each: caught(each, ROOT), chosen):
            survived += found.by is None
            print(line_about(found), flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return 1 if survived else 0


def line_about(found: Finding) -> str:
    """One line of the report."""
    by = "SURVIVED" if found.by is None else f"caught by {found.by}"
    return f"{found.name:44} {found.took_s:6.1f} s  {by}: {found.said}"


if __name__ == "__main__":
    sys.exit(main())
