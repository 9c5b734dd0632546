"""The run of one seed, from its scene to the evidence."""

from __future__ import annotations

import gc
import random as global_random
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bot.runtime.journal import JournalRow
from bot.simulator.binance import BinanceWire
from bot.venues.live.dialects.binanceusdm import TRAITS
from tests.faults.disk import Disk
from tests.faults.evidence import Cause, Configured, Evidence, Run, Said, Who
from tests.faults.exchange import Exchange
from tests.faults.fronts import fronts
from tests.faults.kinds import WEATHER
from tests.faults.ledger import Ledger
from tests.faults.life import Life
from tests.faults.market import Prices
from tests.faults.passing import Program, Time
from tests.faults.scene import DELIVERY_MS, KEY, MAIN, NEARER, a_scene
from tests.faults.user import User
from tests.faults.weather import Deed, Lab, Weather

MINUTE_MS = 60_000
QUIET_MS = 3 * MINUTE_MS
"""At the end nothing goes wrong any more: a bot that is well is seen to be."""
STOPPING_MS = 20_000
LEFTOVERS = 50
WRONG_CLOCK = 0.1
"""Of all lives, on a machine whose clock nobody set."""
RIGHT_MS = 5_000
"""A clock that is off by no more is right enough to act by."""
RESTART_MS, RESTART_MAX_MS = 1_000, 16_000
"""How long until the process is started again, doubled each time it could not even begin."""
ONE_IN = 8
"""So many seeds are about a delivery."""


