"""The acts of which it is not known yet what became, and when it is worth looking again.

An exchange promises that a request is not carried out later than its time stamp plus the receive window. Only
what is read after that moment can show that nothing happened, and one such look is not enough, because
queries may be answered from behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bot.core.decisions import Action
from bot.core.intents import OpenHedge
from bot.core.types import ClientId, Position
from bot.venues.live.plan import Plan
from bot.venues.port import Batch

LOOK_MS = 1_000
"""How far apart the first two looks are."""
APART_MS = 1_000
"""How far apart the two looks must be that disprove an act."""
BEHIND_MS = 5_000
"""The second of them begins this long after the act left, whatever the receive window: queries are answered
from up to so far behind."""
RARE_LOOK_MS = 2_000
"""The same after the first of them: each look costs something of what the exchange allows."""
SLOW_LOOK_MS = 10_000
"""The same once patience is over."""
PATIENCE_MS = 30_000
"""After this long a confirmed act counts as done although the account does not show it."""
TAKEN_MS = 2 * BEHIND_MS
"""After this long a hedge that has traded and is not shown was taken away again."""
GIVE_UP_MS = 300_000
"""After this long an act that no reading can decide is no longer looked for, unless it is an order."""
NO_PROMISE_MS = 10_000
"""How long a request may be carried out at an exchange that promises nothing."""
SLACK_MS = 500
"""Added to the receive window: two clocks never agree to the millisecond."""


@dataclass(slots=True, eq=False)
class OpenAct:
    """One act. ``left_ms`` is when its last request left, ``None`` while none has."""

    action: Action
    plan: Plan
    before: Position | None
    left_ms: int | None = None
    confirmed: bool = False
    """Whether the exchange has said that it was done."""
    running: bool = False
    """Whether somebody is at it: who executes it, or who looks for it."""
    look_ms: int = 0
    """When to look next."""
    disproved_ms: int | None = None
    """When the first look began that showed, after its time, that nothing had happened."""
    applied: bool = False
    """Whether it was told already that it is done, and not proven yet."""
    nothing_done: Batch = ()
    """What to tell where it is proven already that nothing came of it."""
    told: bool = False
    """Whether people were told that it cannot be decided."""


class OpenActs:
    """All acts that are open, by the client id of their action."""

    def __init__(self, recv_window_ms: int, now_ms: Callable[[], int]) -> None:
        """``recv_window_ms`` is the exchange's promise, 0 where it gives none."""
        self._settles_ms = (recv_window_ms or NO_PROMISE_MS) + SLACK_MS
        self._now_ms = now_ms
        self._acts: dict[ClientId, OpenAct] = {}
        self._changed = asyncio.Event()

    @contextmanager
    def under_way(self, act: OpenAct) -> Iterator[None]:
        """While somebody executes it. Unless it was closed by then, it is looked for afterwards."""
        self._acts[act.action.client_id] = act
        act.running = True
        try:
            yield
        finally:
            act.running = False
            self._changed.set()

    @contextmanager
    def looking(self, act: OpenAct) -> Iterator[None]:
        """While somebody looks for it, so that nobody else does."""
        act.running = True
        try:
            yield
        finally:
            act.running = False
            self._changed.set()

    def look_now(self, act: OpenAct) -> None:
        """Something was heard of it: look at once."""
        act.look_ms = 0
        self._changed.set()

    def add(self, act: OpenAct) -> None:
        """Look for an act that nobody executes any more."""
        self._acts[act.action.client_id] = act
        self._changed.set()

    def close(self, act: OpenAct) -> None:
        """What became of it is known, or given up."""
        self._acts.pop(act.action.client_id, None)

    def __contains__(self, client_id: object) -> bool:
        return client_id in self._acts

    def holds(self, act: OpenAct) -> bool:
        """Whether it is open still."""
        return self._acts.get(act.action.client_id) is act

    async def due(self) -> None:
        """Wait until there is something to look for."""
        while not self.waiting():
            self._changed.clear()
            looks = [act.look_ms for act in self._acts.values() if not act.running]
            wait_s = max(0, min(looks) - self._now_ms()) / 1000 if looks else None
            # Not ``wait_for``: it forgets that it was cancelled where what it waits for comes just then.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def waiting(self) -> list[OpenAct]:
        """What should be looked for now."""
        now_ms = self._now_ms()
        return [act for act in self._acts.values() if not act.running and act.look_ms <= now_ms]

    def postpone(self, act: OpenAct, began_ms: int) -> None:
        """Look again after one that began then: ever more rarely, and at the moments that can disprove it."""
        now_ms, age_ms = self._now_ms(), self.age_ms(act)
        rarely_ms = SLOW_LOOK_MS if age_ms > PATIENCE_MS else max(LOOK_MS, min(age_ms, RARE_LOOK_MS))
        act.look_ms = now_ms + rarely_ms
        decisive_ms = self._settled_ms(act) if act.disproved_ms is None else self._second_ms(act)
        # Shortly before it a look would be in vain, and it would hold up the one that counts.
        if began_ms < decisive_ms < act.look_ms + LOOK_MS:
            act.look_ms = max(now_ms, decisive_ms)

    def _settled_ms(self, act: OpenAct) -> int:
        """From when on it can no longer happen."""
        return (act.left_ms or 0) + self._settles_in_ms(act)

    def _settles_in_ms(self, act: OpenAct) -> int:
        """How long after it left it may still happen. What an earlier run sent has no requests here."""
        told = [request.expiry for request in act.plan.requests]
        within_ms = [expiry.within_ms for expiry in told if expiry is not None]
        if not told or len(within_ms) < len(told):
            return self._settles_ms
        return max(within_ms) + SLACK_MS

    def _second_ms(self, act: OpenAct) -> int:
        """From when on a second look proves that it has not happened."""
        return max((act.disproved_ms or 0) + APART_MS, (act.left_ms or 0) + BEHIND_MS)

    def age_ms(self, act: OpenAct) -> int:
        """How long ago it left."""
        return self._now_ms() - act.left_ms if act.left_ms is not None else 0

    def overdue(self, act: OpenAct, began_ms: int, *, traded: bool) -> bool:
        """Whether a look that began at ``began_ms`` should have shown it.

        What an order ``traded`` is known: a hedge that is not there then was deleveraged or closed since, and
        what it was to guard waits for nothing. An exit has time: taken for older than it is, an account that
        does not show it would lead to another one.
        """
        taken = traded and isinstance(act.action.intent, OpenHedge)
        return began_ms - (act.left_ms or 0) > (TAKEN_MS if taken else PATIENCE_MS)

    def disproved(self, act: OpenAct, began_ms: int, *, doubtful: bool = False) -> bool:
        """A look that began at ``began_ms`` shows that nothing happened: whether that is proof enough.

        It takes two, apart, both after the moment from which it can no longer happen, and no word of the
        exchange to the contrary. Where something else of the account is ``doubtful`` it takes patience too.
        """
        if act.confirmed or act.left_ms is None:
            return False
        settles_ms = max(self._settles_in_ms(act), PATIENCE_MS) if doubtful else self._settles_in_ms(act)
        if began_ms < act.left_ms + settles_ms:
            return False
        if act.disproved_ms is None:
            act.disproved_ms = began_ms
        return began_ms >= self._second_ms(act)
