"""The watch over a run: it looks every second at how things stand and tells whoever has to know.

The service manager hears that the bot is ready and alive, an address outside that it is really well, the
engine what changed about the process; and where the process uses up too much, the run ends in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from loguru import logger

from bot.core.facts import ProcessChanged
from bot.core.states import AccountStatus, BotState
from bot.runtime.control import Args, Query
from bot.runtime.inbox import Inbox
from bot.runtime.queries import only
from bot.runtime.redaction import redact
from bot.runtime.shell import Feed
from bot.runtime.watchdogs.heartbeat import Heartbeat
from bot.runtime.watchdogs.loop_lag import LoopWatch
from bot.runtime.watchdogs.strain import SPENT, Strain, Use, measured
from bot.runtime.watchdogs.supervisor import Supervisor
from bot.runtime.watchdogs.wellness import Ill, Signs, ills

MEASURE_MS = 5_000
"""How often it is measured what the process uses."""
_SAID_MAX = 3
"""So many ills fit on a line."""


class Clocked(Protocol):
    """The clock of an exchange."""

    @property
    def ill(self) -> str:
        """What is wrong with it; empty where nothing is."""
        ...


class Gated(Protocol):
    """What requests go through."""

    @property
    def banned(self) -> bool:
        """Whether nobody may pass now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked at. ``turned_ms`` is when facts were last folded and committed."""

    accounts: Callable[[], Sequence[AccountStatus]]
    turned_ms: Callable[[], int]
    clocks: Sequence[Clocked]
    gate: Gated | None
    now_ms: Callable[[], int]


class Watchdogs:
    """All of them. ``feeds`` are to be among those of the shell."""

    def __init__(
        self,
        watched: Watched,
        *,
        loop: LoopWatch,
        strain: Strain,
        supervisor: Supervisor,
        end: Callable[[str], None],
        use: Callable[[], Use] = measured,
    ) -> None:
        """``end`` ends the run in order, to be started anew."""
        self._watched = watched
        self._loop = loop
        self._strain = strain
        self._supervisor = supervisor
        self._end = end
        self._use = use
        self._used: Use | None = None
        self._measured_ms = -MEASURE_MS
        self._heartbeat: Heartbeat | None = None
        self._said = ""

    def ping(self, url: str, every_ms: int) -> None:
        """Ping this address while all is well."""
        self._heartbeat = Heartbeat(url, every_ms, well=self.is_well, now_ms=self._watched.now_ms)

    def feeds(self) -> dict[str, Feed]:
        """The work, by name."""
        found: dict[str, Feed] = {"watchdogs": self._look_for_ever, "beat of the loop": self._beat}
        if self._heartbeat is not None:
            found["heartbeat"] = self._ping_for_ever
        return found

    def queries(self) -> dict[str, Query]:
        """``health``: what is wrong, and what is used."""
        return {"health": self._health}

    def is_well(self) -> bool:
        """Whether nothing at all is wrong now."""
        return not self.ills()

    def ills(self) -> tuple[Ill, ...]:
        """All that is wrong now."""
        watched = self._watched
        wrong = (clock.ill for clock in watched.clocks)
        return ills(
            Signs(
                accounts=watched.accounts(),
                turned_ms=watched.now_ms() - watched.turned_ms(),
                late_ms=self._loop.late_ms,
                clock=next((each for each in wrong if each), ""),
                banned=watched.gate is not None and watched.gate.banned,
            )
        )

    # -- inside -------------------------------------------------------------------------------------

    async def _look_for_ever(self, inbox: Inbox) -> None:
        try:
            while True:
                for change in self.look():
                    await inbox.put((change,))
                await asyncio.sleep(self._supervisor.pace_ms / 1000)
        finally:
            self._supervisor.stopping()

    def look(self) -> list[ProcessChanged]:
        """One look; what changed about the process."""
        found = self.ills()
        self._tell(found)
        now_ms = self._watched.now_ms()
        if now_ms - self._measured_ms < MEASURE_MS:
            return []
        self._measured_ms = now_ms
        self._used = self._use()
        changes = self._strain.judge(self._used, now_ms)
        for change in changes:
            if change.now == SPENT:
                self._end(change.because)
        return changes

    def _tell(self, found: Sequence[Ill]) -> None:
        """The service manager ends what gives no sign of life: only what that may cure is its affair."""
        accounts = self._watched.accounts()
        begun = accounts and all(each.state not in _BEGINNING for each in accounts)
        said = "; ".join(ill.text for ill in found[:_SAID_MAX]) or ", ".join(
            f"{account.name} {account.state}" for account in accounts
        )
        self._supervisor.status(redact(said))
        if begun:
            self._supervisor.ready()
        if not any(ill.starting_helps for ill in found):
            self._supervisor.alive()
        if said != self._said:
            self._said = said
            logger.info("{}: {}", "not well" if found else "well", said)

    async def _beat(self, _: Inbox) -> None:
        await self._loop.beat()

    async def _ping_for_ever(self, inbox: Inbox) -> None:
        assert self._heartbeat is not None, "a heartbeat that is not wanted"
        await self._heartbeat.beat(inbox.put)

    async def _health(self, args: Args) -> object:
        only(args)
        heartbeat = self._heartbeat
        return {
            "well": self.is_well(),
            "ills": [ill.text for ill in self.ills()],
            "loop_late_ms_max": self._loop.worst_ms,
            "used": self._used,
            "heartbeats": None
            if heartbeat is None
            else {"heard": heartbeat.sent, "unheard": heartbeat.failed},
        }


_BEGINNING = (BotState.RECOVERING, BotState.BLIND)
"""The start is not over while an account is not known or not seen."""
