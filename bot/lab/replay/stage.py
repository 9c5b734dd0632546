"""The stage of a replay: engine, paper exchange and journal, and the one way an event goes through them.

The walker (stepping or jumping) decides which events are played; the stage plays one. The exchange sees a
mark before the engine does, and every effect comes back to the engine as a batch of facts.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.engine import Engine
from bot.core.facts import (
    BarClosed,
    Deleveraged,
    Delivered,
    Fact,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
    Tick,
)
from bot.core.step import Step
from bot.core.types import PositionId, RuleName, Symbol
from bot.lab.replay.agenda import (
    RANKS,
    Delivery,
    Event,
    Funding,
    Rank,
    ScheduledEvent,
    ScheduledOpening,
    Silence,
    key_of,
)
from bot.lab.replay.ears import Ears
from bot.venues.paper.events import befall
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.model import PaperError
from bot.venues.port import Batch

ROUNDS_MAX = 64
"""More actions than this on one position at one instant are a loop, not a defence."""


class OpeningError(Exception):
    """A scheduled position that cannot be: ``id`` says which, the text why."""

    def __init__(self, id_: PositionId, why: str) -> None:
        """Name the position."""
        super().__init__(why)
        self.id = id_


class Witness(Protocol):
    """Where steps are written: the journal's synchronous half."""

    def append(self, step: Step) -> None:
        """Take one step into the record."""
        ...


@dataclass(slots=True)
class Done:
    """An action and what came of it."""

    action: Action
    outcome: Outcome | None = None
    distance_after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Triggered:
    """A resting order that was met. ``rule`` placed it; ``None`` for an order of the trader's own."""

    outcome: Outcome
    rule: RuleName | None


@dataclass(slots=True, repr=False)
class Record:
    """What a replay is judged by afterwards. Too long to be printed, which event loops do when they end."""

    done: list[Done] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    liquidations: list[Liquidated] = field(default_factory=list)
    deleveraged: list[Deleveraged] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    triggered: list[Triggered] = field(default_factory=list)
    changes: list[StateChanged] = field(default_factory=list)
    evaluations: int = 0
    marks: int = 0


