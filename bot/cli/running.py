"""A run that guards until it is told to stop: the parts of a composition under lock, journal and control.

Which composition it is has been chosen before (``bot.cli.run``); from here on all of them are the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bot.cli.reconstruct import started_on_market
from bot.cli.table import Board, board
from bot.cli.telling import Teller
from bot.config import Settings
from bot.core.asking.explain import PositionStatus
from bot.runtime.alerts.compose import alerts_of
from bot.runtime.clock import Clock
from bot.runtime.commanding import Commanding
from bot.runtime.compositions.parts import Compose, Composition
from bot.runtime.control import ControlServer
from bot.runtime.errors import SPENT
from bot.runtime.journal.quarantine import guarding_journal
from bot.runtime.lock import hold
from bot.runtime.queries import standard_queries
from bot.runtime.redaction import redact
from bot.runtime.secrets import channel_urls, heartbeat_url
from bot.runtime.shell import Shell
from bot.runtime.starting.findings import Level
from bot.runtime.watchdogs.loop_lag import LoopWatch
from bot.runtime.watchdogs.strain import Strain, bounds_of
from bot.runtime.watchdogs.supervisor import Supervisor
from bot.runtime.watchdogs.watch import Watchdogs, Watched

if TYPE_CHECKING:
    from bot.runtime.inbox import Inbox
    from bot.runtime.process import Life

FRAME_MS = {True: 500, False: 60_000}
"""Between two drawings of the table, in a terminal and elsewhere."""
_LOUDNESS = {Level.REFUSE: "critical", Level.DANGER: "critical", Level.WARN: "warning", Level.NOTE: "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What is run: ``command`` is how the journal names it, ``title`` how the screen does."""

    settings: Settings
    compose: Compose
    command: str
    title: str
    mode: str
    """What alerts say of the run: paper, shadow or live."""
    for_ms: int | None
    """It ends by itself after this long; ``None`` is never."""


async def guard(running: Running, life: Life, clock: Clock) -> None:
    """Guard until stopped by a signal, or until the time is over."""
    settings = running.settings
    path = Path(settings.config.journal.path)
    url, channels = heartbeat_url(settings), channel_urls(settings)
    with hold(path.parent), board(running.title, sys.stdout) as shown:
        say = _sayer(shown)
        async with (
            guarding_journal(path, opened_ms=clock.now_ms(), say=say) as journal,
            running.compose(settings, journal=journal, clock=clock, say=say) as composed,
        ):
            _tell_findings(composed, shown)
            teller = Teller(shown)
            showing = _Showing(composed, shown, teller, clock)
            commanding = Commanding(composed.engine, composed.settings, clock.now_ms)
            loop_watch = _loop_watch(settings)
            dogs = _watchdogs(composed, settings, loop_watch, life, lambda: shell.turned_ms, clock)
            if url is not None:
                dogs.ping(url, settings.config.heartbeat.every)
            alerts = alerts_of(
                settings.config.alerts,
                channels,
                mode=running.mode,
                overview=composed.engine.overview,
                journal=composed.journal,
                now_ms=clock.now_ms,
            )
            feeds = {**composed.feeds, "screen": showing.draw_for_ever, "orders": commanding.feed}
            feeds |= {"alerts": alerts.feed, **dogs.feeds()}

            async def alarm(_: Inbox) -> None:
                assert running.for_ms is not None, "an alarm without a time"
                await clock.sleep(running.for_ms)
                shell.stop("its time is over")

            if running.for_ms is not None:
                feeds["alarm"] = alarm
            shell = Shell(
                engine=composed.engine,
                venue=composed.venue,
                journal=composed.journal,
                clock=clock,
                feeds=feeds,
                observers=(teller.observe, alerts.observe),
            )
            life.on_stop(shell.stop, deadline_ms=settings.config.limits.deadline)
            note = started_on_market(running.command, settings, composed.settings, composed.symbols)
            queries = standard_queries(composed.engine, journal, path) | commanding.queries() | dogs.queries()
            queries |= alerts.queries()
            async with ControlServer(path.parent, queries).listening():
                with loop_watch.watching():
                    await shell.run(note, inherited=composed.inherited, dying=life.dying)
            showing.draw()
    shown.say(f"ended in order; everything is in {path}")


def _loop_watch(settings: Settings) -> LoopWatch:
    bounds = settings.config.watchdogs
    return LoopWatch(bounds.loop_dump, bounds.loop_abort)


def _watchdogs(
    composed: Composition,
    settings: Settings,
    loop_watch: LoopWatch,
    life: Life,
    turned_ms: Callable[[], int],
    clock: Clock,
) -> Watchdogs:
    """The watch over this run, with the bounds of the file."""
    return Watchdogs(
        Watched(
            accounts=composed.engine.accounts,
            turned_ms=turned_ms,
            clocks=composed.clocks,
            gate=composed.gate,
            now_ms=clock.now_ms,
        ),
        loop=loop_watch,
        strain=Strain(bounds_of(settings.config.watchdogs)),
        supervisor=Supervisor.named_by(os.environ),
        end=lambda because: life.end(because, SPENT),
    )


class _Showing:
    """Draws how things stand, now and then."""

    def __init__(self, composed: Composition, shown: Board, teller: Teller, clock: Clock) -> None:
        self._engine = composed.engine
        self._board = shown
        self._teller = teller
        self._clock = clock

    def draw(self) -> None:
        """The table as it is now. A terminal that went away must not end the guard of positions."""
        rows: Sequence[PositionStatus] = self._engine.overview()
        state = ", ".join(f"{name} {state}" for name, state in self._engine.states().items())
        with suppress(OSError):
            self._board.show(self._clock.now_ms(), rows, self._teller.stops, state)

    async def draw_for_ever(self, _: Inbox) -> None:
        """Draw at once and then at intervals."""
        while True:
            self.draw()
            await self._clock.sleep(FRAME_MS[sys.stdout.isatty()])


def _sayer(shown: Board) -> Callable[[str], None]:
    """One line of the exchange's side for people and the log."""

    def say(text: str) -> None:
        line = redact(text)
        logger.info("{}", line)
        with suppress(OSError):
            shown.say(line, "warning")

    return say


def _tell_findings(composed: Composition, shown: Board) -> None:
    for account, found in composed.findings.items():
        for finding in found:
            logger.info("{}: {}: {}", account, finding.level, finding.text)
            shown.say(f"{account}: {finding.text}", _LOUDNESS[finding.level])
