"""The parts of the benchmarks by name, and what each says of the memory it took."""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks import growth, jumping, live, micro, paths, pool, start, stressed, ticks

Rows = Sequence[tuple[str, str]]
"""What was measured, and how much it was."""

PARTS: Mapping[str, Callable[[], Rows]] = {
    "year": jumping.figures,
    "micro": micro.figures,
    "ticks": ticks.figures,
    "pool5": partial(pool.figures, 5, 3),
    "pool20": partial(pool.figures, 20, 2),
    "growth": growth.figures,
    "stress": stressed.figures,
    "montecarlo": paths.figures,
    "live": live.figures,
    "start": start.figures,
}
"""What can be asked for by name; all of it where nothing is."""


def measured(name: str) -> Rows:
    """The figures of one part, and the memory it took at most."""
    rows = PARTS[name]()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*rows, (f"{name}: peak resident memory", f"{peak_mb:.0f} MB")]
