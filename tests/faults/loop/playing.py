"""Plays cells: the real process, over TLS, against the simulator, all of them at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bot.core.types import Symbol
from bot.runtime.control import ControlError, ask
from bot.simulator import Fault, FaultKind, Faults, World
from bot.venues.live.registry import dialect
from tests.building.exchange import Exchange, running
from tests.building.simulator import ALICE, ALICES_KEY
from tests.building.venues import Venue, machine_ms
from tests.faults.loop.judging import Judgement, Moments, about, deeds_of, judge
from tests.faults.loop.matrix import Cell, Way, venue_named
from tests.faults.loop.stage import DANGER, DEEPER, RELIEF, a_configuration, a_stage, dated_of
from tests.faults.waiting import Waiting, thread_of

ROOT = Path(__file__).resolve().parents[3]
READY_S = 180.0
POLL_S = 0.2
PAGE = 200
OUTAGE_S = 20
"""The longest that nothing connects: until every cell has failed, however long the marks take to be told."""
NAMES_KEPT_S = 11.0
"""The client remembers addresses for ten seconds."""
APART_S = {"binanceusdm": 0.1, "bybit": 0.3, "okx": 0.25, "xt": 0.1}
"""Between two symbols: what an exchange lets through at once is less than there are cells."""
GOAL_MS = 6_000


def within_ms(venue: str) -> int:
    """The longest a proof may take: the exchange's own receive window where that is longer than the goal."""
    return _within_ms(dialect(venue).traits.recv_window_ms)


def _within_ms(window_ms: int) -> int:
    return max(GOAL_MS, window_ms + GOAL_MS - 3_000)


class NotedFaults(Faults):
    """Faults of which it is noted when they met their request, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived_ms: dict[int, int] = {}

    def take(
        self, kinds: frozenset[FaultKind], method: str, path: str, key: str = "", content: str = ""
    ) -> Fault | None:
        taken = super().take(kinds, method, path, key, content)
        if taken is not None:
            self.arrived_ms[taken.fault_id] = machine_ms()
        return taken


@dataclass(slots=True)
class Bot:
    """The process, and what its journal says so far."""

    folder: Path
    process: subprocess.Popen[bytes]
    waiting: Waiting
    rows: list[dict[str, Any]] = field(default_factory=list)
    _read: dict[str, int] = field(default_factory=dict)

    def ask(self, query: str, **args: Any) -> Any:
        """Its answer; ``None`` while it has none."""
        try:
            return asyncio.run(ask(self.folder / "data", query, args))
        except ControlError:
            assert self.process.poll() is None, f"the bot ended: {self.said()}"
            return None

    def read(self) -> None:
        """Take in what was written since."""
        for kind in ("Action", "Outcome"):
            while True:
                page = self.ask("journal", kind=kind, after_seq=self._read.get(kind, 0), limit=PAGE) or []
                self.rows += [{**row, "body": json.loads(row["body"])} for row in page]
                if page:
                    self._read[kind] = page[-1]["seq"]
                if len(page) < PAGE:
                    break

    def said(self) -> str:
        """What it printed."""
        return (self.folder / "said").read_text()

    def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait for something; whether it came."""
        end = time.monotonic() + within_s
        while True:
            held = holds()
            self.waiting.look(machine_ms())
            if held or time.monotonic() > end:
                return held
            time.sleep(POLL_S)


