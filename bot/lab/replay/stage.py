"""The stage of a replay: engine, paper exchange and journal, and the one way an event goes through them.

The walker (stepping or jumping) decides which events are played; the stage plays one. The exchange sees a
mark before the engine does, and every effect comes back to the engine as a batch of facts.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from bot.core.decisions import Action
from bot.core.engine import Engine
from bot.core.facts import MarkPrice, PositionChanged
from bot.core.step import Step
from bot.core.types import PositionId, Symbol
from bot.lab.replay.agenda import RANKS, Event, Rank, key_of
from bot.lab.replay.effects import Effects
from bot.lab.replay.record import Recorder
from bot.venues.paper.exchange import PaperExchange
from bot.venues.port import Batch

ROUNDS_MAX = 64
"""More actions than this on one position at one instant, and it becomes no smaller: a loop, not a defence."""


class Witness(Protocol):
    """Where steps are written: the journal's synchronous half."""

    def append(self, step: Step) -> None:
        """Take one step into the record."""
        ...


class Stage:
    """Plays events one by one. ``latency_ms`` is the time from a decision to its execution."""

    def __init__(self, engine: Engine, exchange: PaperExchange, journal: Witness, latency_ms: int) -> None:
        """Begin with the exchange's snapshot, so that the engine knows accounts and contracts."""
        self.engine = engine
        self.exchange = exchange
        self.now_ms = 0
        self._journal = journal
        self._latency_ms = latency_ms
        self._waiting: list[tuple[int, int, Action]] = []
        self.next_execution: int | None = None
        """The key of the next action that waits for its execution."""
        self._recorder = Recorder(engine.distance)
        self.record = self._recorder.record
        self._effects = Effects(exchange)
        self._ears = self._effects.ears
        self._order = count()

    def begin(self, at_ms: int) -> None:
        """Let the engine know the account as it is before the first price."""
        self.now_ms = at_ms
        self._fold([self.exchange.snapshot(at_ms)])

    @property
    def steps(self) -> int:
        """How many steps have been written to the journal."""
        return self.record.evaluations

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> bool:
        """New prices; whether anything came of them."""
        self.now_ms = at_ms
        batches = self.exchange.move(at_ms, symbol, mark, last, gap=gap)
        if batches:
            self._fold(self._effects.marked(at_ms, symbol, mark, batches))
            return True
        if self._ears.deaf:
            return False
        step = self.engine.step(MarkPrice(at_ms, symbol, mark))
        if step is None:
            return False
        actions = self._recorded(step)
        if actions:
            self._carry_out(actions)
        return True

    def play(self, at_ms: int, events: Sequence[Event]) -> None:
        """One event that is not a price; it has several parts where several symbols take part in it."""
        self.now_ms = at_ms
        self._fold(self._effects.of(at_ms, events))

    def execute_due(self) -> None:
        """Execute the action that has waited longest."""
        key, _, action = heappop(self._waiting)
        self.next_execution = self._waiting[0][0] if self._waiting else None
        self.now_ms = max(self.now_ms, key // RANKS)
        self._fold(self._executed(action))

    # -- inside -------------------------------------------------------------------------------------

    def _fold(self, batches: Sequence[Batch]) -> None:
        """Fold everything that one event did before any answer to it is carried out."""
        actions: list[Action] = []
        for batch in batches:
            step = self.engine.fold(batch)
            self._recorder.notice(batch)
            if step is not None:
                actions.extend(self._recorded(step))
        if actions:
            self._carry_out(actions)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        """Carry actions out and fold what comes back, until nothing more comes."""
        queue = deque(actions)
        rounds: defaultdict[PositionId, int] = defaultdict(int)
        least: dict[PositionId, Decimal] = {}
        while queue:
            action = queue.popleft()
            rounds[action.id] += 1
            assert rounds[action.id] <= ROUNDS_MAX, (
                f"{action.rule} keeps acting on {action.id}: {action.reason}"
            )
            if self._latency_ms:
                due = key_of(self.now_ms + self._latency_ms, Rank.EXECUTION)
                heappush(self._waiting, (due, next(self._order), action))
                self.next_execution = self._waiting[0][0]
                continue
            for batch in self._executed(action):
                answer = self.engine.fold(batch)
                self._recorder.notice(batch)
                for id_ in _smaller(batch, least):
                    rounds[id_] = 0
                if answer is not None:
                    queue.extend(self._recorded(answer))

    def _recorded(self, step: Step) -> Sequence[Action]:
        self._journal.append(step)
        return self._recorder.take(step)

    def _executed(self, action: Action) -> Sequence[Batch]:
        return self.exchange.execute(self.now_ms, action)


def _smaller(batch: Batch, least: dict[PositionId, Decimal]) -> Iterator[PositionId]:
    """The positions of which less is left than ever at this instant: a thin book takes them bit by bit."""
    for fact in batch:
        if isinstance(fact, PositionChanged) and fact.position is not None:
            left = fact.position.quantity
            if left < least.get(fact.id, left + 1):
                least[fact.id] = left
                yield fact.id
