"""Sends what a plan says, each request once, and judges what comes back.

An answer that is long in coming is not waited for: what became of the request is looked for meanwhile, and
when the answer comes after all it is handed on as late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.core.decisions import Action
from bot.venues.live.connection import Connection
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.outcome import Applied, Limited, Rejected, Unknown, Unsent, Verdict, judge
from bot.venues.live.wire import Reply, Request, Urgency

ANSWER_MS = 1_500
"""How long an answer is waited for. Exchanges answer within a tenth of a second; what hangs holds up all else
that may be done for its position."""

Late = Callable[[OpenAct, Verdict], None]
"""Told of an act, and what the answer to its last request proves that came late."""
Left = Callable[[Action, Request], None]
"""Told of each request of an action as it leaves the gate; it returns at once."""


class Sender:
    """The only one who sends what changes something."""

    def __init__(self, connection: Connection, late: Late) -> None:
        """``late`` is told of answers that nobody waits for any more."""
        self._late = late
        self.left: Left = lambda _action, _request: None
        self._unanswered: set[asyncio.Task[Reply]] = set()
        self._wires = connection.wires
        self._codes = connection.dialect.traits.codes
        self._answers = connection.dialect.answers
        self._now_ms = connection.now_ms

    async def send(self, act: OpenAct) -> Verdict:
        """Send what the plan says in its order, and stop at the first that is not confirmed."""
        for request in act.plan.before:
            verdict = await self.one(request, act.plan.urgency)
            if isinstance(verdict, Unknown):
                return Unsent(proof=f"what has to be set before it is unknown: {verdict.proof}")
            if not isinstance(verdict, Applied):
                return verdict
        verdict = Unsent(proof="nothing to send")
        applied: Applied | None = None
        for request in act.plan.requests:
            verdict = await self.one(request, act.plan.urgency, act)
            if not isinstance(verdict, Applied):
                break
            applied = verdict
        # Of several slices those that went through count; one that nobody answered leaves it all open.
        return verdict if applied is None or isinstance(verdict, Unknown) else applied

    async def one(self, request: Request, urgency: Urgency, act: OpenAct | None = None) -> Verdict:
        """Send one request. Cut off before its turn, it has not left; later, its answer is listened for.

        What waited at the gate past its deadline does not leave. Whoever waits for it has given it up long
        ago, unless the process was stopped meanwhile: then the gate may open before he has his turn.
        """
        line = self._wires.writes
        await line.turn(request, urgency)
        if act is not None:
            if self._now_ms() >= act.action.deadline_ms:
                return Unsent(proof="its deadline passed while it waited for its turn")
            act.left_ms = self._now_ms()
        sending = asyncio.ensure_future(line.call(request))
        if act is not None:
            self.left(act.action, request)
        try:
            await asyncio.wait({sending}, timeout=ANSWER_MS / 1000)
        finally:
            if not sending.done():
                self._listen_for(sending, request, act)
        if not sending.done():
            return Unknown(proof=f"no answer within {ANSWER_MS} ms")
        return self._judged(request, sending.result())

    def _listen_for(self, sending: asyncio.Task[Reply], request: Request, act: OpenAct | None) -> None:
        def answered(ended: asyncio.Task[Reply]) -> None:
            self._unanswered.discard(ended)
            if not ended.cancelled() and act is not None:
                self._late(act, self._judged(request, ended.result()))

        self._unanswered.add(sending)
        sending.add_done_callback(answered)

    def _judged(self, request: Request, reply: Reply) -> Verdict:
        verdict = judge(request, reply, self._codes, self._answers)
        if isinstance(verdict, Rejected) and verdict.clock:
            self._wires.notice(verdict.code)
        if isinstance(verdict, Limited):
            self._wires.writes.limited(request, reply, verdict.code)
        return verdict
