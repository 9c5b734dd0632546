"""What came of all paths, counted as they come: as large after a million as after a thousand.

Losses are kept as a histogram in steps of a ten-thousandth of the equity at the beginning, each step with the
sum of what is in it. So means, and means of tails, are those of the losses themselves; quantiles are exact to
a step. Statistics, hence floats; whoever adds bundles in one order gets one result.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np

from bot.lab.montecarlo.history import Floats
from bot.lab.montecarlo.outcomes import Outcomes

STEPS = 10_000
"""Into so many the equity at the beginning is divided."""
WIDEST = 100 * STEPS
"""Losses and gains of more than a hundred times the equity are kept as that."""
Z_95 = 1.959963984540054
"""The quantile of the normal distribution that leaves a fortieth above it."""


class Share(NamedTuple):
    """A share of paths and its Wilson interval of 95 %."""

    share: float
    low: float
    high: float


def wilson(count: int, of: int, z: float = Z_95) -> Share:
    """The share and its interval by Wilson's score, which holds near 0 and 1 as well; 0 to 1 of nothing.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American
    Statistical Association 22, 1927.
    """
    if not of:
        return Share(0.0, 0.0, 1.0)
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low = 0.0 if count == 0 else max(0.0, middle - reach)
    high = 1.0 if count == of else min(1.0, middle + reach)
    return Share(share, low, high)


@dataclass(slots=True, kw_only=True)
class Spread:
    """How amounts of money are distributed. ``step`` is the width of a bin; bins know count and sum."""

    step: float
    count: int = 0
    least: float = 0.0
    most: float = 0.0
    _bins: dict[int, tuple[int, float]] = field(default_factory=dict)

    def add(self, amounts: Floats) -> None:
        """Take amounts in."""
        if not amounts.size:
            return
        least, most = float(amounts.min()), float(amounts.max())
        self.least = least if not self.count else min(self.least, least)
        self.most = most if not self.count else max(self.most, most)
        self.count += amounts.size
        places = np.clip(np.floor(amounts / self.step), -WIDEST, WIDEST).astype(np.int64)
        bins, which = np.unique(places, return_inverse=True)
        counts, sums = np.bincount(which), np.bincount(which, weights=amounts)
        for place, count, total in zip(bins.tolist(), counts.tolist(), sums.tolist(), strict=True):
            known, summed = self._bins.get(place, (0, 0.0))
            self._bins[place] = (known + count, summed + total)

    @property
    def mean(self) -> float:
        """Of all amounts."""
        return sum(total for _, (_, total) in sorted(self._bins.items())) / max(1, self.count)

    def quantile(self, probability: float) -> float:
        """The amount that so large a part is at or below; the middle of its bin, within what there was."""
        wanted, seen = max(1, ceil(probability * self.count - 1e-9)), 0
        for place, (count, _) in sorted(self._bins.items()):
            seen += count
            if seen >= wanted:
                return min(self.most, max(self.least, (place + 0.5) * self.step))
        return 0.0

    def exceedance(self) -> tuple[Floats, Floats]:
        """Rising amounts, and how large a part of all is at or above each; exact to a step."""
        bins = sorted(self._bins.items())
        edges = np.array([max(self.least, place * self.step) for place, _ in bins] + [self.most])
        counts = np.array([0, *(count for _, (count, _) in bins)])
        return edges, np.asarray(1.0 - np.cumsum(counts) / max(1, self.count))

    def shortfall(self, probability: float) -> float:
        """The expected shortfall: the mean of the largest amounts, ``1 - probability`` of all."""
        left = whole = (1.0 - probability) * self.count
        total = 0.0
        for _, (count, summed) in sorted(self._bins.items(), reverse=True):
            taken = min(left, count)
            total += summed * (taken / count)
            left -= taken
            if left <= 0:
                break
        return total / whole if whole else 0.0


@dataclass(slots=True, kw_only=True)
class Tally:
    """Everything about one set of rules. ``saved`` and ``lost`` compare it with no defence, path by path.

    ``premium`` is what it lost more than no defence, on the paths that nobody needed one on.
    """

    step: float
    paths: int = 0
    died: int = 0
    saved: int = 0
    lost: int = 0
    active: int = 0
    loss: Spread = field(init=False)
    added: Spread = field(init=False)
    cost: Spread = field(init=False)
    premium: Spread = field(init=False)
    actions: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.loss, self.added, self.cost, self.premium = (Spread(step=self.step) for _ in range(4))

    def add(self, outcomes: Outcomes, undefended: Outcomes) -> None:
        """Take in what came of a bundle of paths, with these rules and with none."""
        self.paths += len(outcomes.died)
        self.died += int(outcomes.died.sum())
        self.saved += int((undefended.died & ~outcomes.died).sum())
        self.lost += int((outcomes.died & ~undefended.died).sum())
        self.active += int(((outcomes.added != 0) | (outcomes.cost != 0)).sum())
        self.loss.add(outcomes.loss)
        self.added.add(outcomes.added)
        self.cost.add(outcomes.cost)
        unneeded = ~undefended.died
        self.premium.add(outcomes.loss[unneeded] - undefended.loss[unneeded])
        self.actions.update(outcomes.actions)
        self.blocked.update(outcomes.blocked)
        self.parked.update(outcomes.parked)

    @property
    def survival(self) -> Share:
        """The probability that nobody is liquidated."""
        return wilson(self.paths - self.died, self.paths)
