"""Carries actions out, once each, and turns whatever becomes of them into facts.

An exception proves nothing about what the exchange did, and neither does silence: both are ``UNKNOWN``. Only
what was never handed to the venue is known not to have happened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from bot.core.decisions import Action
from bot.core.facts import Outcome, OutcomeKind
from bot.core.intents import Notify, SetPosture
from bot.core.types import PositionId
from bot.runtime.clock import Clock
from bot.runtime.errors import ShellError, one_line
from bot.runtime.inbox import Inbox
from bot.runtime.redaction import READ_MAX, redact
from bot.venues.port import Batch, Venue

WAITING_MAX = 1_000
"""Actions that may wait at once; more is a loop in the rules and not a defence."""
REFUSED_MAX = 100
"""Answers to actions decided while stopping; each may lead to another, and that must end."""
_PROOF_MAX = 300

Work = Callable[[], Awaitable[None]]
"""Something to be done in a task of its own."""


class Executor:
    """Runs the actions of one position one after the other, those of different positions side by side."""

    def __init__(
        self, venue: Venue, clock: Clock, inbox: Inbox, start: Callable[[Work, str], object]
    ) -> None:
        """``start`` begins a task of a given name under supervision: a death among them is everybody's."""
        self._venue = venue
        self._clock = clock
        self._inbox = inbox
        self._start = start
        self._lanes: dict[PositionId, deque[Action]] = {}
        self._waiting = 0
        self._refused = 0
        self._stopping: str | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def submit(self, actions: Sequence[Action]) -> None:
        """Take actions that the journal has committed. Returns at once."""
        for action in actions:
            if isinstance(action.intent, Notify | SetPosture):
                continue  # They change nothing at an exchange; observers and rules see them.
            if self._waiting >= WAITING_MAX:
                raise ShellError(
                    "executor", f"{WAITING_MAX} actions wait already", "look for a rule in a loop"
                )
            self._waiting += 1
            self._idle.clear()
            lane = self._lanes.setdefault(action.id, deque())
            lane.append(action)
            if len(lane) == 1:
                self._start(partial(self._run, lane, action.id), f"actions on {action.id}")

    def stop(self, because: str) -> None:
        """From now on send nothing; what is under way is waited for, what waits is answered as not sent."""
        self._stopping = because

    async def idle(self) -> None:
        """Wait until no action waits or is under way."""
        await self._idle.wait()

    def is_idle(self) -> bool:
        """Whether no action waits or is under way."""
        return self._idle.is_set()

    async def _run(self, lane: deque[Action], id_: PositionId) -> None:
        while lane:
            for batch in await self._result(lane[0]):
                await self._inbox.put(batch)
            lane.popleft()
            self._waiting -= 1
        del self._lanes[id_]
        if not self._waiting:
            self._idle.set()

    async def _result(self, action: Action) -> Sequence[Batch]:
        """What became of an action: always with an outcome in it."""
        late_ms = self._clock.now_ms() - action.deadline_ms
        if self._stopping is not None:
            self._refused += 1
            kept = self._refused <= REFUSED_MAX
            return [self._outcome(action, OutcomeKind.NOT_APPLIED, self._stopping)] if kept else []
        if late_ms >= 0:
            return [self._outcome(action, OutcomeKind.NOT_APPLIED, f"{late_ms} ms past its deadline")]
        batches = await self._executed(action, -late_ms)
        answered = any(
            isinstance(fact, Outcome) and fact.client_id == action.client_id for b in batches for fact in b
        )
        if answered:
            return batches
        return [
            *batches,
            self._outcome(action, OutcomeKind.UNKNOWN, "the venue did not say what became of it"),
        ]

    async def _executed(self, action: Action, within_ms: int) -> Sequence[Batch]:
        execution = asyncio.ensure_future(self._venue.execute(action))
        alarm = asyncio.ensure_future(self._clock.sleep(within_ms))
        try:
            await asyncio.wait((execution, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            # What was cut off may still end with an error, which must not count as a defect of ours.
            execution.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            execution.cancel()
        if not execution.done():
            return [self._outcome(action, OutcomeKind.UNKNOWN, f"no answer within {within_ms} ms")]
        try:
            return execution.result()
        except asyncio.CancelledError:
            return [self._outcome(action, OutcomeKind.UNKNOWN, "the venue gave up on it")]
        except Exception as error:  # noqa: BLE001  # no class of exception proves anything: see the module
            return [self._outcome(action, OutcomeKind.UNKNOWN, one_line(error))]

    def _outcome(self, action: Action, kind: OutcomeKind, proof: str) -> Batch:
        sent = "" if kind is OutcomeKind.UNKNOWN else "not sent: "
        return (
            Outcome(
                at_ms=self._clock.now_ms(),
                id=action.id,
                client_id=action.client_id,
                kind=kind,
                proof=redact(f"{sent}{proof}"[:READ_MAX])[:_PROOF_MAX],
            ),
        )
