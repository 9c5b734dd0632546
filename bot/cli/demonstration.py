"""The performance behind ``holdfast demo``: the whole bot on an invented flash crash.

Facts go through the inbox to the engine, actions through journal and executor to the paper exchange, with the
lock held and the control socket open. Only the prices are invented, and the clock is the tape's.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.playing import DistantVenue, Player, TapeClock, WatchedEngine, script
from bot.cli.reconstruct import started
from bot.cli.table import Board
from bot.cli.telling import Teller
from bot.config import Settings
from bot.core.engine import Engine
from bot.core.settings import EngineSettings
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.quarterlies import find_quarterlies, synthetic_sentences
from bot.lab.replay.result import ReplayResult, Run
from bot.lab.replay.run import Plan, key_of_position, make_plan, perform, prepare, write_agenda
from bot.lab.scenario import CALM_MINUTES, MINUTE_MS, MINUTES, START_MS, flash_crash
from bot.lab.tapes import PathOrder, group, price_path
from bot.runtime.control import ControlServer
from bot.runtime.errors import ShellError
from bot.runtime.journal import Journal, MemoryJournal
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.lock import hold
from bot.runtime.queries import standard_queries
from bot.runtime.shell import Shell
from bot.venues.paper.exchange import PaperExchange

if TYPE_CHECKING:
    from bot.runtime.inbox import Inbox
    from bot.runtime.process import Life

CRASH_MINUTES = 45
CALM_SHARE, CRASH_SHARE = 0.22, 0.56
"""Of the time on the screen. The crash is what there is to see; the day before and the hour after pass by."""
FRAME_S = {True: 0.12, False: 1.5}
"""Between two drawings of the table, in a terminal and elsewhere."""
TICK_MS = 10 * MINUTE_MS


class Demonstration:
    """One performance. ``perform`` it, and if it was ``finished``, ask for the ``result``."""

    def __init__(self, settings: Settings, *, seed: int, seconds: float) -> None:
        """Invent the tapes and lay out two plans: with the rules, and without any defence."""
        self.tapes = flash_crash(seed)
        self.finished = False
        self._settings = settings
        self._seconds = seconds
        grouped = group(self.tapes)
        self._paths = tuple(price_path(each, order=PathOrder.NEAREST) for each in grouped)
        self._quarterlies = find_quarterlies(settings, grouped, PathOrder.NEAREST)
        self._plans = {
            defended: make_plan(
                settings, grouped, self._paths, None, defended=defended, quarterlies=self._quarterlies
            )
            for defended in (True, False)
        }
        self._sides: list[Run] = []
        self._board: Board | None = None
        self._teller: Teller | None = None
        self._began = self._drawn = 0.0
        self._frame_s = 0.0

    async def perform(self, life: Life, board: Board, *, is_terminal: bool) -> None:
        """Guard the positions through the crash; then see what would have been without any defence."""
        self._board, self._frame_s = board, FRAME_S[is_terminal]
        self._teller = Teller(board, self._plans[True].synthetic)
        for sentence in synthetic_sentences(self._settings, self._quarterlies):
            board.say(sentence)
        path = Path(self._settings.config.journal.path)
        try:
            with hold(path.parent):
                async with open_journal(path, opened_ms=START_MS) as journal:
                    await self._guard(life, journal, path)
            if not self.finished:
                return
            undefended = MemoryJournal()
            self._sides.append(await perform(prepare(self._plans[False], undefended), undefended))
        except OpeningError as error:
            key = key_of_position(self._settings, self._paths, self._quarterlies, error.id)
            found, _, remedy = str(error).partition("; ")
            place = str(self._settings.origin(key))
            raise ShellError(place, found, remedy or "change the position or the balance") from error

    def result(self) -> ReplayResult:
        """What happened beside what would have, in the form of a replay."""
        defended, undefended = self._sides
        return ReplayResult(
            defended=defended,
            undefended=undefended,
            bars=sum(len(path) for path in self._paths),
            load_seconds=0,
            run_seconds=self._drawn - self._began,
            assumptions=(),
            digest="",
            synthetic=self._plans[True].synthetic,
        )

    # -- inside -------------------------------------------------------------------------------------

    async def _guard(self, life: Life, journal: Journal, path: Path) -> None:
        plan = self._plans[True]
        exchange, settings = _composed(plan, journal.epoch)
        engine = Engine(settings)
        watched, clock = WatchedEngine(engine), TapeClock(START_MS)
        venue = DistantVenue(exchange, clock, plan.latency_ms)
        teller = self._teller
        assert teller is not None, "guarding before the performance"

        async def pace(at_ms: int) -> None:
            await self._pace(at_ms, engine)

        player = Player(
            script(plan.played(engine), write_agenda(plan, engine)),
            exchange=exchange,
            venue=venue,
            clock=clock,
            engine=watched,
            pace=pace,
        )

        async def feed(inbox: Inbox) -> None:
            await player.play(inbox)
            self.finished = True
            shell.stop("the tape is over")

        shell = Shell(
            engine=watched,
            venue=venue,
            journal=journal,
            clock=clock,
            feeds={"tape": feed},
            observers=(teller.observe,),
            tick_ms=TICK_MS,
        )
        life.on_stop(shell.stop, deadline_ms=self._settings.config.limits.deadline)
        note = started("demo", self._settings, settings.stale_after_ms, settings.epoch)
        queries = standard_queries(engine, journal, path)
        async with ControlServer(path.parent, queries).listening():
            self._began = time.perf_counter()
            await shell.run(note, dying=life.dying)
        self._draw(clock.now_ms(), engine)
        self._sides.append(Run(record=watched.recorder.record, figures=exchange.figures()))

    async def _pace(self, at_ms: int, engine: Engine) -> None:
        """Draw when it is time, and wait where the tape is ahead of the screen."""
        now = time.perf_counter()
        if now - self._drawn >= self._frame_s and (self._drawn or engine.overview()):
            self._draw(at_ms, engine)
        ahead = self._began + self._seconds * share_of_time(at_ms) - now
        if ahead > 0.01:  # noqa: PLR2004  # shorter naps cost more than they last
            await asyncio.sleep(ahead)

    def _draw(self, at_ms: int, engine: Engine) -> None:
        assert self._board is not None, "drawing before the performance"
        assert self._teller is not None, "drawing before the performance"
        self._board.show(at_ms, engine.overview(), self._teller.stops)
        self._drawn = time.perf_counter()


def _composed(plan: Plan, epoch: int) -> tuple[PaperExchange, EngineSettings]:
    exchange = plan.exchange()
    capabilities = {account.name: exchange.capabilities(account.name) for account in plan.accounts}
    return exchange, replace(plan.settings(capabilities), epoch=epoch)


def share_of_time(at_ms: int) -> float:
    """Which share of the performance is over at a moment of the tape."""
    minute = (at_ms - START_MS) / MINUTE_MS
    if minute < CALM_MINUTES:
        return CALM_SHARE * minute / CALM_MINUTES
    minute -= CALM_MINUTES
    if minute < CRASH_MINUTES:
        return CALM_SHARE + CRASH_SHARE * minute / CRASH_MINUTES
    rest = MINUTES - CALM_MINUTES - CRASH_MINUTES
    return (
        CALM_SHARE + CRASH_SHARE + (1 - CALM_SHARE - CRASH_SHARE) * min(1.0, (minute - CRASH_MINUTES) / rest)
    )
