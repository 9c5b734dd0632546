"""Sends what a plan says, each request once, and judges what comes back."""

from __future__ import annotations

from bot.venues.live.connection import Connection
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.outcome import Applied, Rejected, Unknown, Unsent, Verdict, judge
from bot.venues.live.wire import Request, Urgency


class _Overdue(Exception):  # noqa: N818  # it says what is the matter
    """Its time is over, and it has not left."""


class Sender:
    """The only one who sends what changes something."""

    def __init__(self, connection: Connection) -> None:
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
        """Send one request.

        What waited at the gate past its deadline does not leave. Whoever waits for it has given it up long
        ago, unless the process was stopped meanwhile: then the gate may open before he has his turn.
        """

        def leaving() -> None:
            if act is None:
                return
            if self._now_ms() >= act.action.deadline_ms:
                raise _Overdue
            act.left_ms = self._now_ms()

        try:
            reply = await self._wires.writes.send(request, urgency, leaving)
        except _Overdue:
            return Unsent(proof="its deadline passed while it waited for its turn")
        verdict = judge(request, reply, self._codes, self._answers)
        if isinstance(verdict, Rejected) and verdict.clock:
            self._wires.notice(verdict.code)
        return verdict
