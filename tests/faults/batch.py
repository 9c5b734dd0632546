"""Many seeds, on several processes, and what came of all of them together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.faults.checking import check
from tests.faults.evidence import Evidence
from tests.faults.run import Play, digest, played

HOUR_MS = 3_600_000
DEFECT = "defect"
"""What stands in place of an invariant where the bot died of an error of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one seed."""

    seed: int
    simulated_ms: int
    cpu_s: float
    """Of the playing; the checking comes on top."""
    checked_s: float
    digest: str
    faults: Counter[str]
    lives: int
    writes: int
    violations: tuple[str, ...]


@dataclass(slots=True)
class Batch:
    """The verdicts of many seeds."""

    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Simulated, in all."""
        return sum(verdict.simulated_ms for verdict in self.verdicts) / HOUR_MS

    @property
    def pace(self) -> float:
        """Simulated hours per hour of one core."""
        return 3_600 * self.hours / sum(verdict.cpu_s for verdict in self.verdicts)

    @property
    def faults(self) -> Counter[str]:
        """How often each kind came to pass."""
        return sum((verdict.faults for verdict in self.verdicts), Counter())

    @property
    def failed(self) -> list[Verdict]:
        """The seeds in which something was violated."""
        return [verdict for verdict in self.verdicts if verdict.violations]


def judged(seed: int, minutes: int, prepare: Callable[[Play], None] = lambda _: None) -> Verdict:
    """Play one seed and hold it against every invariant; ``prepare`` as ``played`` takes it."""
    began = time.process_time()
    evidence = played(seed, minutes, prepare)
    over = time.process_time()
    violations = (*defects(evidence), *(str(violation) for violation in check(evidence)))
    return Verdict(
        seed=seed,
        simulated_ms=evidence.ended_ms - evidence.began_ms,
        cpu_s=over - began,
        checked_s=time.process_time() - over,
        digest=digest(evidence),
        faults=Counter(fault.kind for fault in evidence.faults),
        lives=len(evidence.runs),
        writes=sum(asked.writes for asked in evidence.requests),
        violations=violations,
    )


def defects(evidence: Evidence) -> Iterator[str]:
    """Errors of the bot's own that ended it: nothing that happens at an exchange or on a disk is one."""
    for run in evidence.runs:
        if run.because.startswith(("defect", "stray")):
            yield f"{DEFECT} at {run.ended_ms}: {run.because}"


def judge_all(
    seeds: Sequence[int], *, minutes: int, jobs: int, tell: Callable[[Verdict], None] = lambda _: None
) -> Batch:
    """All seeds, side by side on ``jobs`` processes; in their order, whatever the order they end in."""
    batch = Batch()
    work = partial(judged, minutes=minutes)
    if jobs == 1:
        for seed in seeds:
            batch.verdicts.append(work(seed))
            tell(batch.verdicts[-1])
        return batch
    # Spawned, so that nobody's hash seed or memory is anybody else's.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for verdict in pool.map(work, seeds, chunksize=4):
            batch.verdicts.append(verdict)
            tell(verdict)
    return batch
