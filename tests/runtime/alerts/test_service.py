"""Alerts in a run: from a step of the engine to people, over a restart, with channels that fail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from decimal import Decimal

import pytest

from bot.core.decisions import StateChanged
from bot.core.facts import Fact, Liquidated, ProcessChanged
from bot.core.intents import Level
from bot.core.step import Step
from bot.core.types import AccountName, PositionId, Side, Symbol
from bot.runtime.alerts.channel import Channel, Sent
from bot.runtime.alerts.desk import Desk
from bot.runtime.alerts.keeping import recalled
from bot.runtime.alerts.message import Message, Origin
from bot.runtime.alerts.routes import Policy, Route
from bot.runtime.alerts.service import Alerts
from bot.runtime.control import BadQuery
from bot.runtime.inbox import Inbox
from bot.runtime.journal import JournalQuery, MemoryJournal

SOL = PositionId(AccountName("main"), Symbol("SOL/USDT:USDT"), Side.LONG)
NAKED = StateChanged(
    at_ms=0, subject=f"protection:{SOL}", was="hf1-1", now="NAKED", because="seen", level=Level.CRITICAL
)
DIED = Liquidated(at_ms=0, id=SOL, quantity=Decimal(1), price=Decimal(135), fee=Decimal(0))


class Carrying:
    """A channel that keeps what it carries, or fails for as long as it is told to."""

    def __init__(self, *, works: bool = True, wrong: str = "") -> None:
        self.works = works
        self.wrong = wrong
        self.messages: list[Message] = []

    async def warm(self) -> str:
        return self.wrong

    async def send(self, message: Message) -> Sent:
        await asyncio.sleep(0)
        if self.works:
            self.messages.append(message)
        return Sent(told=self.works, wrong="" if self.works else "it is dead")


class Scene:
    """Alerts with a clock of its own that goes a minute with each look."""

    def __init__(self, journal: MemoryJournal, **channels: Channel) -> None:
        routes = tuple(Route(name=name, levels=frozenset(Level), per_minute=60) for name in channels)
        policy = Policy(routes=routes, group_ms=0, repeat_ms=3_600_000, zone=UTC)
        self.inbox = Inbox()
        self.now_ms = 0
        self.journal = journal
        origin = Origin(mode="paper", overview=lambda: (), zone=UTC)
        self.alerts = Alerts(
            Desk(policy), channels, origin=origin, journal=journal, now_ms=self._later, look_ms=1
        )

    def _later(self) -> int:
        self.now_ms += 60_000
        return self.now_ms

    def happens(self, *what: Fact | StateChanged) -> None:
        facts = tuple(each for each in what if not isinstance(each, StateChanged))
        decisions = tuple(each for each in what if isinstance(each, StateChanged))
        self.alerts.observe(Step(at_ms=0, swallowed=(), facts=facts, decisions=decisions))

    async def ask(self, query: str, **args: object) -> dict[str, object]:
        answer = await self.alerts.queries()[query](args)
        assert isinstance(answer, dict)
        return answer


def play(
    scene: Scene, until: Callable[[], bool], then: Callable[[], Awaitable[None]] | None = None
) -> list[Fact]:
    """Let alerts run until something holds; the facts they put into the inbox meanwhile."""

    async def played() -> list[Fact]:
        feed = asyncio.create_task(scene.alerts.feed(scene.inbox))
        heard: list[Fact] = []

        async def listen() -> None:
            while True:
                for batch in await scene.inbox.take():
                    heard.extend(batch)

        listening = asyncio.create_task(listen())
        async with asyncio.timeout(20):
            while not until():
                assert not feed.done()
                await asyncio.sleep(0.001)
            if then is not None:
                await then()
        for task in (feed, listening):
            task.cancel()
            await asyncio.wait([task])
        await scene.journal.commit()
        return heard

    return asyncio.run(played())


def test_what_befalls_a_position_reaches_people_and_the_journal_says_so() -> None:
    phone, journal = Carrying(), MemoryJournal()
    scene = Scene(journal, phone=phone)
    scene.happens(DIED)
    play(scene, lambda: bool(phone.messages))
    assert phone.messages[0].subject == "[CRIT] SOL long: LIQUIDATED: 1 at 135"
    kinds = [row.kind for row in asyncio.run(journal.read(JournalQuery()))]
    assert kinds.count("Alert") == 1
    assert kinds.count("AlertTold") == 1


def test_one_channel_that_is_dead_keeps_no_other_from_telling() -> None:
    phone, mail = Carrying(works=False), Carrying()
    scene = Scene(MemoryJournal(), phone=phone, mail=mail)
    scene.happens(NAKED)
    play(scene, lambda: bool(mail.messages))


def test_that_nobody_can_be_reached_is_a_fact_and_so_is_that_somebody_can_again() -> None:
    phone = Carrying(works=False)
    scene = Scene(MemoryJournal(), phone=phone)
    scene.happens(NAKED)
    wanted: list[bool] = []

    def revive() -> bool:
        lines = scene.alerts._desk.lines
        if lines[0].is_dead:
            wanted.append(True)
            phone.works = len(wanted) > 5
        return bool(phone.messages) and len(wanted) > 5

    async def settle() -> None:
        await asyncio.sleep(0.05)

    heard = [fact for fact in play(scene, revive, settle) if isinstance(fact, ProcessChanged)]
    assert [(fact.part, fact.now, fact.level) for fact in heard] == [
        ("alerts", "unheard", Level.CRITICAL),
        ("alerts", "heard", Level.INFO),
    ]


def test_a_channel_that_can_never_carry_is_said_at_the_start() -> None:
    scene = Scene(MemoryJournal(), phone=Carrying(wrong="its address is none that apprise knows"))

    async def settle() -> None:
        await asyncio.sleep(0.02)

    (fact,) = play(scene, lambda: True, settle)
    assert isinstance(fact, ProcessChanged)
    assert (fact.part, fact.now) == ("channel phone", "unheard")


def test_what_nobody_was_told_before_a_restart_is_told_after_it() -> None:
    journal, dead, phone = MemoryJournal(), Carrying(works=False), Carrying()
    before = Scene(journal, phone=dead)
    before.happens(NAKED)
    play(before, lambda: before.alerts._desk.lines[0].failures > 0)
    play(Scene(journal, phone=phone), lambda: bool(phone.messages))
    assert "NAKED" in phone.messages[0].subject


def test_what_was_acknowledged_before_a_restart_is_not_told_again() -> None:
    journal, phone = MemoryJournal(), Carrying()
    scene = Scene(journal, phone=phone)
    scene.happens(NAKED)

    async def acknowledge() -> None:
        assert await scene.ask("ack", by="ada") == {"acknowledged": [1], "waiting": []}

    play(scene, lambda: bool(phone.messages), acknowledge)
    (thread,) = asyncio.run(recalled(journal, scene.now_ms))
    assert (thread.number, thread.acknowledged_by, thread.is_settled) == (1, "ada", True)
    again = Scene(journal, phone=phone)
    again.happens(DIED)
    play(again, lambda: len(phone.messages) > 1)
    assert [message.subject for message in phone.messages[1:]] == ["[CRIT] SOL long: LIQUIDATED: 1 at 135"]


def test_with_nobody_to_tell_nothing_is_written_down() -> None:
    scene = Scene(MemoryJournal())
    scene.happens(NAKED, DIED)
    play(scene, lambda: True)
    assert asyncio.run(recalled(scene.journal, 0)) == []


def test_the_list_says_what_waits_for_whom_and_how_channels_do() -> None:
    phone = Carrying()
    scene = Scene(MemoryJournal(), phone=phone)
    scene.happens(NAKED)

    async def look() -> None:
        answer = await scene.ask("alerts")
        alerts, channels = answer["alerts"], answer["channels"]
        assert isinstance(alerts, list)
        assert isinstance(channels, list)
        assert alerts[0]["needs_somebody"] is True
        assert channels[0]["failures"] == 0

    play(scene, lambda: bool(phone.messages), look)


@pytest.mark.parametrize(
    ("query", "args"),
    [
        ("ack", {}),
        ("ack", {"by": "ada", "numbers": "1"}),
        ("ack", {"by": "ada", "numbers": [True]}),
        ("ack", {"by": "ada", "all": 1}),
        ("test_alert", {"channel": "fax"}),
        ("alerts", {"since": 1}),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(query: str, args: dict[str, object]) -> None:
    scene = Scene(MemoryJournal(), phone=Carrying())
    with pytest.raises(BadQuery):
        asyncio.run(scene.ask(query, **args))


def test_a_test_goes_over_every_channel_and_says_which_one_does_not_carry() -> None:
    phone, mail = Carrying(), Carrying(works=False)
    scene = Scene(MemoryJournal(), phone=phone, mail=mail)
    answer = asyncio.run(scene.ask("test_alert"))
    tests = answer["tests"]
    assert isinstance(tests, list)
    assert [(each["channel"], each["told"], each["wrong"]) for each in tests] == [
        ("phone", True, ""),
        ("mail", False, "it is dead"),
    ]
    assert phone.messages[0].subject == "[TEST] Holdfast, paper, test 1"
