"""Time as a port, so that a test lives through a day in a moment and the core never needs a clock."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def now_ms(self) -> int:
        """Milliseconds UTC; never goes back."""
        ...

    async def sleep(self, ms: int) -> None:
        """Wait ``ms`` milliseconds, at least one turn of the loop."""
        ...


class SystemClock:
    """The wall clock as it stood at the start, and from then on the time that has really passed.

    So a correction of the machine's clock neither makes data look fresh nor stale. Time during which the
    machine was suspended counts where the system can tell, because the data of before is old.
    """

    def __init__(self) -> None:
        """Read the wall clock, once."""
        self._offset_ns = time.time_ns() - _passed_ns()

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        return (self._offset_ns + _passed_ns()) // 1_000_000

    async def sleep(self, ms: int) -> None:
        """Wait by the loop's own clock."""
        await asyncio.sleep(ms / 1000)


def _passed_ns() -> int:
    # Linux's monotonic clock stands still during suspension; the boot clock does not.
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
