"""The shell: committed before sent, every death is everybody's, and a stop in good order."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bot.core.decisions import Action, Decision
from bot.core.facts import CarriedOver, Fact, MarkPrice, Outcome, OutcomeKind, StoodStill, Tick
from bot.core.held.carried import Carried
from bot.core.step import Step
from bot.runtime.errors import ShellError
from bot.runtime.inbox import Inbox
from bot.runtime.journal import JournalFull, JournalQuery, JournalRow, MemoryJournal
from bot.runtime.shell import Feed, Observer, Shell
from bot.venues.port import Batch
from tests.runtime.builders import ETH, T0, a_change, a_mark, an_action
from tests.runtime.fakes import FakeClock, FakeEngine, FakeVenue, applied, applies, settled


@dataclass
class Run:
    """A shell under way, with fakes all around it."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    venue: FakeVenue = field(default_factory=FakeVenue)
    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(opened_ms=T0))
    clock: FakeClock = field(default_factory=FakeClock)
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    observers: Sequence[Observer] = ()
    inherited: Batch = ()
    capacity: int = 100
    died_of: list[BaseException] = field(default_factory=list)

    def shell(self) -> Shell:
        return Shell(
            engine=self.engine,
            venue=self.venue,
            journal=self.journal,
            clock=self.clock,
            feeds=self.feeds,
            observers=self.observers,
            capacity=self.capacity,
        )

    def play(self, script: Callable[[Shell], Awaitable[None]]) -> None:
        """Run the shell beside a script and stop it when the script is over."""

        async def main() -> None:
            shell = self.shell()
            run = asyncio.ensure_future(
                shell.run({"version": "0.1.0"}, inherited=self.inherited, dying=self.died_of.append)
            )
            await settled()
            if not run.done():
                await script(shell)
                await settled()
                shell.stop("asked")
            await run

        asyncio.run(main())

    def notes(self) -> list[tuple[str, dict[str, str]]]:
        return [(row.kind, json.loads(row.body)) for row in self.rows() if row.step == 0]

    def rows(self) -> list[JournalRow]:
        return asyncio.run(self.journal.read(JournalQuery(latest=True)))


async def rest(_: Shell) -> None:
    await settled()


def acts_on_marks(batch: Sequence[Fact]) -> tuple[Decision, ...] | None:
    marks = [fact for fact in batch if isinstance(fact, MarkPrice)]
    return tuple(an_action(m.at_ms, f"h1-{m.at_ms - T0}", symbol=m.symbol) for m in marks) or ()


def test_a_run_is_noted_from_start_to_stop() -> None:
    run = Run()
    run.play(rest)
    assert run.notes() == [
        ("Opened", {"epoch": "1"}),
        ("Started", {"epoch": "1", "version": "0.1.0"}),
        ("Stopped", {"because": "asked"}),
    ]
    assert run.died_of == []


def test_the_account_is_folded_before_anything_else() -> None:
    async def feed(inbox: Inbox) -> None:
        await inbox.put((a_mark(),))
        await asyncio.Event().wait()

    run = Run(venue=FakeVenue(account=[(a_mark(symbol=ETH), Tick(at_ms=T0))]), feeds={"market": feed})
    run.play(rest)
    assert run.engine.folded == [(a_mark(symbol=ETH), Tick(at_ms=T0)), (a_mark(),)]


def test_what_an_earlier_run_left_is_folded_before_the_account() -> None:
    left = CarriedOver(at_ms=T0, epoch=1, carried=Carried())
    run = Run(venue=FakeVenue(account=[(Tick(at_ms=T0),)]), inherited=(left,))
    run.play(rest)
    assert run.engine.folded == [(left,), (Tick(at_ms=T0),)]


def test_nothing_is_sent_that_the_journal_has_not_committed() -> None:
    seen: list[list[str]] = []

    class Watched(FakeVenue):
        async def execute(self, action: Action) -> Sequence[Batch]:
            rows = await run.journal.read(JournalQuery(kind="Action"))
            seen.append([json.loads(row.body)["client_id"] for row in rows])
            return await super().execute(action)

    async def script(shell: Shell) -> None:
        for number in (1, 2, 3):
            await shell.inbox.put((a_mark(T0 + number),))
            await settled()

    run = Run(engine=FakeEngine(acts_on_marks), venue=Watched())
    run.play(script)
    assert seen == [["h1-1"], ["h1-1", "h1-2"], ["h1-1", "h1-2", "h1-3"]]


def test_a_commit_that_fails_sends_nothing_and_ends_the_run() -> None:
    class Full(MemoryJournal):
        async def commit(self) -> None:
            if len(self._entries) > 2:
                raise JournalFull("journal.db", "the disk is full", "free some space")
            await super().commit()

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(T0 + 1),))
        await settled()

    run = Run(engine=FakeEngine(acts_on_marks), journal=Full(opened_ms=T0))
    with pytest.raises(JournalFull, match="the disk is full"):
        run.play(script)
    assert run.venue.sent == []
    assert [type(error) for error in run.died_of] == [JournalFull]