class Stage:
    """Plays events one by one. ``latency_ms`` is the time from a decision to its execution."""

    def __init__(self, engine: Engine, exchange: PaperExchange, journal: Witness, latency_ms: int) -> None:
        """Begin with the exchange's snapshot, so that the engine knows accounts and contracts."""
        self.engine = engine
        self.exchange = exchange
        self.record = Record()
        self.now_ms = 0
        self._journal = journal
        self._latency_ms = latency_ms
        self._waiting: list[tuple[int, int, Action]] = []
        self._by_client_id: dict[str, Done] = {}
        self._ears = Ears()
        self._order = count()

    def begin(self, at_ms: int) -> None:
        """Let the engine know the account as it is before the first price."""
        self.now_ms = at_ms
        self._fold([self.exchange.snapshot(at_ms)])

    @property
    def next_execution(self) -> int | None:
        """The key of the next action that waits for its execution."""
        return self._waiting[0][0] if self._waiting else None

    @property
    def steps(self) -> int:
        """How many steps have been written to the journal."""
        return self.record.evaluations

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> bool:
        """New prices; whether anything came of them."""
        self.now_ms = at_ms
        batches = self.exchange.move(at_ms, symbol, mark, last, gap=gap)
        if self._ears.deaf:
            self._fold(batches)
            return bool(batches)
        fact = MarkPrice(at_ms=at_ms, symbol=symbol, price=mark)
        if batches:
            # The engine must judge the event at the price it happened at.
            first: Batch = (fact, *batches[0])
            self._fold([first, *batches[1:]])
            return True
        step = self.engine.step(fact)
        if step is None:
            return False
        self._carry_out(self._recorded(step))
        return True

    def play(self, at_ms: int, event: Event) -> None:
        """One event that is not a price."""
        self.now_ms = at_ms
        match event:
            case BarClosed():
                heard = self._ears.bar(event)
                step = self.engine.fold(heard) if heard else None
                if step is not None:
                    self._carry_out(self._recorded(step))
            case Funding(symbol, rate):
                self._fold(self.exchange.settle_funding(at_ms, symbol, rate))
            case Delivery(symbol=symbol, price=price):
                batches = self.exchange.deliver(at_ms, symbol, price)
                self._fold(batches)
            case ScheduledOpening():
                self._let_open(at_ms, event)
            case ScheduledEvent():
                self._fold([self._ears.hear(batch) for batch in befall(self.exchange, at_ms, event.event)])
            case Silence():
                self._fold([(Tick(at_ms=at_ms),)])

    def execute_due(self) -> None:
        """Execute the action that has waited longest."""
        key, _, action = heappop(self._waiting)
        self.now_ms = max(self.now_ms, key // RANKS)
        self._fold(self._executed(action))

    # -- inside -------------------------------------------------------------------------------------

    def _let_open(self, at_ms: int, scheduled: ScheduledOpening) -> None:
        id_ = scheduled.opening.id
        if scheduled.when_flat and self.exchange.holds(id_):
            return
        try:
            batches = self.exchange.open(at_ms, scheduled.opening)
        except PaperError as error:
            raise OpeningError(id_, str(error)) from error
        self._fold(batches)

    def _fold(self, batches: Sequence[Batch]) -> None:
        """Fold everything that one event did before any answer to it is carried out."""
        actions: list[Action] = []
        for batch in batches:
            step = self.engine.fold(batch)
            self._notice(batch)
            if step is not None:
                actions.extend(self._recorded(step))
        self._carry_out(actions)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        """Carry actions out and fold what comes back, until nothing more comes."""
        if not actions:
            return
        queue = deque(actions)
        rounds: Counter[PositionId] = Counter()
        while queue:
            action = queue.popleft()
            rounds[action.id] += 1
            assert rounds[action.id] <= ROUNDS_MAX, (
                f"{action.rule} keeps acting on {action.id}: {action.reason}"
            )
            if self._latency_ms:
                due = key_of(self.now_ms + self._latency_ms, Rank.EXECUTION)
                heappush(self._waiting, (due, next(self._order), action))
                continue
            for batch in self._executed(action):
                answer = self.engine.fold(batch)
                self._notice(batch)
                if answer is not None:
                    queue.extend(self._recorded(answer))

    def _recorded(self, step: Step) -> Sequence[Action]:
        self.record.evaluations += 1
        self._journal.append(step)
        if not step.decisions:
            return ()
        actions = []
        for decision in step.decisions:
            if isinstance(decision, Action):
                actions.append(decision)
                done = Done(decision)
                self.record.done.append(done)
                self._by_client_id[decision.client_id] = done
            elif isinstance(decision, Refusal):
                self.record.refusals.append(decision)
            else:
                self.record.changes.append(decision)
        return actions

    def _executed(self, action: Action) -> Sequence[Batch]:
        return self.exchange.execute(self.now_ms, action)

    def _notice(self, batch: Batch) -> None:
        for fact in batch:
            self._notice_fact(fact)

    def _notice_fact(self, fact: Fact) -> None:
        if isinstance(fact, Outcome):
            done = self._by_client_id.get(fact.client_id)
            if done is None or (done.outcome is not None and done.outcome.kind is not OutcomeKind.UNKNOWN):
                rule = done.action.rule if done is not None else None
                self.record.triggered.append(Triggered(fact, rule))
            else:
                done.outcome = fact
                if fact.kind is OutcomeKind.VERIFIED:
                    done.distance_after = self.engine.distance(fact.id)
        elif isinstance(fact, Liquidated):
            self.record.liquidations.append(fact)
        elif isinstance(fact, Deleveraged):
            self.record.deleveraged.append(fact)
        elif isinstance(fact, Delivered):
            self.record.deliveries.append(fact)
