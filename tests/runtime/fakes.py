"""A clock that moves when told to, an engine that decides by a function, a venue that answers by one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from bot.core.decisions import Action, Decision
from bot.core.facts import Fact, Outcome, OutcomeKind
from bot.core.step import Step
from bot.venues.port import Batch
from tests.runtime.builders import T0


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(60):
        await asyncio.sleep(0)


class FakeClock:
    def __init__(self, now_ms: int = T0) -> None:
        self._now_ms = now_ms
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now_ms(self) -> int:
        return self._now_ms

    async def sleep(self, ms: int) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now_ms + ms, next(self._order), woken))
        await woken

    def jump(self, ms: int) -> None:
        """Time passes while nobody runs: the process is stopped."""
        self._now_ms += ms

    async def advance(self, ms: int) -> None:
        """Let time pass, and wake the sleepers one by one in the order of their times."""
        end = self._now_ms + ms
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end:
            due_ms, _, woken = heappop(self._sleepers)
            self._now_ms = max(self._now_ms, due_ms)
            if not woken.done():
                woken.set_result(None)
            await settled()
        self._now_ms = end


def nothing(_: Sequence[Fact]) -> tuple[Decision, ...] | None:
    return None


@dataclass
class FakeEngine:
    """Decides by ``decide``: None swallows the batch."""

    decide: Callable[[Sequence[Fact]], tuple[Decision, ...] | None] = nothing
    folded: list[tuple[Fact, ...]] = field(default_factory=list)

    def step(self, fact: Fact) -> Step | None:
        return self.fold((fact,))

    def recall(self, fact: Fact) -> Step | None:
        return self.fold((fact,))

    def fold(self, batch: Sequence[Fact]) -> Step | None:
        self.folded.append(tuple(batch))
        decisions = self.decide(batch)
        if decisions is None:
            return None
        return Step(batch[-1].at_ms, (), tuple(batch), decisions)


def applied(action: Action, kind: OutcomeKind = OutcomeKind.VERIFIED) -> Outcome:
    return Outcome(at_ms=action.at_ms + 1, id=action.id, client_id=action.client_id, kind=kind)


async def applies(action: Action) -> Sequence[Batch]:
    return [(applied(action),)]


@dataclass
class FakeVenue:
    """Answers by ``answer``; ``sent`` are the actions it was given."""

    answer: Callable[[Action], Awaitable[Sequence[Batch]]] = applies
    account: Sequence[Batch] = ()
    sent: list[Action] = field(default_factory=list)

    async def execute(self, action: Action) -> Sequence[Batch]:
        self.sent.append(action)
        return await self.answer(action)

    async def snapshot(self) -> Sequence[Batch]:
        return self.account
