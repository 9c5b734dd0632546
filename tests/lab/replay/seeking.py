"""Tapes for a scene: a random walk, or one that seeks the edges.

The seeking one plays while it is being written: before each bar it reads the wires that engine and exchange
have laid, and puts the next prices on them or a tick or two beside. What a tape looks like may depend on the
engine that was used; playing it afterwards depends on the tape alone.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

import numpy as np

from bot.core.engine import Engine
from bot.core.types import Symbol
from bot.lab.replay.agenda import Rank, key_of
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.run import Plan, prepare
from bot.lab.replay.walk import Stepper, Walker
from bot.lab.tapes import PricePath, SymbolTapes, group, price_path, to_ticks_floor
from bot.runtime.journal.memory import MemoryJournal
from tests.building import MINUTE_MS, START_MS, Bar, a_funding_tape, a_tape
from tests.lab.replay.scenes import Scene

EXPONENT = 1
FIRST = 1_000
"""The first price in ticks: 100.0."""
FAR = 0.25
"""Bounds farther away than this fraction are left alone."""


@dataclass(slots=True)
class Series:
    """The bars of one symbol so far, and the four marks of each where they differ from trades."""

    symbol: Symbol
    times: list[int] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    marks: list[Bar] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The last mark."""
        if self.marks:
            return self.marks[-1][3]
        return self.bars[-1][3] if self.bars else FIRST

    def add(self, at_ms: int, points: Bar, premium: int | None) -> None:
        """A bar whose marks are at ``points``; trades are ``premium`` ticks away where marks are apart."""
        opened, one, two, close = points
        shift = premium or 0
        self.times.append(at_ms)
        low, high = min(points) + min(shift, 0), max(points) + max(shift, 0)
        self.bars.append((opened + shift, high, max(low, 1), close + shift))
        if premium is not None:
            self.marks.append((opened, one, two, close))

    def tapes(self, scene: Scene) -> SymbolTapes:
        tapes = [a_tape(self.bars, self.symbol, times=self.times, exponent=EXPONENT)]
        rates = (scene.funding or {}).get(self.symbol)
        if rates:
            tapes.append(a_funding_tape(rates, self.symbol))
        return group(tapes)[0]

    def path(self, tapes: SymbolTapes) -> PricePath:
        path = price_path(tapes)
        if not self.marks:
            return path
        marks = np.array(self.marks, dtype=np.int64)
        return replace(path, marks=marks, mark_low=marks.min(axis=1), mark_high=marks.max(axis=1))


def a_plan(scene: Scene, series: list[Series]) -> Plan:
    tapes = tuple(each.tapes(scene) for each in series)
    return Plan(
        paths=tuple(each.path(its) for each, its in zip(series, tapes, strict=True)),
        tapes=tapes,
        accounts=scene.accounts,
        contracts={contract.symbol: contract for contract in scene.contracts},
        model=scene.model(),
        openings=scene.openings,
        settings=scene.settings,
        latency_ms=scene.latency_ms,
        insurance_fund=scene.insurance_fund,
        staged=scene.staged,
        collateral=scene.collateral,
        funding_caps=scene.funding_caps,
    )


def wander(scene: Scene, random: Random, bars: int) -> Plan:
    """A random walk with jumps and gaps."""
    series = [Series(symbol) for symbol in scene.symbols]
    for bar in range(bars):
        for each in series:
            if not each.times or random.random() > 0.03:
                points = [_walked(random, each.last) for _ in range(4)]
                _add(scene, random, each, START_MS + bar * MINUTE_MS, points)
    return a_plan(scene, series)


def seek(scene: Scene, random: Random, bars: int, engine: type[Engine] = Engine) -> Plan:
    """A tape that goes where the wires are."""
    series = [Series(symbol) for symbol in scene.symbols]
    for each in series:
        _add(scene, random, each, START_MS, [FIRST] * 4)
    walker = Seeker(scene, random, series, engine)
    for _ in range(1, bars):
        walker.extend()
    return a_plan(scene, series)


class Seeker:
    """Plays a scene bar by bar, laying each bar where the wires are after the one before."""

    def __init__(self, scene: Scene, random: Random, series: list[Series], engine: type[Engine]) -> None:
        self._scene, self._random, self._series = scene, random, series
        performance = prepare(a_plan(scene, series), MemoryJournal(), walker=_Growing, engine=engine)
        assert isinstance(performance.walker, _Growing)
        self._walker: _Growing = performance.walker
        self._stage = performance.stage
        self._stage.begin(START_MS)
        self._next_ms = START_MS
        self._play()

    def extend(self) -> None:
        """Lay the next bar and play it."""
        for each in self._series:
            if self._random.random() > 0.02:
                points = [self._aimed(each) for _ in range(4)]
                _add(self._scene, self._random, each, self._next_ms, points)
        self._walker.grow(a_plan(self._scene, self._series), self._stage.engine)
        self._play()

    def _play(self) -> None:
        # What the exchange refuses to open ends the play, not the tape.
        with suppress(OpeningError):
            self._walker.play_bar(self._next_ms)
        self._next_ms += MINUTE_MS

    def _aimed(self, series: Series) -> int:
        bounds = self._bounds(series)
        choice = self._random.random()
        if bounds and choice < 0.6:
            return self._random.choice(bounds) + self._random.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2))
        if choice < 0.7:
            return series.last
        return _walked(self._random, series.last)

    def _bounds(self, series: Series) -> list[int]:
        """The ends of all wires that are near, in ticks."""
        wire = self._stage.engine.tripwires.wires.get(series.symbol)
        venue = self._stage.exchange.wires(series.symbol)
        bounds: list[Decimal | None] = [venue.mark.low, venue.mark.high, venue.last.low, venue.last.high]
        if wire is not None:
            bounds += [wire.low, wire.high] * 2
        near = []
        for bound in bounds:
            if bound is not None and bound.is_finite():
                at = to_ticks_floor(bound, EXPONENT)
                if abs(at - series.last) < FAR * series.last:
                    near.append(at)
        return near


class _Growing(Stepper):
    """A walker whose paths grow while it walks."""

    def grow(self, plan: Plan, engine: Engine) -> None:
        from bot.lab.replay.run import write_agenda

        for track, path in zip(self._tracks, plan.paths, strict=True):
            track.path = path
        self._agenda = write_agenda(plan, engine)

    def play_bar(self, at_ms: int) -> None:
        self._play(at_ms, key_of(at_ms + MINUTE_MS, Rank.BAR))


def _walked(random: Random, last: int) -> int:
    size = 0.05 if random.random() < 0.06 else 0.006
    return max(50, round(last * (1 + random.gauss(0, size))))


def _add(scene: Scene, random: Random, series: Series, at_ms: int, points: list[int]) -> None:
    """Append a bar through ``points`` (open, two extremes, close), in the order the path convention gives."""
    opened, one, two, close = (max(50, point) for point in points)
    if scene.apart:
        series.add(at_ms, (opened, one, two, close), random.choice((-3, -1, 0, 0, 1, 2)))
        return
    low, high = min(opened, one, two, close), max(opened, one, two, close)
    series.times.append(at_ms)
    series.bars.append((opened, high, low, close))


__all__ = ["Series", "Walker", "a_plan", "seek", "wander"]