def test_what_becomes_of_an_action_is_folded_and_may_lead_to_another() -> None:
    def follow_up(batch: Sequence[Fact]) -> tuple[Decision, ...] | None:
        (fact,) = batch
        if isinstance(fact, Outcome) and fact.client_id == "h1-1":
            return (an_action(client_id="h1-2"),)
        return acts_on_marks(batch)

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(T0 + 1),))
        await settled()

    run = Run(engine=FakeEngine(follow_up))
    run.play(script)
    assert [action.client_id for action in run.venue.sent] == ["h1-1", "h1-2"]
    kinds = [row.kind for row in run.rows() if row.step]
    assert kinds == ["MarkPrice", "Action", "Outcome", "Action", "Outcome"]


def test_what_the_engine_swallows_is_not_journalled() -> None:
    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(),))

    run = Run()
    run.play(script)
    assert run.engine.folded == [(a_mark(),)]
    assert [row.kind for row in run.rows()] == ["Opened", "Started", "Stopped"]


def test_time_passes_as_ticks() -> None:
    async def script(shell: Shell) -> None:
        await run.clock.advance(3_500)

    run = Run()
    run.play(script)
    assert run.engine.folded == [(Tick(at_ms=T0 + 1_000 * n),) for n in (1, 2, 3)]


def test_a_burst_of_marks_costs_one_fold_per_symbol() -> None:
    async def script(shell: Shell) -> None:
        for number in range(1_000):
            await shell.inbox.put((a_mark(T0 + number),))
            await shell.inbox.put((a_mark(T0 + number, ETH),))

    run = Run()
    run.play(script)
    assert run.engine.folded == [(a_mark(T0 + 999),), (a_mark(T0 + 999, ETH),)]


def test_other_tasks_get_their_turn_within_a_long_fold() -> None:
    turns: list[int] = []

    async def feed(inbox: Inbox) -> None:
        for number in range(1_000):
            inbox.put_now((Tick(at_ms=T0 + number),))
        while True:
            turns.append(len(run.engine.folded))
            await asyncio.sleep(0)

    run = Run(feeds={"market": feed}, capacity=1_000)
    run.play(rest)
    assert any(0 < turn < 1_000 for turn in turns)


@pytest.mark.parametrize("where", ["feed", "feed ends", "engine", "observer", "snapshot", "stray batch"])
def test_the_death_of_any_part_ends_the_run_with_its_error_and_is_noted(where: str) -> None:
    async def feed(inbox: Inbox) -> None:
        if where == "feed":
            raise ZeroDivisionError("in the feed")
        if where == "feed ends":
            return
        await inbox.put((a_mark(),))
        await asyncio.Event().wait()

    def decide(batch: Sequence[Fact]) -> tuple[Decision, ...] | None:
        if where == "engine":
            raise ZeroDivisionError("in the engine")
        return (a_change(),)

    def observer(step: Step) -> None:
        if where == "observer":
            raise ZeroDivisionError("in the observer")

    class Venue(FakeVenue):
        async def snapshot(self) -> Sequence[Batch]:
            if where == "snapshot":
                raise ZeroDivisionError("in the snapshot")
            return [()] if where == "stray batch" else []

    run = Run(engine=FakeEngine(decide), venue=Venue(), feeds={"market": feed}, observers=[observer])
    expected: type[Exception] = ZeroDivisionError
    if where == "feed ends":
        expected = ShellError
    if where == "stray batch":
        expected = IndexError
    with pytest.raises(expected) as died:
        run.play(rest)
    assert run.died_of == [died.value]
    kind, body = run.notes()[-1]
    assert kind == "Crashed"
    assert expected.__name__ in body["because"] or "feed market: it ended by itself" in body["because"]


def test_a_feed_that_comes_to_its_end_asks_to_stop_and_all_it_brought_is_folded() -> None:
    shells: list[Shell] = []

    async def feed(inbox: Inbox) -> None:
        for number in range(500):
            await inbox.put((Tick(at_ms=T0 + number),))
        shells[0].stop("the tape is over")

    run = Run(feeds={"tape": feed}, capacity=10)

    async def main() -> None:
        shells.append(run.shell())
        await shells[0].run({})

    asyncio.run(main())
    assert run.engine.folded == [(Tick(at_ms=T0 + n),) for n in range(500)]
    assert run.notes()[-1] == ("Stopped", {"because": "the tape is over"})


