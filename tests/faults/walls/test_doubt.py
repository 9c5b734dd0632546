"""What nobody answered is unknown, and nothing else: neither done nor undone, and nothing goes beside it.

Core, executor and venue each say so by themselves, so that no run shows when one of them says otherwise.
"""

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.decisions import Action
from bot.core.facts import MarkPrice, Outcome, OutcomeKind, Tick
from bot.core.intents import AddMargin
from bot.core.settings import Limits
from bot.runtime.executor import Executor, Work
from bot.runtime.inbox import Inbox
from bot.venues.port import Batch
from tests.building.core import BTC, ETH, ETH_LONG, LONG, T0, D, Desk, a_position, adds, changes, closes, of
from tests.runtime.builders import an_action
from tests.runtime.fakes import FakeClock, FakeVenue, settled


def test_an_intent_past_its_deadline_is_unknown_and_only_an_exit_may_go_beside_it() -> None:
    desk = Desk(adds(), closes("0.5"), limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("96", after_ms=1_000))
    late = desk.mark("96", after_ms=5_001) + desk.tick()
    assert (f"intent:{first.client_id}", "in flight", "unknown") in changes(late)
    beside = of(Action, late + desk.mark("95.9", after_ms=1_000))
    assert [action.rule for action in beside] == ["closes"]


def test_marks_that_stop_coming_are_said_by_the_core_itself() -> None:
    desk = Desk()
    desk.holds(a_position())
    assert changes(desk.tick(after_ms=5_000)) == []
    assert ("account:main", "armed", "blind") in changes(desk.tick(after_ms=1))


def test_money_that_is_on_its_way_is_not_spent_again() -> None:
    desk = Desk(adds("10"), free="15")
    desk.holds(a_position(), a_position(ETH_LONG))
    found = of(Action, [*desk.mark("95"), *desk.mark("95", ETH)])
    assert [action.intent for action in found] == [
        AddMargin(id=LONG, amount=D(10)),
        AddMargin(id=ETH_LONG, amount=D(5)),
    ]


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionError("closed"), ValueError("<html>")])
def test_no_error_of_a_venue_proves_that_nothing_was_done(error: Exception) -> None:
    async def fails(_: Action) -> Sequence[Batch]:
        raise error

    async def work() -> None:
        inbox = Inbox()
        async with asyncio.TaskGroup() as group:

            def start(work: Work, name: str) -> object:
                return group.create_task(_awaited(work), name=name)

            Executor(FakeVenue(fails), FakeClock(), inbox, start).submit([an_action()])
            await settled()
        ((outcome,),) = await inbox.take()
        assert isinstance(outcome, Outcome)
        assert outcome.kind is OutcomeKind.UNKNOWN

    asyncio.run(work())


def test_what_is_past_its_deadline_when_its_turn_comes_is_not_sent() -> None:
    async def work() -> None:
        inbox, venue, action = Inbox(), FakeVenue(), an_action()
        async with asyncio.TaskGroup() as group:

            def start(work: Work, name: str) -> object:
                return group.create_task(_awaited(work), name=name)

            Executor(venue, FakeClock(action.deadline_ms), inbox, start).submit([action])
            await settled()
        ((outcome,),) = await inbox.take()
        assert isinstance(outcome, Outcome)
        assert (outcome.kind, venue.sent) == (OutcomeKind.NOT_APPLIED, [])

    asyncio.run(work())


def test_of_two_marks_that_wait_the_newer_one_is_folded_whichever_came_first() -> None:
    async def work() -> None:
        older, newer = (MarkPrice(at_ms=T0 + ms, symbol=BTC, price=D(ms + 1)) for ms in (0, 1_000))
        for marks in ((older, newer), (newer, older)):
            inbox = Inbox()
            for mark in marks:
                inbox.put_now((mark,))
            assert await inbox.take() == [(newer,)]

    asyncio.run(work())


def test_nothing_but_an_overtaken_mark_is_ever_dropped() -> None:
    async def work() -> None:
        inbox, batches = Inbox(), [(Tick(at_ms=T0 + number),) for number in range(5)]
        for batch in batches:
            inbox.put_now(batch)
        assert await inbox.take() == batches

    asyncio.run(work())


async def _awaited(work: Work) -> None:
    await work()
