"""Reading at the start of a run: an exchange that says "too many requests" is asked again.

The exchange counts per address, so what an earlier process asked a second ago counts as well, and a bot that
is restarted in a hurry meets its own limits. Later readings come again by themselves; at the start a process
that gives up protects nobody, and one that is restarted for it asks even more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.venues.live.line import Unreadable

TRIES = 4
"""As often something is asked for before the start is given up; the gate spaces them."""
Read = TypeVar("Read")


async def patiently(ask: Callable[[], Awaitable[Read]]) -> Read:
    """What ``ask`` reads; ``Unreadable`` as it says, but for a limit only after ``TRIES``.

    Nothing waits here: the gate is closed for as long as the exchange wants it, and the next try goes
    through it like any other request.
    """
    for _ in range(TRIES - 1):
        try:
            return await ask()
        except Unreadable as error:
            if not error.limited:
                raise
    return await ask()
