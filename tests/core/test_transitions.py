"""Every way from one state of an account to another, as one table, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.decisions import Action, StateChanged
from bot.core.facts import CarriedOver, CommandKind, Link, ProcessChanged, StoodStill
from bot.core.held.carried import AccountRecord, Carried
from bot.core.intents import Level
from bot.core.states import BotState
from bot.core.types import ClientId
from tests.building.core import (
    BTC,
    ETH_LONG,
    LONG,
    MAIN,
    Desk,
    a_position,
    a_stop,
    adds,
    changes,
    closes,
    of,
)

ACCOUNT = "account:main"
ONLY_EXITS = "only exits and stops are sent until somebody acknowledges"


def recovering() -> Desk:
    return Desk(known=False)


def armed() -> Desk:
    desk = Desk()
    desk.holds(a_position())
    return desk


def reducing() -> Desk:
    desk = Desk(reducing=True)
    desk.holds(a_position())
    return desk


def blind() -> Desk:
    desk = armed()
    desk.tick(after_ms=5_001)
    return desk


def deaf() -> Desk:
    desk = armed()
    desk.link(Link.ACCOUNT, up=False)
    return desk


def auth_lost() -> Desk:
    desk = armed()
    desk.link(Link.AUTH, up=False)
    return desk


def halted() -> Desk:
    desk = armed()
    desk.command(CommandKind.HALT)
    return desk


def later(desk: Desk) -> None:
    """A second passes in which the market is heard."""
    desk.mark("100", after_ms=1_000)


EVENTS: dict[str, Callable[[Desk], object]] = {
    "read": lambda desk: desk.is_read(),
    "read before": lambda desk: desk.is_read(began_ms=desk.now_ms - 1),
    "market down": lambda desk: desk.link(Link.MARKET, up=False),
    "account down": lambda desk: desk.link(Link.ACCOUNT, up=False),
    "clock down": lambda desk: desk.link(Link.CLOCK, up=False),
    "auth down": lambda desk: desk.link(Link.AUTH, up=False),
    "account up": lambda desk: desk.link(Link.ACCOUNT, up=True),
    "auth up": lambda desk: desk.link(Link.AUTH, up=True),
    "silence": lambda desk: desk.tick(after_ms=5_001),
    "a mark": later,
    "stood still": lambda desk: desk.fold(StoodStill(at_ms=desk.now_ms, for_ms=12_000)),
    "halt": lambda desk: desk.command(CommandKind.HALT),
    "resume": lambda desk: desk.command(CommandKind.RESUME),
    "acknowledge": lambda desk: desk.command(CommandKind.ACKNOWLEDGE),
    "flatten": lambda desk: desk.command(CommandKind.FLATTEN, MAIN),
    "closed": lambda desk: desk.closed(),
    "a stranger": lambda desk: desk.rests(a_stop("92", client_id=ClientId("hf-77-1"))),
    "memory": lambda desk: desk.fold(
        ProcessChanged(
            at_ms=desk.now_ms, part="memory", was="well", now="strained", because="", level=Level.WARNING
        )
    ),
}
STAYS = ""
TABLE: dict[Callable[[], Desk], tuple[str, dict[str, str]]] = {
    recovering: (
        "recovering",
        {
            "read": "armed",
            "read before": "armed",  # Nothing is in doubt yet: any reading is the first.
            "market down": "blind",
            "account down": "blind",
            "clock down": "blind",
            "auth down": "auth_lost",
            "halt": "halted",
            "a stranger": "halted",
        },
    ),
    armed: (
        "armed",
        {
            "market down": "blind",
            "account down": "blind",
            "clock down": "blind",
            "auth down": "auth_lost",
            "silence": "blind",
            "stood still": "recovering",
            "halt": "halted",
            "flatten": "reducing",
            "a stranger": "halted",
        },
    ),
    reducing: (
        "reducing",
        {
            "market down": "blind",
            "account down": "blind",
            "clock down": "blind",
            "auth down": "auth_lost",
            "silence": "blind",
            "stood still": "recovering",
            "halt": "halted",
            "acknowledge": "armed",
            "a stranger": "halted",
        },
    ),
    blind: (
        "blind",
        {
            "auth down": "auth_lost",
            "a mark": "armed",
            "closed": "armed",
            "halt": "halted",
            "a stranger": "halted",
        },
    ),
    deaf: (
        "blind",
        {
            "auth down": "auth_lost",
            "account up": "recovering",
            "halt": "halted",
            "a stranger": "halted",
        },
    ),
    auth_lost: (
        "auth_lost",
        {"auth up": "recovering", "halt": "halted", "a stranger": "halted"},
    ),
    halted: ("halted", {"resume": "armed"}),
}
CASES = [(build, event) for build in TABLE for event in EVENTS]


@pytest.mark.parametrize(("build", "event"), CASES, ids=[f"{b.__name__}-{e}" for b, e in CASES])
def test_each_event_leads_where_the_table_says(build: Callable[[], Desk], event: str) -> None:
    was, leads = TABLE[build]
    now = leads.get(event, STAYS)
    desk = build()
    assert desk.engine.states()[MAIN] == was
    steps = len(desk.steps)
    EVENTS[event](desk)
    said = [change for step in desk.steps[steps:] for change in of(StateChanged, step.decisions)]
    moves = [change for change in said if change.subject == ACCOUNT]
    assert [(move.was, move.now) for move in moves] == ([(was, now)] if now else [])
    assert desk.engine.states()[MAIN] == (now or was)
    for move in moves:
        assert move.because
        loud = move.now not in ("armed", "recovering")
        assert move.level is (Level.CRITICAL if loud else Level.INFO)


def test_the_table_names_every_state() -> None:
    assert {was for was, _ in TABLE.values()} == set(BotState)


def test_the_first_balance_of_a_reading_arms_nobody() -> None:
    desk = Desk(adds(), known=False)
    assert desk.pays_in("0") == []
    desk.holds(a_position())
    assert of(Action, desk.mark("95")) == []
    assert len(of(Action, desk.is_read())) == 1


def test_what_was_read_before_a_link_was_back_does_not_arm() -> None:
    desk = armed()
    desk.link(Link.ACCOUNT, up=False)
    began_ms = desk.now_ms
    desk.mark("100", after_ms=1_000)
    desk.link(Link.ACCOUNT, up=True)
    assert changes(desk.is_read(began_ms=began_ms)) == []
    assert desk.engine.states()[MAIN] is BotState.RECOVERING
    assert changes(desk.is_read()) == [(ACCOUNT, "recovering", "armed")]


def test_after_a_standstill_only_what_is_read_from_then_on_counts() -> None:
    desk = Desk(adds(), closes())
    desk.holds(a_position())
    began_ms = desk.now_ms
    desk.now_ms += 60_000
    said = desk.fold(StoodStill(at_ms=desk.now_ms, for_ms=60_000))
    assert changes(said) == [
        ("process:loop", "turning", "stood still"),
        (ACCOUNT, "armed", "recovering"),
    ]
    assert "60000 ms" in of(StateChanged, said)[0].because
    # An answer that lay in a socket all the while, and a mark that is fresh.
    assert of(Action, [*desk.is_read(began_ms=began_ms), *desk.mark("95")]) == []
    assert [a.rule for a in of(Action, desk.is_read())] == ["adds"]


def test_a_standstill_leaves_a_halt_where_it_is() -> None:
    desk = halted()
    desk.fold(StoodStill(at_ms=desk.now_ms, for_ms=9_000))
    assert changes(desk.command(CommandKind.RESUME)) == [(ACCOUNT, "halted", "recovering")]
    assert changes(desk.is_read()) == [(ACCOUNT, "recovering", "armed")]


def test_each_account_stands_for_itself_and_says_why() -> None:
    desk = armed()
    desk.holds(a_position(ETH_LONG))
    desk.mark("100", after_ms=4_000)
    desk.tick(after_ms=1_002)
    (status,) = desk.engine.accounts()
    assert (status.name, status.state, status.silent) == (MAIN, BotState.ARMED, (ETH_LONG.symbol,))
    assert status.flattening is None
    desk.command(CommandKind.FLATTEN, MAIN)
    (status,) = desk.engine.accounts()
    assert (status.state, status.flattening) == (BotState.REDUCING, "somebody")
    assert "flatten" in status.because


def test_blindness_is_said_within_a_second_of_its_bound() -> None:
    desk = armed()
    silent_ms = 0
    said: list[StateChanged] = []
    while not said and silent_ms < 60_000:
        silent_ms += 1_000
        said = of(StateChanged, desk.tick(after_ms=1_000))
    # Ticks come every second, and the mark may be 5 s old.
    assert silent_ms == 6_000
    assert [(c.subject, c.now, c.level) for c in said] == [
        (f"mark:{MAIN}/{BTC}", "silent", Level.CRITICAL),
        (ACCOUNT, "blind", Level.CRITICAL),
    ]
    assert LONG in desk.positions


@pytest.mark.parametrize(
    ("left", "state", "why"),
    [
        ({"halted": True}, "halted", "the account is known, and it was halted before"),
        ({"reducing": True}, "reducing", f"the account is known, and {ONLY_EXITS}"),
        ({"flattening": "eve"}, "reducing", "the account is known, and flattening goes on as eve ordered"),
        ({}, "armed", "the account is known"),
    ],
)
def test_what_an_earlier_run_left_is_said_once_the_account_is_known(
    left: dict[str, Any], state: str, why: str
) -> None:
    before = {"halted": False, "reducing": False, "flattening": None} | left
    record = AccountRecord(
        account=MAIN, paused_until_ms=-1, strangers=(), acted_ms=(), day=-1, acted_in_day=0, **before
    )
    desk = Desk(known=False)
    desk.fold(CarriedOver(at_ms=desk.now_ms, epoch=1, carried=Carried(accounts=(record,))))
    (change,) = of(StateChanged, desk.is_read())
    assert (change.was, change.now, change.because) == ("recovering", state, why)
