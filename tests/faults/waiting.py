"""How long processes that could have run waited for a processor: what is late by less was not slow.

Linux counts it for each thread. Where nobody counts it, nothing is excused.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from threading import get_native_id

from tests.building.exchange import Exchange

PROC = Path("/proc")
_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class Waiting:
    """What a bot has waited by and by, all its threads together, and the thread its exchange is in."""

    bot: int
    exchange: int
    folder: Path = PROC
    moments_ms: list[int] = field(default_factory=list)
    waited_ms: list[int] = field(default_factory=list)

    def look(self, now_ms: int) -> None:
        """Write down how much it is by now."""
        self.moments_ms.append(now_ms)
        self.waited_ms.append(waited_ms(self.bot, self.exchange, self.folder))

    def between(self, first_ms: int, last_ms: int) -> int:
        """How much was added between the looks around these two moments."""
        if not self.moments_ms:
            return 0
        before = max(0, bisect_right(self.moments_ms, first_ms) - 1)
        after = min(len(self.moments_ms) - 1, bisect_left(self.moments_ms, last_ms))
        return self.waited_ms[after] - self.waited_ms[before]


def thread_of(exchange: Exchange) -> int:
    """The thread of this process that an exchange is in."""
    return exchange.by_hand(lambda _: get_native_id())


def waited_ms(bot: int, exchange: int, folder: Path = PROC) -> int:
    """What a process and a thread of ours have waited so far: the second number of ``schedstat``.

    A thread that ended is not counted any more.
    """
    waited, ours = 0, folder / "self" / "task" / str(exchange) / "schedstat"
    for thread in (ours, *(folder / str(bot)).glob("task/*/schedstat")):
        try:
            waited += int(thread.read_text().split()[1])
        except (OSError, IndexError):
            continue
    return waited // _NS_PER_MS
