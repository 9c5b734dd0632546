"""The oracle: an engine without tripwires, which asks every rule of a position at every fact it hears of.

A position hears of marks of its pool's symbols, of closed bars of its own, of changes of its state, of
silence, and at any fact of the time it asked for. What else another symbol does is no occasion to act: to ask
everybody at every mark of every symbol is more than one process could do for thousands of them.

It is slow and needs no cleverness, so it is right where the fast engine must be right. Jumping, stepping
and asking always have to come to the same decisions.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.accounts.book import Holder
from bot.core.danger.conditions import Events
from bot.core.decisions import Decision
from bot.core.engine import Engine, all_holders
from bot.core.facts import Fact, MarkPrice, Tick
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
        found = dict(self._books.changed)
        found.update(
            dict.fromkeys(h for h in self._tripwires.overdue(at_ms) if self._books.holder(h.id) is h)
        )
        for symbol in self._books.bars:
            found.update(dict.fromkeys(self._books.held.get(symbol, ())))
        for fact in batch:
            match fact:
                case MarkPrice(symbol=symbol):
                    found.update(dict.fromkeys(self._books.watchers.get(symbol, ())))
                case Tick():
                    found.update(dict.fromkeys(all_holders(self._books)))
                case _:
                    pass
        return list(found)
