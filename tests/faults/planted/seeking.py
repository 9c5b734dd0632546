"""Which run of the simulation tells of which mistake: a table, and how it is found anew."""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic

from tests.faults.planted.planting import Finding, a_copy_with, violated
from tests.faults.planted.substitution import Substitution

SEEDS_FILE = Path(__file__).with_name("seeds.json")


def seeds() -> dict[str, int]:
    """The seed that tells, by the name of the mistake."""
    found: dict[str, int] = json.loads(SEEDS_FILE.read_text(encoding="utf-8"))
    return found


def seek(planted: Substitution, candidates: range, root: Path) -> tuple[int | None, Finding]:
    """The first of the candidates whose run notices the mistake, and says nothing without it."""
    began_s = monotonic()
    first = candidates.start
    with a_copy_with(planted, root) as tree:
        while first < candidates.stop:
            said = violated(planted, range(first, candidates.stop), tree)
            if not said:
                break
            seed = int(said.split()[1].rstrip(":"))
            if not violated(planted, range(seed, seed + 1), root):
                took_s = monotonic() - began_s
                return seed, Finding(name=planted.name, by=f"SIM seed {seed}", said=said, took_s=took_s)
            first = seed + 1
    took_s = monotonic() - began_s
    return None, Finding(name=planted.name, by="", said=planted.breaks, took_s=took_s)
