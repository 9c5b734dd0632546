"""What came of the paths of one bundle with one set of rules, side by side. Statistics, hence floats."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bot.lab.montecarlo.history import Floats
from bot.lab.replay.result import Run
from bot.lab.stress.measures import Measures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """One number for each path, in the order of the paths; money in the settlement currency.

    ``loss`` is what the accounts lost altogether, negative where they won. ``actions`` counts what was done
    on all paths, ``blocked`` on how many of them something was refused, by its reason, ``parked`` on how many
    a rule raised.
    """

    died: npt.NDArray[np.bool_]
    loss: Floats
    added: Floats
    cost: Floats
    actions: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, paths: int) -> Outcomes:
        """Room for so many paths on which nothing has happened."""
        return cls(
            died=np.zeros(paths, dtype=np.bool_),
            loss=np.zeros(paths),
            added=np.zeros(paths),
            cost=np.zeros(paths),
        )

    def take(self, number: int, equity_before: float, run: Run, measures: Measures) -> None:
        """Write down what came of one path."""
        self.died[number] = not run.survived
        self.loss[number] = equity_before - equity(run)
        self.added[number] = float(measures.margin_added)
        self.cost[number] = float(measures.cost)
        self.actions.update(measures.actions)
        self.blocked.update(measures.blocked.keys())
        self.parked.update({each.subject for each in run.record.changes if each.now == "parked"})


def equity(run: Run) -> float:
    """What all accounts are worth in the end."""
    return float(sum(pool.equity for pool in run.figures.pools))
