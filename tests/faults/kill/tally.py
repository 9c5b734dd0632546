"""What a number of kills came to, and how it is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.kill.audit import Deed

ARMED_P99_S = 8.0
"""The promise: from the start of the process to guarding, at loopback."""


@dataclass(slots=True)
class Tally:
    """Counts, times and violations, of one lane or of all."""

    kills: int = 0
    while_starting: int = 0
    stops: int = 0
    restarts: int = 0
    """Of those that were stopped: how many ended by themselves afterwards."""
    rivals: int = 0
    """Processes that were started beside one that runs, or all at once."""
    armed_s: list[float] = field(default_factory=list)
    """From the start of the process to ARMED, of each start that was let be."""
    waited_s: list[float] = field(default_factory=list)
    """Of that, what it and the exchange waited for a processor that others had."""
    worked_s: list[float] = field(default_factory=list)
    """What each of those took of a processor."""
    points: Counter[str] = field(default_factory=Counter)
    """Kills at a call into the system, by the kind of action and of call."""
    acts: Counter[str] = field(default_factory=Counter)
    """Actions by kind."""
    inherited: Counter[str] = field(default_factory=Counter)
    """Of those, what a later run found out, by what came out."""
    rows: int = 0
    violations: list[str] = field(default_factory=list)

    def count(self, deeds: list[Deed]) -> None:
        """Take the actions of a journal."""
        self.acts.update(deed.kind for deed in deeds)
        self.inherited.update(deed.outcome for deed in deeds if deed.inherited)

    def add(self, other: Tally) -> None:
        """Take what another lane came to."""
        self.kills += other.kills
        self.while_starting += other.while_starting
        self.stops += other.stops
        self.restarts += other.restarts
        self.rivals += other.rivals
        self.armed_s += other.armed_s
        self.waited_s += other.waited_s
        self.worked_s += other.worked_s
        self.points += other.points
        self.acts += other.acts
        self.inherited += other.inherited
        self.rows += other.rows
        self.violations += other.violations

    def judge(self) -> None:
        """Hold the times against the promise."""
        own_s = [took - waited for took, waited in zip(self.armed_s, self.waited_s, strict=True)]
        if own_s and percentile(own_s, 99) > ARMED_P99_S:
            self.violations.append(f"G5 p99 from start to ARMED {percentile(own_s, 99):.2f} s")

    def lines(self) -> list[str]:
        """For people."""
        acts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.acts.items())) or "none"
        found = ", ".join(f"{count} {what}" for what, count in sorted(self.inherited.items())) or "none"
        told = [
            f"SIGKILL {self.kills}, {self.while_starting} of them before it was armed",
            f"SIGSTOP {self.stops}, {self.restarts} of them ended by itself; rivals refused {self.rivals}",
            f"actions: {acts}",
            f"outcomes found out by a later run, by reading: {found}",
            f"rows in the journals: {self.rows}, none lost" if not self._lost() else "ROWS WERE LOST",
        ]
        if self.points:
            told.append("at every call: " + ", ".join(f"{what} {n}" for what, n in self.points.items()))
        if self.armed_s:
            p50, p99 = percentile(self.armed_s, 50), percentile(self.armed_s, 99)
            told.append(
                f"start to ARMED, {len(self.armed_s)} starts:"
                f" p50 {p50:.2f} s, p99 {p99:.2f} s, max {max(self.armed_s):.2f} s"
                f" (on a processor p50 {percentile(self.worked_s or [0.0], 50):.2f} s, waiting for one"
                f" p50 {percentile(self.waited_s, 50):.2f} s, p99 {percentile(self.waited_s, 99):.2f} s)"
            )
        return [*told, f"violations: {len(self.violations)}", *(f"  {each}" for each in self.violations)]

    def _lost(self) -> bool:
        return any(each.startswith("I24") for each in self.violations)


def percentile(values: list[float], percent: int) -> float:
    """The nearest rank: with few values the 99th is the greatest."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
