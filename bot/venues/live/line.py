"""A line to the exchange: through the gate, out, and back as a reply or as a payload that makes sense.

Writes take the bare reply, because what it proves is a question of its own. Reads want the payload and have
one answer to everything else: it could not be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.venues.live.dialect import Answers
from bot.venues.live.gate import BANNED, TOO_MANY, Gate
from bot.venues.live.outcome import decode, quoted, succeeded
from bot.venues.live.terms import Codes, Payload
from bot.venues.live.wire import Reply, Request, Urgency

PAGES_MAX = 50


class Unreadable(Exception):  # noqa: N818  # it says what is the matter
    """What was asked could not be read.

    ``code`` is the exchange's own where it gave one, ``limited`` whether it was only too much at once.
    """

    def __init__(self, request: Request, what: str, *, code: str = "", limited: bool = False) -> None:
        """One sentence: which request, and what came."""
        super().__init__(f"{request.method} {request.path}: {what}")
        self.code = code
        self.limited = limited


class Caller(Protocol):
    """What carries a request."""

    async def call(self, request: Request) -> Reply:
        """Send it once and take what comes; never raises but for cancellation."""
        ...


Noticed = Callable[[str], None]
"""Told the code of every error an exchange answered with: a revoked key, a wrong clock."""


def nothing() -> None:
    """Nobody has to know."""


class Line:
    """One direction of an account's talk with its exchange."""

    def __init__(
        self,
        caller: Callable[[], Caller],
        gate: Gate,
        codes: Codes,
        answers: Answers,
        *,
        noticed: Noticed,
        say: Callable[[str], None],
    ) -> None:
        """``caller`` is asked anew for each request, because a client may be replaced."""
        self._caller = caller
        self._gate = gate
        self.codes = codes
        self.answers = answers
        self._noticed = noticed
        self._say = say

    async def send(self, request: Request, urgency: Urgency, leaving: Callable[[], None] = nothing) -> Reply:
        """Send once when its turn comes; ``leaving`` is called when it leaves the gate."""
        await self.turn(request, urgency)
        leaving()
        return await self.call(request)

    async def turn(self, request: Request, urgency: Urgency) -> None:
        """Wait until the request may leave."""
        await self._gate.turn(request, urgency)

    async def call(self, request: Request) -> Reply:
        """Send once, now. Only what had its ``turn`` may be sent. Never raises but for cancellation."""
        reply = await self._caller().call(request)
        angry = self._gate.learn(request, reply)
        if angry:
            self._say(angry)
        return reply

    async def read(
        self,
        request: Request,
        urgency: Urgency,
        *,
        errors: bool = False,
        leaving: Callable[[], None] = nothing,
    ) -> Payload:
        """The payload of the answer. ``Unreadable`` for anything but a success in JSON without an error.

        With ``errors`` an error of the exchange is an answer like others: that there is no such order. Not
        so where it concerns the asking: a key, a clock, a limit.
        """
        reply = await self.send(request, urgency, leaving)
        if reply.status is None:
            raise Unreadable(request, reply.error or "no complete answer")
        limited = reply.status in (TOO_MANY, BANNED)
        try:
            payload = decode(reply.body)
        except ValueError:
            raise Unreadable(request, quoted(reply), limited=limited) from None
        code = self.error(reply.status, payload)
        if code is not None and not (errors and self._about_what_was_asked(code)):
            self._noticed(code)
            if code in self.codes.limited:
                limited = True
                self.limited(request, reply, code)
            raise Unreadable(request, quoted(reply), code=code, limited=limited)
        if code is None and not succeeded(reply.status):
            raise Unreadable(request, quoted(reply), limited=limited)
        return payload

    def limited(self, request: Request, reply: Reply, code: str) -> None:
        """The exchange said by ``code`` that it was too much; its status may say so as well, or not."""
        if reply.status not in (TOO_MANY, BANNED):
            self._say(self._gate.slow_down(request, code))

    async def pages(
        self, request: Request, urgency: Urgency, *, leaving: Callable[[], None] = nothing
    ) -> list[Payload]:
        """All pages of the answer, in order; ``Unreadable`` as for ``read``, and where they do not end."""
        found: list[Payload] = []
        further: Request | None = request
        while further is not None:
            if len(found) == PAGES_MAX:
                raise Unreadable(request, f"more than {PAGES_MAX} pages")
            found.append(await self.read(further, urgency, leaving=leaving))
            try:
                further = further.after(found[-1])
            except (ValueError, KeyError) as error:
                raise Unreadable(request, f"no next page in the answer: {error}") from error
        return found

    def _about_what_was_asked(self, code: str) -> bool:
        return not any(code in these for these in (self.codes.auth, self.codes.clock, self.codes.limited))

    def error(self, status: int, payload: Payload) -> str | None:
        """The code of an error in an answer, if the exchange's dialect makes one of it."""
        try:
            return self.answers.code(status, payload)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return None