@contextmanager
def a_bot(folder: Path, exchange: Exchange) -> Iterator[Bot]:
    """``python -m bot run --live`` in a folder, as a person starts it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ALICES_KEY": ALICES_KEY.key,
        "ALICES_SECRET": ALICES_KEY.secret,
        "ALICES_WORD": ALICES_KEY.passphrase,
        "HOLDFAST_NAMELESS": str(folder / "nameless"),
    }
    command = [sys.executable, "-m", "tests.faults.loop.nameless", "run", "bot.toml", "--live"]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        try:
            yield Bot(folder, process, Waiting(process.pid, thread_of(exchange)))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def play(venue_name: str, cells: Sequence[Cell], folder: Path) -> list[Judgement]:
    """Play cells on one exchange with one bot, and judge each; in the order given."""
    venue = venue_named(venue_name)
    world = a_stage(venue, cells)
    world.faults = noted = NotedFaults()
    with running(world, folder / "certificates", venue_name) as exchange:
        (folder / "bot.toml").write_text(a_configuration(venue, exchange, cells))
        with a_bot(folder, exchange) as bot:
            if not bot.until(lambda: _is_ready(bot, world, cells), READY_S):
                raise AssertionError(bot.said())
            since_ms, ids = machine_ms(), dict[str, int]()
            for way in Way:
                mine = [cell for cell in cells if cell.trouble.way is way]
                if mine:
                    ids |= _befall(way, mine, venue, exchange, bot)
                    _settle(bot, mine, venue)
            bot.read()
        view = world.view(ALICE)
        return [
            judge(
                cell,
                bot.rows,
                view,
                Moments(
                    moved_ms=since_ms,
                    arrived_ms=noted.arrived_ms.get(ids.get(cell.base, 0)),
                    within_ms=_within_ms(cell.window_ms),
                    waited_ms=bot.waiting.between,
                ),
            )
            for cell in cells
        ]


def _is_ready(bot: Bot, world: World, cells: Sequence[Cell]) -> bool:
    """Whether it is armed, knows every position, and all that has to be there before is proven."""
    status = bot.ask("status")
    if not status or set(status["states"].values()) != {"armed"} or len(status["positions"]) < len(cells):
        return False
    bot.read()
    verified = [row for row in bot.rows if row["kind"] == "Outcome" and row["body"]["kind"] == "verified"]
    return len(verified) >= sum(len(cell.kind.before) for cell in cells)


def _befall(way: Way, cells: Sequence[Cell], venue: Venue, exchange: Exchange, bot: Bot) -> dict[str, int]:
    """Bring the faults about, and move the marks; the ids of the faults of replies, by the cells' bases."""
    ids: dict[str, int] = {}
    if way is Way.REPLY:
        ids = exchange.by_hand(partial(_order, cells))
    if way is Way.NAMELESS:
        (bot.folder / "nameless").touch()
        time.sleep(NAMES_KEPT_S)
        exchange.control("POST", "/outage", refuse_ms=0)
    if way is Way.REFUSED:
        exchange.control("POST", "/outage", refuse_ms=2 * OUTAGE_S * 1_000)
    for cell in cells:
        exchange.by_hand(partial(_move, cell))
        time.sleep(APART_S[venue.name])
    leaving = [cell for cell in cells if cell.kind.meanwhile]
    if leaving and way is Way.REPLY:
        bot.until(lambda: _all_answered(bot, leaving), GOAL_MS / 1000)
        for cell in leaving:
            exchange.by_hand(partial(_move_to, cell.symbol, DEEPER))
    if way is not Way.REPLY:
        bot.until(lambda: _all_failed(bot, cells), OUTAGE_S)
        (bot.folder / "nameless").unlink(missing_ok=True)
        exchange.accept()
    return ids


def _order(cells: Sequence[Cell], world: World) -> dict[str, int]:
    view = world.view(ALICE)
    return {cell.base: world.faults.order(cell.fault(about(cell, view))) for cell in cells}


def _move(cell: Cell, world: World) -> None:
    price = RELIEF if cell.kind.rises else DANGER
    if cell.kind.dated:
        world.move(dated_of(cell), price)
    world.move(cell.symbol, price)


def _move_to(symbol: Symbol, price: Decimal, world: World) -> None:
    world.move(symbol, price)


def _all_answered(bot: Bot, cells: Sequence[Cell]) -> bool:
    """Whether each act is at least known to be unknown."""
    bot.read()
    return all(any(deed.outcomes for deed in deeds_of(cell, bot.rows)) for cell in cells)


def _all_failed(bot: Bot, cells: Sequence[Cell]) -> bool:
    bot.read()
    return all(any(deed.closed for deed in deeds_of(cell, bot.rows)) for cell in cells)


def _settle(bot: Bot, cells: Sequence[Cell], venue: Venue) -> None:
    """Wait until every cell has come to its end, which is one intent that is verified, and some more."""

    def settled() -> bool:
        bot.read()
        return all(_is_settled(cell, bot) for cell in cells)

    # What was not done is done again after its proof, and takes as long.
    bot.until(settled, 20 + within_ms(venue.name) / 500)
    time.sleep(1)


def _is_settled(cell: Cell, bot: Bot) -> bool:
    deeds = deeds_of(cell, bot.rows)
    return any(deed.closed and deed.closed["kind"] == "verified" for deed in deeds)
