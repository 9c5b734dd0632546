"""Everything that goes wrong in a seed's run: which kinds at all, and when each.

Each seed has its own few kinds, because faults that all come at once hide one another. Each kind is a name
and a deed; the deeds are in the files of their theme.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from bot.core.types import Symbol
from bot.simulator.faults import Fault
from tests.faults.disk import Disk
from tests.faults.exchange import Exchange
from tests.faults.life import Life
from tests.faults.market import Prices
from tests.faults.passing import Happening, Time
from tests.faults.scene import MAIN

SHARE = 0.35
"""Of all kinds, in one seed."""


@dataclass(slots=True)
class Lab:
    """What faults act upon. ``life`` is the process that lives now, if one does."""

    time: Time
    exchange: Exchange
    prices: Prices
    disk: Disk
    life: Life | None = None


class Weather:
    """The faults of one seed, until ``stop_ms``."""

    def __init__(
        self, random: Random, lab: Lab, stop_ms: int, kinds: Mapping[str, Deed], share: float = SHARE
    ) -> None:
        """``share`` of ``kinds`` are those of this seed."""
        self.random = random
        self.lab = lab
        self._stop_ms = stop_ms
        self.kinds: Mapping[str, Deed] = {
            name: deed for name, deed in kinds.items() if self.random.random() < share
        }
        self._pace_ms = self.random.choice([5_000, 15_000, 40_000])

    def choose(self, kinds: Mapping[str, Deed], pace_ms: int) -> None:
        """Let these befall it and no others, one every ``pace_ms`` or so."""
        self.kinds, self._pace_ms = kinds, pace_ms

    def begin(self) -> None:
        """Let the first come in a while."""
        self.lab.time.after(self.random.randint(1_000, 2 * self._pace_ms), self._strike)

    def _strike(self) -> None:
        if self.lab.time.now_ms >= self._stop_ms or not self.kinds:
            return
        self.kinds[self.random.choice(list(self.kinds))](self)
        self.begin()

    # -- what deeds are made of ----------------------------------------------------------------------

    def order(self, name: str, fault: Fault) -> int:
        """Let a fault wait; it is taken back after a while if nothing met it."""
        number = self.lab.exchange.order(name, fault)
        if fault.count is not None:
            self.later(60_000, lambda: self.lab.exchange.world.faults.clear(number))
        return number

    def last(self, name: str, for_ms: int, faults: list[Fault]) -> list[int]:
        """Let faults hold for a time; their ids."""
        waiting = self.lab.exchange.world.faults
        numbers = [waiting.order(fault) for fault in faults]
        self.lab.exchange.ledger.injected(name, until_ms=self.ends_ms(for_ms))

        def end() -> None:
            for number in numbers:
                waiting.clear(number)

        self.later(for_ms, end)
        return numbers

    def ends_ms(self, for_ms: int) -> int:
        """When something ends that begins now: no later than everything."""
        return min(self.lab.time.now_ms + for_ms, self._stop_ms)

    def later(self, ms: int, happening: Happening) -> None:
        """Undo something: after ``ms``, or when all faults end."""
        self.lab.time.at(self.ends_ms(ms), happening)

    def a_symbol(self) -> Symbol:
        """One that the account holds, if it holds any."""
        held = [id_.symbol for id_ in self.lab.exchange.world.view(MAIN).positions]
        return self.random.choice(held or list(self.lab.exchange.world.contracts))

    def seconds(self, least: int, most: int) -> int:
        """A time between, in milliseconds."""
        return self.random.randint(least, most) * 1_000

    def late_ms(self) -> int:
        """How late something comes."""
        return self.random.choice([800, 2_000, 4_000, 9_000])

    def few(self) -> int:
        """How many of something."""
        return self.random.choice([1, 1, 3, 12])


Deed = Callable[[Weather], None]
"""Lets one kind of thing go wrong."""
