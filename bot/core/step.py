"""What one turn of the engine was: the facts it used and the decisions it came to."""

from __future__ import annotations

from typing import NamedTuple

from bot.core.decisions import Action, Decision
from bot.core.facts import Fact


class Step(NamedTuple):
    """One evaluated batch.

    ``swallowed`` holds the last mark inside the tripwire of each stream this turn looked at and, while a
    symbol is silent, before them the last tick of which nothing came: with it the journal can reproduce the
    state. Letting a fresh engine recall ``swallowed`` one by one and then fold ``facts`` as one batch gives
    the same decisions.
    """

    at_ms: int
    swallowed: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    decisions: tuple[Decision, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions among the decisions, in order."""
        return tuple(d for d in self.decisions if type(d) is Action)