def played(seed: int, minutes: int = 20, prepare: Callable[[Play], None] = lambda _: None) -> Evidence:
    """Let it all happen, and say what happened; ``prepare`` may choose the weather before it begins."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    gc.freeze()  # What was there before is not looked through each time.
    gc.disable()
    try:
        with TemporaryDirectory(prefix="lives-") as folder:
            play = Play(seed, minutes, Path(folder))
            prepare(play)
            found = play.evidence()
        # What the dead would say while they are taken apart is not said: a killed process says nothing.
        del play
        # Taking a coroutine apart runs what is left of it, which leaves something to be taken apart again.
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            while gc.collect() > LEFTOVERS:
                pass
    finally:
        sys.unraisablehook = hook
        gc.enable()
        gc.unfreeze()
    return found


class Play:
    """One seed's run."""

    def __init__(self, seed: int, minutes: int, folder: Path) -> None:
        """``folder`` is where all lives keep what lies beside the journal."""
        self.seed = seed
        self.folder = folder
        self.end_ms = minutes * MINUTE_MS
        self.stop_ms = stop_ms = max(MINUTE_MS, self.end_ms - QUIET_MS)
        self.random = Random(f"{seed} machine")
        self.time = Time()
        self.scene = a_scene(seed, self.time, delivery=seed % ONE_IN == 0)
        self.wire = BinanceWire(self.scene.world)
        self.ledger = Ledger(self.time, self.scene.world)
        self.first = self.ledger.open()
        ways = self.random.choice([(2, 10), (5, 60), (30, 250)])
        self.exchange = Exchange(
            self.time, self.scene.world, self.wire, self.ledger, Random(f"{seed} ways"), latency_ms=ways
        )
        self.prices = Prices(seed, self.time, self.wire, self.ledger)
        self.said: list[Said] = []
        self.committed: list[tuple[int, str]] = []
        self.committed_ms: list[int] = []
        self.disk = Disk(
            took_ms=lambda: self.random.choice([1, 1, 2, 8]),
            lucky=lambda: self.random.random() < 0.5,
            failed=lambda trouble: self.ledger.injected(f"a commit on a disk that is {trouble}"),
            safe=self._committed,
        )
        self.exchange.committed = lambda: self.disk.head.seq
        self.lab = Lab(self.time, self.exchange, self.prices, self.disk)
        self.weather = Weather(Random(f"{seed} weather"), self.lab, stop_ms, WEATHER)
        self.fronts = fronts(seed, self.lab, stop_ms)
        self.user = User(seed, self.time, self.scene.world, self.ledger, stop_ms)
        self.runs: list[Run] = []
        self.pings: list[int] = []
        self._dead: list[Program] = []
        self.time.at(stop_ms, self._quieten)
        if self.scene.start_ms + self.end_ms > DELIVERY_MS:
            self.time.at(DELIVERY_MS - self.scene.start_ms, self._deliver)

    def choose(self, kinds: Mapping[str, Deed], pace_ms: int) -> None:
        """Let these befall it and no others, one every ``pace_ms`` or so."""
        self.weather.choose(kinds, pace_ms)
        self.fronts = []

    def evidence(self) -> Evidence:
        """Play, and gather."""
        global_random.seed(self.seed)  # Whoever takes chances of his own takes these.
        self.prices.open()
        self.user.begin()
        for weather in (self.weather, *self.fronts):
            weather.begin()
        self.time.at(self.end_ms, self._end)
        failed = 0
        while self.time.now_ms < self.end_ms:
            failed = 0 if self._live() else failed + 1
            self.time.pass_until(self.time.now_ms + min(RESTART_MS << failed, RESTART_MAX_MS))
        return self._gathered()

    def _live(self) -> bool:
        """One life; whether it came so far as to guard."""
        offset_ms = self.random.choice([0, 0, 0, -3_000, -200])
        if self.time.now_ms < self.stop_ms and self.random.random() < WRONG_CLOCK:
            offset_ms = 40_000
        life = Life(self.time, self.scene, self.exchange, self.disk, self.folder, offset_ms, self._say)
        self.lab.life = life
        self.runs.append(life.lived())
        self.lab.life = None
        if offset_ms > RIGHT_MS:
            self.ledger.injected("our clock is wrong", f"by {offset_ms} ms")
        self._dead.append(life.program)
        self.pings += life.pings
        for defect in life.defects:
            self._say(f"DEFECT {defect}")
        return life.guarding_ms is not None

    def _quieten(self) -> None:
        """From now on nothing goes wrong; a machine whose clock was wrong has been set right."""
        self.prices.calm = True
        if self.lab.life is not None and self.lab.life.offset_ms > RIGHT_MS:
            self.lab.life.stop("the clock is set right")

    def _end(self) -> None:
        if self.lab.life is not None:
            self.lab.life.stop("the play is over")

    def _deliver(self) -> None:
        early_ms = DELIVERY_MS - self.scene.world.clock.now_ms()
        if early_ms > 0:  # The exchange's own clock may be wrong just now.
            self.time.after(early_ms, self._deliver)
            return
        price = self.scene.world.market[NEARER].mark
        self.prices.gone.add(NEARER)
        with self.ledger.because(Cause(who=Who.VENUE, what="delivery")):
            self.scene.world.deliver(NEARER, price)
        self.ledger.injected("delivery")

    def _committed(self, row: JournalRow) -> None:
        self.committed.append((row.seq, row.hash))
        self.committed_ms.append(self.time.now_ms)

    def _say(self, text: str) -> None:
        self.said.append(Said(at_ms=self.time.now_ms, text=text))

    def _gathered(self) -> Evidence:
        scene, ledger = self.scene, self.ledger
        return Evidence(
            seed=self.seed,
            began_ms=0,
            ended_ms=self.time.now_ms,
            configured=Configured(
                rules=scene.rules,
                limits=scene.limits,
                seatbelt=scene.seatbelt,
                modes={MAIN: scene.mode},
                contracts=dict(scene.world.contracts),
                retry_ms=TRAITS.recv_window_ms,
                secrets=(KEY.secret,),
            ),
            requests=tuple(ledger.requests.values()),
            effects=tuple(ledger.effects),
            rows=tuple(self.disk.rows),
            committed=tuple(self.committed),
            committed_ms=tuple(self.committed_ms),
            runs=tuple(self.runs),
            faults=tuple(ledger.faults),
            marks=tuple(ledger.marks),
            said=tuple(self.said),
            pings=tuple(self.pings),
            first=self.first,
            last=ledger.held(),
        )


def digest(evidence: Evidence) -> str:
    """Everything that was done and written, in one number: the same for the same seed, anywhere."""
    found = blake2b(digest_size=16)
    last = evidence.rows[-1].hash if evidence.rows else ""
    found.update(last.encode())
    runs = [replace(run) for run in evidence.runs]
    books = (evidence.requests, evidence.effects, evidence.faults, evidence.marks)
    for part in (*books, runs, evidence.said, evidence.pings or ()):
        for each in part:
            found.update(repr(each).encode())
    return found.hexdigest()
