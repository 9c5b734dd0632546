"""Plays tapes through the running shell: the same shell that guards live positions, with another clock.

A demonstration must show what will really run, so nothing is shortened: facts go through the inbox, actions
through the journal and the executor. Only time is ours. It moves when everything that followed from the last
moment has come to rest, so that a slow machine shows the same as a fast one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count

from bot.core.engine import Engine
from bot.core.facts import BarClosed, Fact, MarkPrice, Outcome, Tick
from bot.core.intents import Notify, SetPosture
from bot.core.step import Step
from bot.core.types import ClientId, Symbol
from bot.lab.replay.agenda import (
    Agenda,
    Delivery,
    Event,
    Funding,
    ScheduledEvent,
    ScheduledOpening,
    Silence,
)
from bot.lab.replay.ears import Ears
from bot.lab.replay.stage import Stage
from bot.lab.replay.walk import Stepper
from bot.lab.tapes import PricePath
from bot.runtime.inbox import Inbox
from bot.venues.paper.events import befall
from bot.venues.paper.exchange import PaperExchange
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


Moment = tuple[int, Prices | Event]
"""When something happens, and what."""


class _Notebook(Stage):
    """A stage on which nothing is played, only written down in order."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def begin(self, at_ms: int) -> None:
        """Nothing to begin."""

    @property
    def next_execution(self) -> int | None:
        """Nothing waits."""
        return None

    @property
    def steps(self) -> int:
        """Nothing is decided, so nothing has to be committed."""
        return 0

    def mark(self, at_ms: int, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> bool:
        """Write prices down."""
        self.moments.append((at_ms, Prices(symbol, mark, last, gap)))
        return False

    def play(self, at_ms: int, event: Event) -> None:
        """Write an event down."""
        self.moments.append((at_ms, event))


def script(paths: Sequence[PricePath], agenda: Agenda) -> list[Moment]:
    """Everything that happens in the tapes, in the very order of a replay."""
    notebook = _Notebook()
    for _ in Stepper(notebook, paths, agenda).walk():
        pass
    return notebook.moments


class CountingEngine:
    """An engine, and the actions it decided on that have not been answered yet."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.unanswered: set[ClientId] = set()

    def step(self, fact: Fact) -> Step | None:
        """Fold one fact."""
        return self._counted(self.engine.step(fact), (fact,))

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        """Fold the facts of one event."""
        return self._counted(self.engine.fold(batch), batch)

    def _counted(self, step: Step | None, batch: Sequence[Fact]) -> Step | None:
        if step is not None:
            self.unanswered -= {fact.client_id for fact in batch if isinstance(fact, Outcome)}
            sent = (a for a in step.actions if not isinstance(a.intent, Notify | SetPosture))
            self.unanswered |= {action.client_id for action in sent}
        return step


class Player:
    """The feed that plays a script on a paper exchange."""

    def __init__(
        self,
        moments: Sequence[Moment],
        *,
        exchange: PaperExchange,
        clock: TapeClock,
        engine: CountingEngine,
        pace: Callable[[int], Awaitable[None]],
    ) -> None:
        """``pace`` is awaited after each moment, with its time: there the machine's clock comes in."""
        self._moments = moments
        self._exchange = exchange
        self._clock = clock
        self._engine = engine
        self._pace = pace
        self._ears = Ears()

    async def play(self, inbox: Inbox) -> None:
        """Play to the end."""
        await self._rest(inbox)
        for at_ms, what in self._moments:
            self._clock.advance(at_ms)
            for batch in self._effects(at_ms, what):
                await inbox.put(batch)
            await self._rest(inbox)
            await self._pace(at_ms)
        # The last prices may have woken nobody; a look at everything takes them into the journal.
        await inbox.put((Tick(at_ms=self._clock.now_ms()),))
        await self._rest(inbox)

    async def _rest(self, inbox: Inbox) -> None:
        """Wait until nothing more follows from what has happened."""
        await inbox.drained()
        while self._engine.unanswered:  # answers come a few turns of the loop later
            await asyncio.sleep(0)
            await inbox.drained()

    def _effects(self, at_ms: int, what: Prices | Event) -> Sequence[Batch]:
        match what:
            case Prices(symbol, mark, last, gap):
                fact = MarkPrice(at_ms=at_ms, symbol=symbol, price=mark)
                batches = self._exchange.move(at_ms, symbol, mark, last, gap=gap)
                if self._ears.deaf:
                    return batches
                # The engine must judge the event at the price it happened at.
                return ((fact, *batches[0]), *batches[1:]) if batches else ((fact,),)
            case BarClosed():
                heard = self._ears.bar(what)
                return (heard,) if heard else ()
            case Funding(symbol, rate):
                return self._exchange.settle_funding(at_ms, symbol, rate)
            case Delivery(symbol=symbol, price=price):
                delivered: Sequence[Batch]
                delivered = self._exchange.deliver(at_ms, symbol, price)
                return delivered
            case ScheduledOpening():
                return self._exchange.open(at_ms, what.opening)
            case ScheduledEvent():
                return [self._ears.hear(batch) for batch in befall(self._exchange, at_ms, what.event)]
            case Silence():
                return ((Tick(at_ms=at_ms),),)
