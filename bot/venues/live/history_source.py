"""Asks an exchange for its past: behind everybody else at the gate, and again where an answer failed.

A fetch of a year is thousands of requests; one that breaks off must not end it. What is refused for good (an
unknown symbol) is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.venues.live.history import Asked, History, Row
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.terms import Window
from bot.venues.live.wire import Urgency

TRIES = 5
PAUSE_S = 1.0
"""Before the second try; twice as long before each further one."""


def halved(windows: Mapping[str, Window]) -> Mapping[str, Window]:
    """Half of each limit that is shared is left to others behind this address: first of all a bot.

    What is counted apart is left whole: what a fetch asks for there, nothing else asks for.
    """
    return {
        name: window if window.apart else replace(window, reserve=max(window.reserve, window.capacity // 2))
        for name, window in windows.items()
    }


class HistorySource:
    """The past of one exchange over a line that is open."""

    def __init__(self, history: History, line: Line, *, pause_s: float = PAUSE_S) -> None:
        self._history = history
        self._line = line
        self._pause_s = pause_s
        self.requests = 0
        """How many questions were asked."""

    async def rows(self, asked: Asked) -> Sequence[Row]:
        """What was asked for, oldest first and each time once; ``Unreadable`` after ``TRIES``.

        A limit is waited for at the gate; whatever else broke is asked again after a pause.
        """
        for attempt in range(1, TRIES):
            try:
                return await self._once(asked)
            except Unreadable as error:
                if error.code and not error.limited:
                    raise
                if not error.limited:
                    await asyncio.sleep(self._pause_s * 2 ** (attempt - 1))
        return await self._once(asked)

    async def _once(self, asked: Asked) -> Sequence[Row]:
        request = self._history.request(asked)
        self.requests += 1
        pages = await self._line.pages(request, Urgency.BACKFILL)
        try:
            found = [row for page in pages for row in self._history.rows(asked, page)]
        except (ValueError, KeyError) as error:
            raise Unreadable(request, f"{asked.series} that make no sense: {error}") from error
        within = {row.at_ms: row for row in found if asked.start_ms <= row.at_ms < asked.end_ms}
        return [within[at_ms] for at_ms in sorted(within)]
