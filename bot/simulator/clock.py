"""The clock of the simulated exchange, which may be wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """What time the exchange thinks it is: a source of milliseconds, and how far it is off.

    A client judges the exchange by its own clock, so the source of a served simulator is the machine's. A
    test gives one that it moves by hand.
    """

    def __init__(self, source: Callable[[], int]) -> None:
        self._source = source
        self.skew_ms = 0

    def now_ms(self) -> int:
        """The exchange's time."""
        return self._source() + self.skew_ms
