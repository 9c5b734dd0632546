"""Plays tapes through the running shell: the same shell that guards live positions, with another clock.

A demonstration must show what will really run, so nothing is shortened: facts go through the inbox, actions
through the journal and the executor. What happens is what happens in a replay, by the same effects in the
same order. Only time is ours. It moves when everything that followed from the last moment has come to rest,
so that a slow machine shows the same as a fast one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count

from bot.core.danger.conditions import FOREVER_MS
from bot.core.decisions import Action
from bot.core.engine import Engine
from bot.core.facts import Fact, MarkPrice, Outcome, Tick
from bot.core.intents import Notify, SetPosture
from bot.core.step import Step
from bot.core.types import ClientId, PositionId, Symbol
from bot.lab.replay.agenda import Agenda, Event
from bot.lab.replay.effects import Effects
from bot.lab.replay.record import Recorder
from bot.lab.replay.stage import Stage
from bot.lab.replay.walk import Stepper
from bot.lab.tapes import PlayedPath
from bot.runtime.inbox import Inbox
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.venue import PaperVenue
from bot.venues.port import Batch


class TapeClock:
    """Time as the tape tells it."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now_ms(self) -> int:
        """The moment the tape is at."""
        return self._now_ms

    async def sleep(self, ms: int) -> None:
        """Wait until the tape has come so far."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now_ms + ms, next(self._numbers), woken))
        await woken

    def advance(self, at_ms: int) -> None:
        """Let it be ``at_ms``, and wake whom that concerns."""
        self._now_ms = max(self._now_ms, at_ms)
        while self._sleepers and self._sleepers[0][0] <= self._now_ms:
            woken = heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


@dataclass(frozen=True, slots=True)
class Prices:
    """New prices of one symbol; ``gap`` where they did not travel there from the last ones."""

    symbol: Symbol
    mark: Decimal
    last: Decimal
    gap: bool


Moment = tuple[int, Prices | tuple[Event, ...]]
"""When something happens, and what: prices, or the parts of one event."""


class _Notebook(Stage):
    """A stage on which nothing is played, only written down in order."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.next_execution = None  # Nothing waits.

    def begin(self, at_ms: int) -> None:
        """Nothing to begin."""

    @property
    def steps(self) -> int:
        """Nothing is decided, so nothing has to be committed."""
        return 0

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> bool:
        """Write prices down."""
        self.moments.append((at_ms, Prices(symbol, mark, last, gap)))
        return False

    def play(self, at_ms: int, events: Sequence[Event]) -> None:
        """Write an event down, with all its parts."""
        self.moments.append((at_ms, tuple(events)))


def script(paths: Sequence[PlayedPath], agenda: Agenda) -> list[Moment]:
    """Everything that happens in the tapes, in the very order of a replay."""
    notebook = _Notebook()
    for _ in Stepper(notebook, paths, agenda).walk():
        pass
    return notebook.moments


class WatchedEngine:
    """An engine, the actions it decided on that have not been answered yet, and a record of everything."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.recorder = Recorder(engine.distance)
        self.unanswered: dict[ClientId, PositionId] = {}

    def step(self, fact: Fact) -> Step | None:
        """Fold one fact."""
        return self._watched(self.engine.step(fact), (fact,))

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        """Fold the facts of one event."""
        return self._watched(self.engine.fold(batch), batch)

    def _watched(self, step: Step | None, batch: Sequence[Fact]) -> Step | None:
        self.recorder.notice(batch)
        if step is not None:
            for fact in batch:
                if isinstance(fact, Outcome):
                    self.unanswered.pop(fact.client_id, None)
            sent = (a for a in self.recorder.take(step) if not isinstance(a.intent, Notify | SetPosture))
            self.unanswered |= {action.client_id: action.id for action in sent}
        return step


class DistantVenue:
    """A paper exchange to which every action is on its way for ``latency_ms`` of the tape, as in a replay."""

    def __init__(self, exchange: PaperExchange, clock: TapeClock, latency_ms: int) -> None:
        self._venue = PaperVenue(exchange, clock.now_ms)
        self._clock = clock
        self._latency_ms = latency_ms
        self._under_way: list[tuple[int, int, PositionId, asyncio.Future[None]]] = []
        self._numbers = count()

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry the action out when it has arrived; its way began with the decision."""
        due_ms = action.at_ms + self._latency_ms
        if due_ms > self._clock.now_ms():
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heappush(self._under_way, (due_ms, next(self._numbers), action.id, arrived))
            await arrived
        return await self._venue.execute(action)

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now."""
        return await self._venue.snapshot()

    def awaits(self, id_: PositionId) -> bool:
        """Whether an action on this position is under way: the next one on it waits for the answer."""
        return any(id_ == under_way for _, _, under_way, _ in self._under_way)

    @property
    def next_ms(self) -> int | None:
        """When the next action arrives."""
        return self._under_way[0][0] if self._under_way else None

    def arrive(self) -> None:
        """Let the next action arrive."""
        arrived = heappop(self._under_way)[3]
        if not arrived.done():
            arrived.set_result(None)


class Player:
    """The feed that plays a script on a paper exchange."""

    def __init__(
        self,
        moments: Sequence[Moment],
        *,
        exchange: PaperExchange,
        venue: DistantVenue,
        clock: TapeClock,
        engine: WatchedEngine,
        pace: Callable[[int], Awaitable[None]],
    ) -> None:
        """``pace`` is awaited after each moment, with its time: there the machine's clock comes in."""
        self._moments = moments
        self._effects = Effects(exchange)
        self._venue = venue
        self._clock = clock
        self._engine = engine
        self._pace = pace

    async def play(self, inbox: Inbox) -> None:
        """Play to the end."""
        await self._rest(inbox)
        for at_ms, what in self._moments:
            await self._let_arrive(inbox, at_ms)
            self._clock.advance(at_ms)
            for batch in self._happening(at_ms, what):
                await inbox.put(batch)
            await self._rest(inbox)
            await self._pace(at_ms)
        await self._let_arrive(inbox, FOREVER_MS)
        # The last prices may have woken nobody; a look at everything takes them into the journal.
        await inbox.put((Tick(at_ms=self._clock.now_ms()),))
        await self._rest(inbox)

    async def _let_arrive(self, inbox: Inbox, before_ms: int) -> None:
        """Everything of one millisecond comes before the actions that arrive in it."""
        while (due_ms := self._venue.next_ms) is not None and due_ms < before_ms:
            self._clock.advance(due_ms)
            self._venue.arrive()
            await self._rest(inbox)

    async def _rest(self, inbox: Inbox) -> None:
        """Wait until nothing more follows from what has happened, but for what is on its way."""
        await inbox.drained()
        # Answers come a few turns of the loop later, or when what is on its way has arrived.
        while not all(map(self._venue.awaits, self._engine.unanswered.values())):
            await asyncio.sleep(0)
            await inbox.drained()

    def _happening(self, at_ms: int, what: Prices | tuple[Event, ...]) -> Sequence[Batch]:
        if not isinstance(what, Prices):
            return self._effects.of(at_ms, what)
        batches = self._effects.mark(at_ms, what.symbol, what.mark, what.last, gap=what.gap)
        if batches or self._effects.deaf:
            return batches
        return ((MarkPrice(at_ms=at_ms, symbol=what.symbol, price=what.mark),),)
