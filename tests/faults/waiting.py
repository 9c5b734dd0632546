"""How long processes that could have run waited for a processor: what is late by less was not slow.

Linux counts it for each thread. Where nobody counts it, nothing is excused.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class Waiting:
    """What these processes have waited by and by, all their threads together."""

    pids: tuple[int, ...]
    folder: Path = PROC
    moments_ms: list[int] = field(default_factory=list)
    waited_ms: list[int] = field(default_factory=list)

    def look(self, now_ms: int) -> None:
        """Write down how much it is by now."""
        self.moments_ms.append(now_ms)
        self.waited_ms.append(sum(waited_ms(pid, self.folder) for pid in self.pids))

    def between(self, first_ms: int, last_ms: int) -> int:
        """How much was added between the looks around these two moments."""
        if not self.moments_ms:
            return 0
        before = max(0, bisect_right(self.moments_ms, first_ms) - 1)
        after = min(len(self.moments_ms) - 1, bisect_left(self.moments_ms, last_ms))
        return self.waited_ms[after] - self.waited_ms[before]


def waited_ms(pid: int, folder: Path = PROC) -> int:
    """What its threads have waited so far: the second number of ``schedstat``. One that ends has none."""
    waited = 0
    for thread in (folder / str(pid)).glob("task/*/schedstat"):
        try:
            waited += int(thread.read_text().split()[1])
        except (OSError, IndexError):
            continue
    return waited // _NS_PER_MS
