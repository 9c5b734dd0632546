"""``python -m tests.faults.planted.noticing NAME --seeds 0:5``: is a mistake noticed where it was planted?

Run in a tree with the mistake in it. The weather is the one in which it tells, because the budget is a few
seconds each. Prints the first promise that is broken and ends with 1; with 0 where none is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from bot.core.settings import Limits
from tests.faults.batch import defects
from tests.faults.checking import check
from tests.faults.planted import SUBSTITUTIONS, Substitution
from tests.faults.planted.special import SPECIAL
from tests.faults.run import Play, played

PACE_MS = 6_000


def main() -> int:
    """Play, look, tell; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.planted.noticing", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--seeds", default="0:5", help="first:last, the last not included")
    options = parser.parse_args()
    (planted,) = [each for each in SUBSTITUTIONS if each.name == options.name]
    first, _, last = options.seeds.partition(":")
    for seed in range(int(first), int(last)):
        said = complaint(planted, seed)
        if said:
            print(f"seed {seed}: {said}", flush=True)
            return 1
    return 0


def complaint(planted: Substitution, seed: int) -> str:
    """The first promise that is broken in a run in the weather of a mistake; empty if none is."""
    unknown = [kind for kind in planted.weather if kind not in SPECIAL]
    assert not unknown, f"{planted.name}: no fault is called {', '.join(unknown)}"

    def prepare(play: Play) -> None:
        play.choose({kind: SPECIAL[kind] for kind in planted.weather}, PACE_MS)
        if planted.limits:
            play.scene = replace(play.scene, limits=limited(play.scene.limits, planted.limits))

    evidence = played(seed, planted.minutes, prepare)
    return next(iter([*defects(evidence), *map(str, check(evidence))]), "")


def limited(limits: Limits, others: Mapping[str, int]) -> Limits:
    """The limits with some of another value; no other budget stands before them."""
    bare = replace(
        limits,
        margin_per_position=None,
        margin_per_campaign=None,
        margin_per_streak=None,
        margin_per_day=None,
        margin_per_account=None,
    )
    values = {
        name: Decimal(value) if name.startswith("margin_per_") or name == "reserve" else value
        for name, value in others.items()
    }
    return replace(bare, **values)  # type: ignore[arg-type]  # names of fields, each with its kind of value


if __name__ == "__main__":
    sys.exit(main())
