"""Pings an address outside while the guard is really well: who listens there notices when it is not.

Nobody can be relied on to say that he is dead. A service of the kind of healthchecks.io raises an alarm when
the pings stop, whatever stopped them: this process, this machine or its network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from bot.core.facts import ProcessChanged
from bot.core.intents import Level

TIMEOUT_MS = 10_000
LOOK_MS = 1_000
UNHEARD_TOLD = 3
"""After so many pings in a row that were not heard, people are told."""
HEARD, UNHEARD = "heard", "unheard"


class Heartbeat:
    """One address. It is a secret: whoever knows it can be alive in our place."""

    def __init__(
        self, url: str, every_ms: int, *, well: Callable[[], bool], now_ms: Callable[[], int]
    ) -> None:
        """Ping ``url`` every ``every_ms`` while ``well`` says so."""
        self._url = url
        self._every_ms = every_ms
        self._well = well
        self._now_ms = now_ms
        self.sent = 0
        """Pings that were heard."""
        self.failed = 0
        """Pings that were not."""
        self._in_a_row = 0

    async def beat(self, put: Callable[[tuple[ProcessChanged]], Awaitable[None]]) -> None:
        """Ping until cancelled, and ``put`` what is to be known of it. Never raises for a ping that fails."""
        async with aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
            due_ms = self._now_ms()
            while True:
                if self._now_ms() >= due_ms and self._well():
                    due_ms = self._now_ms() + self._every_ms
                    change = self._take(await self._ping(session))
                    if change is not None:
                        await put((change,))
                await asyncio.sleep(min(LOOK_MS, self._every_ms) / 1000)

    async def _ping(self, session: aiohttp.ClientSession) -> str:
        """One ping; what went wrong, empty where nothing did. Never the address."""
        limit = aiohttp.ClientTimeout(total=min(TIMEOUT_MS, self._every_ms) / 1000)
        try:
            async with session.get(self._url, timeout=limit, allow_redirects=False) as answer:
                return "" if answer.ok and answer.status < 300 else f"it was answered {answer.status}"  # noqa: PLR2004
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The words of these errors may repeat the address.
            return type(error).__name__

    def _take(self, wrong: str) -> ProcessChanged | None:
        told = self._in_a_row >= UNHEARD_TOLD
        if not wrong:
            self.sent += 1
            self._in_a_row = 0
            return self._change(UNHEARD, HEARD, "it is heard again", Level.INFO) if told else None
        self.failed += 1
        self._in_a_row += 1
        if self._in_a_row != UNHEARD_TOLD:
            return None
        because = f"{UNHEARD_TOLD} pings in a row were not heard, the last: {wrong}"
        return self._change(HEARD, UNHEARD, because, Level.WARNING)

    def _change(self, was: str, now: str, because: str, level: Level) -> ProcessChanged:
        return ProcessChanged(
            at_ms=self._now_ms(), part="heartbeat", was=was, now=now, because=because, level=level
        )
