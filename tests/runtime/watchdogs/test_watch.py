"""The watch tells each of those outside what concerns him, and ends a run that uses up too much."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.states import AccountStatus, BotState
from bot.runtime.inbox import Inbox
from bot.runtime.watchdogs.loop_lag import LoopWatch
from bot.runtime.watchdogs.strain import Bound, Strain, Use
from bot.runtime.watchdogs.supervisor import Supervisor
from bot.runtime.watchdogs.watch import Watchdogs, Watched
from tests.building.core import MAIN
from tests.runtime.builders import T0
from tests.runtime.watchdogs.test_supervisor import Manager, manager

ARMED = AccountStatus(name=MAIN, state=BotState.ARMED, because="known", silent=(), flattening=None)


@dataclass
class Things:
    """How they stand."""

    systemd: Manager
    supervisor: Supervisor
    accounts: Sequence[AccountStatus] = (ARMED,)
    now_ms: int = T0
    turned_ms: int = T0
    clock_ill: str = ""
    banned: bool = False
    use: Use = field(default_factory=lambda: Use(memory_mib=100, descriptors=10, tasks=5))
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        bounds = {"descriptors": Bound(warning=50, limit=80, unit="open")}
        self.dogs = Watchdogs(
            Watched(
                accounts=lambda: self.accounts,
                turned_ms=lambda: self.turned_ms,
                clocks=(self,),
                gate=self,
                now_ms=lambda: self.now_ms,
            ),
            loop=LoopWatch(5_000, 10_000),
            strain=Strain(bounds),
            supervisor=self.supervisor,
            end=self.ended.append,
            use=lambda: self.use,
        )

    @property
    def ill(self) -> str:
        return self.clock_ill

    def become(self, state: BotState, because: str = "said so") -> None:
        self.accounts = (replace(ARMED, state=state, because=because),)

    def told(self, after_ms: int = 1_000) -> list[str]:
        """What the manager hears of the next look; all is folded as it should be."""
        self.now_ms += after_ms
        self.turned_ms = self.now_ms
        self.dogs.look()
        return self.systemd.heard()


@pytest.fixture
def things(tmp_path: Path) -> Iterator[Things]:
    address = str(tmp_path / "notify")
    with ExitStack() as stack:
        systemd = stack.enter_context(manager(address))
        yield Things(systemd, Supervisor(address, 20_000))


def test_ready_is_said_once_armed_and_life_with_every_look(things: Things) -> None:
    things.become(BotState.RECOVERING, "no snapshot yet")
    assert things.told() == ["STATUS=main is recovering: no snapshot yet"]
    things.become(BotState.ARMED)
    assert things.told() == ["STATUS=main armed", "READY=1", "WATCHDOG=1"]
    assert things.told() == ["WATCHDOG=1"]


@pytest.mark.parametrize("state", [BotState.BLIND, BotState.RECOVERING])
def test_a_bot_that_sees_nothing_gives_no_sign_of_life(things: Things, state: BotState) -> None:
    things.told()
    things.become(state, "no fresh mark price")
    assert things.told() == [f"STATUS=main is {state}: no fresh mark price"]
    assert not things.dogs.is_well()
    things.become(BotState.ARMED)
    assert things.told() == ["STATUS=main armed", "WATCHDOG=1"]


@pytest.mark.parametrize("state", [BotState.HALTED, BotState.AUTH_LOST, BotState.REDUCING])
def test_what_only_a_person_can_mend_is_not_well_and_is_not_killed_for_it(
    things: Things, state: BotState
) -> None:
    things.become(state)
    assert things.told()[-1] == "WATCHDOG=1"
    assert not things.dogs.is_well()


def test_during_a_ban_nobody_is_killed_to_make_it_longer(things: Things) -> None:
    things.banned = True
    things.become(BotState.BLIND)
    assert things.told()[-1] == "WATCHDOG=1"
    assert not things.dogs.is_well()


def test_a_fold_loop_that_stands_gives_no_sign_of_life(things: Things) -> None:
    things.told()
    things.now_ms += 5_001
    things.dogs.look()
    assert things.systemd.heard() == ["STATUS=nothing was folded and committed for 5001 ms"]


def test_a_clock_that_is_wrong_is_not_well(things: Things) -> None:
    things.clock_ill = "the exchange's clock is 6000 ms ahead of ours"
    assert things.told() == ["STATUS=the exchange's clock is 6000 ms ahead of ours", "READY=1"]


def test_a_leak_is_told_and_ends_the_run(things: Things) -> None:
    assert things.dogs.look() == []
    things.use = replace(things.use, descriptors=60)
    things.now_ms += 4_999
    assert things.dogs.look() == [], "it is measured every five seconds"
    things.now_ms += 1
    (change,) = things.dogs.look()
    assert (change.part, change.now, things.ended) == ("descriptors", "strained", [])
    things.use = replace(things.use, descriptors=81)
    things.now_ms += 5_000
    (change,) = things.dogs.look()
    assert change.now == "spent"
    things.now_ms += 5_000
    assert things.dogs.look() == []
    assert things.ended == [change.because], "once"


def test_the_end_of_the_watch_is_said(things: Things) -> None:
    async def scenario() -> Any:
        work = asyncio.ensure_future(things.dogs.feeds()["watchdogs"](Inbox()))
        await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return await things.dogs.queries()["health"]({})

    health = asyncio.run(scenario())
    assert things.systemd.heard()[-1] == "STOPPING=1"
    assert health["well"] is True
    assert health["heartbeats"] is None
    assert health["used"] == things.use
