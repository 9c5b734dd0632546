"""One life of the bot's process: a run's parts on a simulated disk, wires and clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.core.settings import EngineSettings
from bot.runtime.commanding import Commanding
from bot.runtime.compositions.parts import Composition
from bot.runtime.compositions.real import guarding
from bot.runtime.control import Query
from bot.runtime.errors import ShellError, one_line
from bot.runtime.process import DYING_S, STOPPING_S
from bot.runtime.shell import Shell
from bot.runtime.starting.ban import FILE, Ban
from bot.runtime.starting.connecting import gate_behind, read_account
from bot.runtime.watchdogs.loop_lag import LoopWatch
from bot.runtime.watchdogs.strain import Strain
from bot.runtime.watchdogs.supervisor import Supervisor
from bot.runtime.watchdogs.watch import Watchdogs, Watched
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.line import Unreadable
from tests.faults.disk import Disk, open_journal
from tests.faults.evidence import Ending, Run, memory_of
from tests.faults.exchange import Exchange
from tests.faults.passing import US, Killed, Program, Time
from tests.faults.scene import KEY, MAIN, Scene
from tests.faults.wires import Caller, SimClients

Say = Callable[[str], None]
PING_MS = 10_000
"""How often somebody outside is told that it is well."""


class LifeClock:
    """A process's clock: as far ahead of the truth as the machine's was when it started.

    ``passing`` is called whenever somebody has slept, which is every second: what happens beside the program
    without a task in it.
    """

    def __init__(self, time: Time, start_ms: int, offset_ms: int) -> None:
        self._time = time
        self._zero_ms = start_ms + offset_ms
        self.passing: Callable[[], None] = lambda: None

    def now_ms(self) -> int:
        return self._zero_ms + self._time.now_us // US

    async def sleep(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)
        self.passing()


@dataclass(slots=True)
class Life:
    """One process. ``lived`` runs it to its end, however that comes."""

    time: Time
    scene: Scene
    exchange: Exchange
    disk: Disk
    folder: Path
    """Where it finds what lies beside the journal."""
    offset_ms: int
    say: Say
    program: Program = field(init=False)
    epoch: int = 0
    started_ms: int = 0
    guarding_ms: int | None = None
    queries: Mapping[str, Query] = field(default_factory=dict)
    """What a person may order of it while it guards."""
    defects: list[str] = field(default_factory=list)
    """Errors that nobody waited for."""
    pings: list[int] = field(default_factory=list)
    """When whoever listens outside would have heard that it is well."""
    _orders: list[asyncio.Task[None]] = field(default_factory=list)
    _composed: Composition | None = None
    _shell: Shell | None = None
    _main: asyncio.Task[None] | None = None

    def lived(self) -> Run:
        """Be born, guard, end."""
        self.program = Program(self.time)
        self.program.set_exception_handler(self._stray)
        self.started_ms = self.time.now_ms
        ending, because = Ending.STOPPED, ""
        try:
            self.program.live(self._run())
        except Killed:
            ending = Ending.KILLED
        except Unreadable as error:
            ending, because = Ending.REFUSED, str(error)
        except asyncio.CancelledError:
            ending, because = Ending.DIED, "; ".join(self.defects) or "cancelled"
        except ShellError as error:
            ending, because = Ending.DIED, f"{type(error).__name__}: {one_line(error)}"
        except Exception as error:  # noqa: BLE001  # a defect: the verdict is the checker's
            ending, because = Ending.DIED, f"defect {type(error).__name__}: {one_line(error)} {_where(error)}"
        self.disk.lose_power()
        composed = self._composed
        return Run(
            epoch=self.epoch,
            offset_ms=self.scene.start_ms + self.offset_ms,
            started_ms=self.started_ms,
            guarding_ms=self.guarding_ms,
            ended_ms=self.time.now_ms,
            ending=ending,
            because=because,
            state="" if composed is None else memory_of(composed.engine, self.epoch),
            settings=None if composed is None else composed.settings,
        )

    def stop(self, because: str) -> None:
        """A signal asks it to end in order; what does not is killed after a while."""
        if self._shell is not None and self.guarding_ms is not None:
            self.program.hear(self._shell.stop, because)
            waits_ms = self.scene.limits.deadline_ms + STOPPING_S * 1_000
            self.time.after(waits_ms, self._kill)
        else:
            self._kill()

    def command(self, name: str, args: Mapping[str, object]) -> bool:
        """A person orders something over the control socket; whether anybody is there to take it."""
        if self.guarding_ms is None or self.program.gone:
            return False
        self.program.hear(self._take, self.queries[name], args)
        return True

    def _take(self, query: Query, args: Mapping[str, object]) -> None:
        async def answer() -> None:
            await query(args)

        self._orders.append(self.program.create_task(answer(), name="an order"))

    def _kill(self) -> None:
        if not self.program.gone:
            self.time.kill_in(1)

    async def _run(self) -> None:
        clock = LifeClock(self.time, self.scene.start_ms, self.offset_ms)
        self._main = asyncio.current_task()
        async with open_journal(self.disk, opened_ms=clock.now_ms()) as journal:
            self.epoch = journal.epoch
            caller = Caller(self.exchange, self.program, KEY, self.epoch)
            ban = Ban(self.folder / FILE, DIALECT.traits.name, clock.now_ms)
            gate = gate_behind(ban, DIALECT, self.say)
            clients = SimClients(DIALECT, caller, gate=gate, now_ms=clock.now_ms, say=self.say)
            await clients.connect()
            connected = await read_account(MAIN, DIALECT, clients, now_ms=clock.now_ms, say=self.say)
            settings = EngineSettings(
                rules=self.scene.rules,
                limits=self.scene.limits,
                seatbelt=self.scene.seatbelt,
                capabilities={MAIN: connected.read.able},
                epoch=journal.epoch,
            )
            composed = await guarding({MAIN: connected}, settings, {}, journal=journal, clock=clock)
            commanding = Commanding(composed.engine, composed.settings, clock.now_ms)
            self._composed, self.queries = composed, commanding.queries()
            self._shell = Shell(
                engine=composed.engine,
                venue=composed.venue,
                journal=composed.journal,
                clock=clock,
                feeds={**composed.feeds, "orders": commanding.feed},
            )
            clock.passing = partial(self._ping, self._watched(composed, self._shell, clock))
            self.guarding_ms = self.time.now_ms
            await self._shell.run({"command": "lab"}, inherited=composed.inherited, dying=self._dying)
            await clients.close()

    def _watched(self, composed: Composition, shell: Shell, clock: LifeClock) -> Watchdogs:
        """The watch over this life. Of a process there is nothing to be measured."""
        watched = Watched(
            accounts=composed.engine.accounts,
            turned_ms=lambda: shell.turned_ms,
            clocks=composed.clocks,
            gate=composed.gate,
            now_ms=clock.now_ms,
        )
        return Watchdogs(
            watched,
            loop=LoopWatch(dump_ms=0, abort_ms=0),
            strain=Strain({}),
            supervisor=Supervisor("", None),
            end=lambda _: None,
        )

    def _ping(self, dogs: Watchdogs) -> None:
        now_ms = self.time.now_ms
        if (not self.pings or now_ms - self.pings[-1] >= PING_MS) and dogs.is_well():
            self.pings.append(now_ms)

    def _dying(self, error: BaseException) -> None:
        self.time.after(DYING_S * 1_000, self._kill)

    def _stray(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """An error that nobody waits for ends the process, as it does the real one."""
        error = context.get("exception")
        if isinstance(error, Exception) and self._main is not None and not self.program.gone:
            self.defects.append(f"stray {type(error).__name__}: {one_line(error)} {_where(error)}")
            self._main.cancel()


def _where(error: BaseException) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return (
        "" if place is None else f"({place.tb_frame.f_code.co_filename.rpartition('/')[2]}:{place.tb_lineno})"
    )
