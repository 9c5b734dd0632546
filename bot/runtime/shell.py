"""The asynchronous shell around the engine: it brings the facts, keeps the journal, carries out the actions.

    feeds, ticker, executor -> inbox -> engine.fold -> journal, committed -> executor -> venue
                                                    -> observers

Every task is supervised: the death of any ends the run with its error, because a bot that has lost a part
of itself must not look alive. What protects the positions meanwhile rests on the exchange.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from bot.core.facts import Fact, StoodStill, Tick
from bot.core.step import Step
from bot.runtime.clock import Clock
from bot.runtime.errors import ShellError, one_line
from bot.runtime.executor import Executor, Work
from bot.runtime.inbox import CAPACITY, Inbox
from bot.runtime.journal.port import Journal, JournalError
from bot.runtime.redaction import redact
from bot.runtime.watchdogs.pulse import Pulse
from bot.venues.port import Batch, Venue

TICK_MS = 1_000
TURN = 256
"""Batches folded in one go before other tasks get their turn."""
OBSERVED_MAX = 10_000
"""Steps that may wait for slow observers; beyond it the oldest are not shown. The journal has them."""

Feed = Callable[[Inbox], Awaitable[None]]
"""Brings facts, or does other work, while the run lasts; to return without a stop is to die."""
Observer = Callable[[Step], None]
"""Sees every step, after its actions are under way. It returns at once: what is slow has its own task."""


class Folding(Protocol):
    """What the shell needs of the engine."""

    def step(self, fact: Fact) -> Step | None:
        """Fold one fact."""
        ...

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        """Fold the facts of one event."""
        ...


class Watch:
    """Sees the first death among tasks at once, while the others may still be ending, or refusing to."""

    def __init__(self, dying: Callable[[BaseException], None]) -> None:
        """``dying`` is told of the first death."""
        self.cause: BaseException | None = None
        self._dying = dying

    async def over(self, work: Work) -> None:
        """Do the work; its error is the cause of the end if it is the first."""
        try:
            await work()
        except BaseException as error:
            if self.cause is None and not isinstance(error, asyncio.CancelledError):
                self.cause = error
                self._dying(error)
            raise


class Shell:
    """One run of the bot. Compose it, ``await run()``, and ``stop`` it from a signal or a feed."""

    def __init__(
        self,
        *,
        engine: Folding,
        venue: Venue,
        journal: Journal,
        clock: Clock,
        feeds: Mapping[str, Feed],
        observers: Sequence[Observer] = (),
        tick_ms: int = TICK_MS,
        capacity: int = CAPACITY,
    ) -> None:
        """``feeds`` by name, for messages; ``capacity`` bounds the inbox; a ``Tick`` every ``tick_ms``."""
        self.inbox = Inbox(capacity)
        self._engine = engine
        self._venue = venue
        self._journal = journal
        self._clock = clock
        self._feeds = feeds
        self._observers = observers
        self._tick_ms = tick_ms
        self._observed: deque[Step] = deque(maxlen=OBSERVED_MAX)
        self._to_observe = asyncio.Event()
        self._stopping = asyncio.Event()
        self._because = ""
        self._pulse = Pulse(clock.now_ms, tick_ms)
        self.turned_ms = clock.now_ms()
        """When what was folded last was committed."""

    def stop(self, because: str) -> None:
        """Ask the run to end in order; the first reason is the one that is noted."""
        self._because = self._because or because
        self._stopping.set()

    async def run(
        self,
        started: Mapping[str, str],
        *,
        inherited: Batch = (),
        dying: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        """Guard until stopped. ``started`` is what the journal notes about this run: versions, configuration.

        ``inherited`` is what an earlier run left: folded before anything else is known. The journal ends with
        a ``Stopped`` row, or with a ``Crashed`` one if it still can; then the error is raised. ``dying``
        hears of it first, before anything that might hang.
        """
        journal = self._journal
        journal.note("Started", {**started, "epoch": str(journal.epoch)}, self._clock.now_ms())
        await journal.commit()
        watch = Watch(dying)
        try:
            await self._guard(watch, inherited)
        except BaseException as error:
            cause = watch.cause or error
            await self._note_crash(cause)
            if cause is error:
                raise
            raise cause from cause.__cause__
        journal.note("Stopped", {"because": self._because}, self._clock.now_ms())
        await journal.commit()

    # -- inside -------------------------------------------------------------------------------------

    async def _guard(self, watch: Watch, inherited: Batch) -> None:
        async with asyncio.TaskGroup() as group:

            def start(work: Work, name: str) -> asyncio.Task[None]:
                return group.create_task(watch.over(work), name=name)

            executor = Executor(self._venue, self._clock, self.inbox, start)
            keepers = [
                start(partial(self._fold_for_ever, executor), "fold loop"),
                start(self._observe_for_ever, "observers"),
                start(self._beat_for_ever, "pulse"),
            ]
            await watch.over(partial(self._learn, inherited))
            bringers = [start(partial(self._feed, name, feed), name) for name, feed in self._feeds.items()]
            bringers.append(start(self._tick_for_ever, "ticker"))
            await self._stopping.wait()
            for task in bringers:
                task.cancel()
            await asyncio.wait(bringers)
            executor.stop("the bot is stopping")
            while not (executor.is_idle() and self.inbox.is_empty()):
                await executor.idle()
                await self.inbox.drained()
            for task in keepers:
                task.cancel()
        self._observe()

    async def _learn(self, inherited: Batch) -> None:
        """What an earlier run knew, then the account as it is: both before anything that changes it."""
        if inherited:
            await self.inbox.put(inherited)
        for batch in await self._venue.snapshot():
            await self.inbox.put(batch)

    async def _feed(self, name: str, feed: Feed) -> None:
        await feed(self.inbox)
        if not self._stopping.is_set():
            raise ShellError(f"feed {name}", "it ended by itself", "look at the log and start again")

    async def _tick_for_ever(self) -> None:
        while True:
            await self._clock.sleep(self._tick_ms)
            await self.inbox.put((Tick(at_ms=self._clock.now_ms()),))

    async def _beat_for_ever(self) -> None:
        while True:
            self._pulse.beat()
            await self._clock.sleep(self._tick_ms)

    async def _fold_for_ever(self, executor: Executor) -> None:
        while True:
            taken = await self.inbox.take()
            stood_ms = self._pulse.stood_ms()
            if stood_ms:
                # First of all: what was taken may have lain there all the while.
                still = StoodStill(at_ms=self._clock.now_ms(), for_ms=stood_ms)
                taken.insert(0, (still,))
            for number, batch in enumerate(taken, start=1):
                step = self._engine.fold(batch)
                if step is not None:
                    await self._settle(step, executor)
                if number % TURN == 0:
                    await asyncio.sleep(0)
            await self._journal.commit()
            self.turned_ms = self._clock.now_ms()
            self.inbox.done()

    async def _settle(self, step: Step, executor: Executor) -> None:
        self._journal.append(step)
        if step.actions:
            # The one rule everything rests on: nothing is sent that the journal has not committed.
            await self._journal.commit()
            executor.submit(step.actions)
        if self._observers:
            self._observed.append(step)
            self._to_observe.set()

    async def _observe_for_ever(self) -> None:
        while True:
            await self._to_observe.wait()
            self._to_observe.clear()
            # An action is with the venue two turns of the loop after it was submitted; let it go first.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            while self._observed:
                self._show(self._observed.popleft())
                await asyncio.sleep(0)

    def _observe(self) -> None:
        while self._observed:
            self._show(self._observed.popleft())

    def _show(self, step: Step) -> None:
        for observer in self._observers:
            observer(step)

    async def _note_crash(self, cause: BaseException) -> None:
        if isinstance(cause, JournalError):
            return
        if isinstance(cause, asyncio.CancelledError):
            kind, because = "Stopped", self._because or "interrupted"
        else:
            kind, because = "Crashed", redact(one_line(cause))
        self._journal.note(kind, {"because": because}, self._clock.now_ms())
        try:
            await self._journal.commit()
        except JournalError as error:
            cause.add_note(f"and it could not be noted: {one_line(error)}")
