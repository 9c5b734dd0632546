"""A condition of the configuration as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from bot.core.danger.situation import Situation
from bot.core.rule import Needs
from bot.core.wake import Wake
from bot.core.when.clauses import Clause, Comparison, comparisons, holds, wake_of


@dataclass(frozen=True, slots=True)
class When:
    """What has to hold before a rule may act, and the text that said so."""

    text: str
    clause: Clause

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons it is made of."""
        return tuple(comparisons(self.clause))

    @property
    def needs(self) -> Needs:
        """The market data it speaks of."""
        return reduce(or_, (m.needs for each in self.comparisons for m in each.measures), Needs())

    def holds(self, situation: Situation) -> bool:
        """Whether it holds now."""
        return holds(self.clause, situation)

    def wake(self, situation: Situation) -> Wake:
        """The same as a wake, good until the state changes, a bar closes or news come."""
        return wake_of(self.clause, situation)