def test_a_stop_waits_for_the_action_under_way_and_keeps_its_outcome() -> None:
    gate = asyncio.Event()

    async def answer(action: Action) -> Sequence[Batch]:
        await gate.wait()
        return await applies(action)

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(T0 + 1),))
        await settled()
        shell.stop("SIGTERM")
        await settled()
        assert run.venue.sent
        gate.set()

    run = Run(engine=FakeEngine(acts_on_marks), venue=FakeVenue(answer))
    run.play(script)
    assert run.engine.folded[-1] == (applied(an_action(T0 + 1, "h1-1")),)
    assert run.notes()[-1] == ("Stopped", {"because": "SIGTERM"})


def test_a_stop_waits_no_longer_than_the_deadline() -> None:
    async def answer(_: Action) -> Sequence[Batch]:
        await asyncio.Event().wait()
        return []

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(T0 + 1),))
        await settled()
        shell.stop("SIGTERM")
        await run.clock.advance(5_001)

    run = Run(engine=FakeEngine(acts_on_marks), venue=FakeVenue(answer))
    run.play(script)
    (outcome,) = run.engine.folded[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_an_engine_that_never_gives_up_cannot_keep_the_run_from_stopping() -> None:
    numbers = iter(range(1_000_000))

    def always(batch: Sequence[Fact]) -> tuple[Decision, ...] | None:
        return (an_action(client_id=f"h1-{next(numbers)}"),)

    async def answer(action: Action) -> Sequence[Batch]:
        await settled()
        return await applies(action)

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(),))

    run = Run(engine=FakeEngine(always), venue=FakeVenue(answer))
    run.play(script)
    assert run.notes()[-1][0] == "Stopped"


def test_observers_see_every_step_after_its_actions_are_under_way() -> None:
    order: list[str] = []

    async def answer(action: Action) -> Sequence[Batch]:
        order.append(f"sent {action.client_id}")
        return await applies(action)

    def observer(step: Step) -> None:
        order.extend(f"shown {action.client_id}" for action in step.actions)

    async def script(shell: Shell) -> None:
        for number in (1, 2):
            await shell.inbox.put((a_mark(T0 + number),))
            await settled()

    run = Run(engine=FakeEngine(acts_on_marks), venue=FakeVenue(answer), observers=[observer])
    run.play(script)
    assert order == ["sent h1-1", "shown h1-1", "sent h1-2", "shown h1-2"]


def test_a_cancelled_run_is_noted_as_stopped() -> None:
    run = Run()

    async def main() -> None:
        task = asyncio.ensure_future(run.shell().run({}))
        await settled()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert run.notes()[-1] == ("Stopped", {"because": "interrupted"})


def test_a_crash_that_cannot_be_noted_still_tells_its_own_error() -> None:
    class Failing(MemoryJournal):
        broken = False

        async def commit(self) -> None:
            if self.broken:
                raise JournalFull("journal.db", "the disk is full", "free some space")
            await super().commit()

    journal = Failing(opened_ms=T0)

    def decide(_: Sequence[Fact]) -> tuple[Decision, ...] | None:
        journal.broken = True
        raise ZeroDivisionError

    async def script(shell: Shell) -> None:
        await shell.inbox.put((a_mark(),))

    run = Run(engine=FakeEngine(decide), journal=journal)
    with pytest.raises(ZeroDivisionError) as died:
        run.play(script)
    assert died.value.__notes__ == [
        "and it could not be noted: journal.db: the disk is full; free some space"
    ]


def test_after_a_standstill_that_is_folded_before_whatever_waited_meanwhile() -> None:
    run = Run()

    async def script(shell: Shell) -> None:
        await run.clock.advance(3_000)
        run.engine.folded.clear()
        run.clock.jump(12_000)
        shell.inbox.put_now((a_mark(T0 + 3_500),))  # A socket had it; nobody could read it.
        await settled()
        await run.clock.advance(1_000)

    run.play(script)
    first, second, *others = [fact for (fact,) in run.engine.folded]
    assert first == StoodStill(at_ms=T0 + 15_000, for_ms=12_000)
    assert second == a_mark(T0 + 3_500)
    assert {type(fact) for fact in others} == {Tick}


def test_a_standstill_is_noticed_by_the_next_tick_where_nothing_else_comes() -> None:
    run = Run()

    async def script(_: Shell) -> None:
        await run.clock.advance(1_000)
        run.engine.folded.clear()
        run.clock.jump(60_000)
        await run.clock.advance(0)

    run.play(script)
    assert [type(fact) for (fact,) in run.engine.folded] == [StoodStill, Tick]


def test_what_comes_a_little_late_is_no_standstill() -> None:
    run = Run()

    async def script(_: Shell) -> None:
        await run.clock.advance(1_000)
        run.clock.jump(3_000)
        await run.clock.advance(5_000)

    run.play(script)
    assert {type(fact) for (fact,) in run.engine.folded} == {Tick}


def test_a_shell_says_when_it_last_folded_and_committed() -> None:
    run = Run()

    async def script(shell: Shell) -> None:
        assert shell.turned_ms == T0
        await run.clock.advance(2_500)
        assert shell.turned_ms == T0 + 2_000

    run.play(script)
