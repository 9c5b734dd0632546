"""The oracle: an engine without tripwires, which asks every rule on every position at every fact.

It is slow and needs no cleverness, so it is right where the fast engine must be right. Jumping, stepping
and asking always have to come to the same decisions.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.book import Holder
from bot.core.conditions import Events
from bot.core.decisions import Decision
from bot.core.engine import Engine
from bot.core.facts import Fact, MarkPrice
from bot.core.step import Step


class AlwaysAsking(Engine):
    """Decides as the engine must, with nothing left out."""

    def step(self, fact: Fact) -> Step | None:
        """Fold one fact and ask everybody, whatever the tripwires say."""
        if type(fact) is MarkPrice:
            wire = self._tripwires.wire(fact.symbol)
            if fact.at_ms < wire.at_ms:
                return None
            wire.at_ms = fact.at_ms
            self._market.mark(fact)
            return self._crossed(fact, wire)
        return self.fold((fact,))

    def _ask(self, holder: Holder, events: Events, at_ms: int) -> Sequence[Decision]:
        return self._arbiter.evaluate_all(holder, events, at_ms)

    def _concerned(self, batch: Sequence[Fact], at_ms: int) -> list[Holder]:
        return list(self._holders())
