"""``python -m tests.faults.planted [NAME...] [--jobs N]``: plant mistakes and see whether the lab notices.

Says for each by what it was caught and in how many seconds. Ends with 1 where one survives. Each is looked
for in the seed of ``seeds.json``; a simulation in which other things happen needs other seeds, and
``--seek 0:60`` finds and keeps the first that tells.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.planted import SUBSTITUTIONS, Substitution
from tests.faults.planted.planting import Finding, caught
from tests.faults.planted.seeking import SEEDS_FILE, seeds, seek

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, look, tell; the exit code."""
    options = parser().parse_args(arguments)
    known = {each.name: each for each in SUBSTITUTIONS}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser().error(f"no mistake is called {', '.join(unknown)}")
    chosen = [known[name] for name in options.names] or list(SUBSTITUTIONS)
    telling = seeds()
    if options.seek:
        found = _sought(chosen, options.seek, options.jobs, telling)
    else:
        found = _shown(chosen, options.jobs, lambda each: caught(each, telling.get(each.name), ROOT))
    survived = [each.name for each in found if not each.by]
    print(f"{len(found) - len(survived)} of {len(found)} caught")
    return 1 if survived else 0


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(prog="python -m tests.faults.planted", description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", help="which mistakes; all of them by default")
    made.add_argument("--jobs", type=int, default=2, help="how many at once")
    made.add_argument(
        "--seek", metavar="FIRST:LAST", help="look for the seeds that tell, the last not included"
    )
    return made


def _sought(chosen: list[Substitution], which: str, jobs: int, telling: dict[str, int]) -> list[Finding]:
    """Look for the seeds that tell, and keep them."""
    first, _, last = which.partition(":")
    candidates = range(int(first), int(last))
    simulated = [each for each in chosen if not each.noticed_by]

    def look(each: Substitution) -> Finding:
        seed, found = seek(each, candidates, ROOT)
        if seed is not None:
            telling[each.name] = seed
            SEEDS_FILE.write_text(json.dumps(telling, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return found

    return _shown(simulated, jobs, look)


def _shown(chosen: list[Substitution], jobs: int, look: Callable[[Substitution], Finding]) -> list[Finding]:
    """Look at each, and say what was found as soon as it is."""
    findings = []
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(look, chosen):
            by = f"caught by {found.by}" if found.by else "SURVIVED"
            print(f"{found.name:42} {found.took_s:5.1f} s  {by}: {found.said}", flush=True)
            findings.append(found)
    return findings


if __name__ == "__main__":
    sys.exit(main())
