"""Prices, a second at a time: stretches of calm, of drift, a crash or a leap, in whole ticks.

Everything is done in integers, so that no library of mathematics decides what happens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from bot.core.types import Symbol
from bot.simulator.binance import BinanceWire
from tests.faults.ledger import THE_MARKET, Ledger
from tests.faults.passing import Time
from tests.faults.scene import BTC, ETH, FIRST_PRICES, LATER, MAIN, NEARER, SOL

STEP_MS = 1_000
PPM = 1_000_000
HEARTBEATS = 10
"""Every so many seconds the exchange looks after its sessions."""


@dataclass(slots=True)
class _Stretch:
    """For ``left`` seconds the price goes ``drift`` millionths a second, give or take ``width``."""

    left: int
    drift: int
    width: int


class Prices:
    """The market of one world. It moves by itself once ``open``; ``calm`` keeps it from leaping."""

    def __init__(self, seed: int, time: Time, wire: BinanceWire, ledger: Ledger) -> None:
        self._random = Random(f"{seed} market")
        self._time = time
        self._wire = wire
        self._ledger = ledger
        self._ticks = {
            symbol: int(price / wire.world.contracts[symbol].tick) for symbol, price in FIRST_PRICES.items()
        }
        self._stretch = {symbol: _Stretch(0, 0, 0) for symbol in (BTC, ETH, SOL)}
        self._seconds = 0
        self._every = self._random.choice([1, 2, 2])
        """So many seconds lie between two prices; exchanges have streams of one and of three."""
        self._last_mark: dict[Symbol, Decimal] = {}
        self.calm = False
        self.halted: set[Symbol] = set()
        """Whose prices stand still."""
        self.gone: set[Symbol] = set()
        """What was delivered."""

    def open(self) -> None:
        """Begin to move."""
        for symbol in FIRST_PRICES:
            self._ledger.marked(symbol, self._wire.world.market[symbol].mark)
        self._time.after(STEP_MS, self._second)

    def crash(self, symbol: Symbol, ppm: int, seconds: int) -> None:
        """Send the price there by ``ppm`` millionths within ``seconds``; within none it leaps."""
        if seconds == 0:
            self._ticks[symbol] = max(1, self._ticks[symbol] * (PPM + ppm) // PPM)
            with self._ledger.because(THE_MARKET):
                self._move(symbol, gap=True)
        else:
            self._stretch[symbol] = _Stretch(seconds, ppm // seconds, 200)

    def _second(self) -> None:
        self._time.after(STEP_MS, self._second)
        self._seconds += 1
        if self._seconds % self._every:
            return
        # What nobody holds may be told of every other second: it is watched for its price, if at all.
        held = {id_.symbol for id_ in self._wire.world.view(MAIN).positions}
        with self._ledger.because(THE_MARKET):
            for symbol, stretch in self._stretch.items():
                if symbol not in self.halted:
                    self._walk(symbol, stretch)
                    if self._seconds % 2 == 0 or symbol in held:
                        self._move(symbol)
            self._follow(held)
        if self._seconds % HEARTBEATS == 0:
            self._wire.tick()

    def _walk(self, symbol: Symbol, stretch: _Stretch) -> None:
        """Take the ticks of a symbol where its stretch, or another one, leads within the time of a price."""
        if stretch.left <= 0:
            stretch = self._stretch[symbol] = self._another()
        stretch.left -= self._every
        ppm = stretch.drift * self._every + _below(self._random, 2 * stretch.width + 1) - stretch.width
        ticks = self._ticks[symbol]
        self._ticks[symbol] = max(1, ticks + ticks * ppm // PPM)

    def _another(self) -> _Stretch:
        draw = self._random
        if self.calm:
            return _Stretch(60, 0, 50)
        kind = draw.choice(["calm", "calm", "calm", "drift", "drift", "slide", "leap"])
        match kind:
            case "drift":
                return _Stretch(draw.randint(60, 300), draw.randint(-200, 200), 150)
            case "slide":
                return _Stretch(draw.randint(10, 60), draw.choice([-1, 1]) * draw.randint(500, 3_000), 400)
            case "leap":
                return _Stretch(1, draw.choice([-1, 1]) * draw.randint(10_000, 80_000), 400)
            case _:
                return _Stretch(draw.randint(30, 240), 0, 150)

    def _follow(self, held: Collection[Symbol]) -> None:
        """Quarterlies stand where their perpetual stands, a little above."""
        if BTC in self.halted:
            return
        for symbol, more_ppm in ((NEARER, 150), (LATER, 10_000)):
            if symbol not in self.gone and (self._seconds % 2 == 0 or symbol in held):
                self._ticks[symbol] = self._ticks[BTC] * (PPM + more_ppm) // PPM
                self._move(symbol)

    def _move(self, symbol: Symbol, *, gap: bool = False) -> None:
        tick = self._wire.world.contracts[symbol].tick
        mark = self._ticks[symbol] * tick
        last = (self._ticks[symbol] + _below(self._random, 3) - 1) * tick
        self._wire.world.move(symbol, mark, last, gap=gap)
        self._ledger.marked(symbol, mark)


def _below(random: Random, end: int) -> int:
    """One of the whole numbers below ``end``, as ``randrange`` draws it: it is asked at every price."""
    bits = end.bit_length()
    drawn = random.getrandbits(bits)
    while drawn >= end:
        drawn = random.getrandbits(bits)
    return drawn
