"""The exchange's clock, which our time stamps have to agree with."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from bot.core.facts import LastPrice, MarkPrice

FUTURE_MS = 1_000
"""How far ahead of its clock an exchange may date a price before one of the two is wrong."""
PAST_MS = 10_000
"""How long ago a mark of a stream may be dated: what came later than this was held up and is no news."""
AGREE_MS = 5_000
"""How far from our clock an exchange's may be for anything to be sent: beyond it, one of the two is wrong."""
UNREAD_MS = 120_000
"""Age of the last reading of it beyond which nobody knows how far apart they are."""
_SAMPLES = 6
P = TypeVar("P", MarkPrice, LastPrice)


class ExchangeClock:
    """The exchange's clock, from readings of it: the one that took the shortest time is the most exact."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """``now_ms`` is ours."""
        self._now_ms = now_ms
        self._samples: deque[tuple[int, int]] = deque(maxlen=_SAMPLES)
        self._doubted = asyncio.Event()
        self.offset_ms = 0
        """What to add to our clock."""
        self.read_ms = now_ms()
        """When it was last read."""

    def now_ms(self) -> int:
        """What the exchange's clock says now."""
        return self._now_ms() + self.offset_ms

    @property
    def apart(self) -> str:
        """Why nothing may be sent by it; empty while the two clocks agree."""
        if abs(self.offset_ms) <= AGREE_MS:
            return ""
        word = "ahead of" if self.offset_ms > 0 else "behind"
        return f"the exchange's clock is {abs(self.offset_ms)} ms {word} ours"

    @property
    def ill(self) -> str:
        """What is wrong with it, empty where nothing is: apart from ours, or not read for long."""
        unread_ms = self._now_ms() - self.read_ms
        unread = f"the exchange's clock was last read {unread_ms // 1000} s ago"
        return self.apart or (unread if unread_ms > UNREAD_MS else "")

    def ours(self, fact: P) -> P:
        """The same price at our time: its age is judged by our clock, so it must not be told by another."""
        at_ms = fact.at_ms - self.offset_ms
        return type(fact)(at_ms=at_ms, symbol=fact.symbol, price=fact.price) if self.offset_ms else fact

    def is_ahead(self, at_ms: int) -> bool:
        """Whether something that the exchange dates so cannot have happened yet."""
        return at_ms > self.now_ms() + FUTURE_MS

    def is_past(self, at_ms: int) -> bool:
        """Whether something that the exchange dates so is too old to be told as if it were now."""
        return at_ms < self.now_ms() - PAST_MS

    def read(self, said_ms: int, asked_ms: int, answered_ms: int) -> None:
        """The exchange said ``said_ms`` at some moment between our ``asked_ms`` and ``answered_ms``."""
        took_ms = answered_ms - asked_ms
        offset_ms = said_ms - asked_ms - took_ms // 2
        # A reading is right to within half of what it took: what cannot be right beside it is out of date.
        agreeing = [
            (took, offset)
            for took, offset in self._samples
            if abs(offset - offset_ms) <= (took + took_ms) // 2 + 1
        ]
        self._samples = deque([*agreeing, (took_ms, offset_ms)], maxlen=_SAMPLES)
        self.offset_ms = min(self._samples)[1]
        self.read_ms = answered_ms

    def doubt(self) -> None:
        """Something does not fit: what was read before does not count any more, and it is to be read anew."""
        self._samples.clear()
        self._doubted.set()

    async def doubted(self, within_s: float) -> None:
        """Wait until it is doubted, and so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):  # wait_for loses a cancellation that comes with the event.
                await self._doubted.wait()
        self._doubted.clear()
