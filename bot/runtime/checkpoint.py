"""Keeps in the journal what the next run has to know, beside every step that may change it.

The facts of a run reproduce its memory only under the rules and limits of that run. A trader who changes his
configuration between two runs must not lose what was spent, so the memory itself is written down: with the
step, in the same commit, before any of its actions is sent.

What was done for each position is most of it, and an action changes one of them. So a note has the records
of those positions that changed, and now and then all: an action must not wait for the memory of 200 others.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bot.core.codec import decode_fact, encode
from bot.core.decisions import Action, StateChanged
from bot.core.facts import CarriedOver, Command, OrderEnded, Outcome, PositionChanged
from bot.core.held.carried import Carried
from bot.core.step import Step
from bot.runtime.journal.port import Journal, JournalQuery, JournalRow

KIND = "Carried"
"""The kind of the note that holds it."""
WHOLE_EVERY = 100
"""Of so many notes one at least has all positions: with it begins what the next run reads."""
_POSITIONS, _ALL, _CHANGED = "positions", "all", "changed"
_DECIDED = frozenset({Action, StateChanged})
_CHANGING = frozenset({Outcome, Command, PositionChanged, OrderEnded, CarriedOver})


class Remembering(Protocol):
    """What is needed of the engine."""

    def carried(self) -> Carried:
        """What the next run has to know."""
        ...


class CheckpointedJournal:
    """A journal that also notes what ``engine`` remembers, wherever a step changed it."""

    def __init__(self, journal: Journal, engine: Remembering) -> None:
        """Write to ``journal``; the engine must have folded a step before it is appended."""
        self._journal = journal
        self._engine = engine
        self._noted: Carried | None = None
        self._notes = 0

    @property
    def epoch(self) -> int:
        """Number of this opening for writing."""
        return self._journal.epoch

    @property
    def played(self) -> int:
        """The latest epoch with committed steps."""
        return self._journal.played

    def append(self, step: Step) -> None:
        """Take a step, and the memory after it where that is another one."""
        self._journal.append(step)
        if not _may_change(step):
            return
        carried = self._engine.carried()
        if carried == self._noted:
            return
        told, extent = carried, _ALL
        if self._noted is not None and self._notes % WHOLE_EVERY:
            told, extent = _changed(self._noted, carried), _CHANGED
        self._notes += 1
        self._noted = carried
        fact = CarriedOver(at_ms=step.at_ms, epoch=self.epoch, carried=told)
        self._journal.note(KIND, {"memory": encode(fact), _POSITIONS: extent}, step.at_ms)

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        """Take a row about the run."""
        self._journal.note(kind, body, at_ms)

    async def commit(self) -> None:
        """Make what was taken safe."""
        await self._journal.commit()

    async def read(self, query: JournalQuery) -> list[JournalRow]:
        """A page of committed rows."""
        return await self._journal.read(query)

    def steps(self, epoch: int | None = None) -> AsyncIterator[Step]:
        """The committed steps of an epoch."""
        return self._journal.steps(epoch)

    async def close(self) -> None:
        """Commit what was taken and let go of the storage."""
        await self._journal.close()


async def remembered(journal: Journal) -> CarriedOver | None:
    """What the last run that did anything left behind: the first fact for the next; ``None`` after none.

    ``CodecError`` where it was written by a version that remembered other things.
    """
    rows = await journal.read(JournalQuery(kind=KIND, latest=True, limit=WHOLE_EVERY))
    bodies: list[dict[str, str]] = [json.loads(row.body) for row in rows]
    wholes = [number for number, body in enumerate(bodies) if body.get(_POSITIONS, _ALL) == _ALL]
    if not rows:
        return None
    assert wholes, f"row {rows[0].seq}: {len(rows)} notes, expected one of all positions among them"
    facts = [decode_fact(body["memory"]) for body in bodies[wholes[-1] :]]
    return _together([fact for fact in facts if isinstance(fact, CarriedOver)])


def _changed(before: Carried, now: Carried) -> Carried:
    """All of ``now`` but the positions that are as they were. None is ever forgotten."""
    known = {record.id: record for record in before.positions}
    return replace(now, positions=tuple(each for each in now.positions if known.get(each.id) != each))


def _together(facts: Sequence[CarriedOver]) -> CarriedOver:
    """The last of several, with the latest record of every position."""
    records = {record.id: record for fact in facts for record in fact.carried.positions}
    positions = tuple(records[id_] for id_ in sorted(records))
    return replace(facts[-1], carried=replace(facts[-1].carried, positions=positions))


def _may_change(step: Step) -> bool:
    """Whether the step did something that is remembered.

    It acted, or heard of an outcome or an order; or a state changed: halted by a stranger's order, or flat.
    """
    facts, decisions = map(type, step.facts), map(type, step.decisions)
    return not (_CHANGING.isdisjoint(facts) and _DECIDED.isdisjoint(decisions))
