"""The executor: every action once, and an outcome for each, of which only the unsent is certain."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bot.core.decisions import Action
from bot.core.facts import Fact, Outcome, OutcomeKind, Tick
from bot.core.intents import Level, Notify, Posture, SetPosture
from bot.runtime.executor import WAITING_MAX, Executor, Work
from bot.runtime.inbox import Inbox
from bot.runtime.redaction import hide
from bot.venues.port import Batch
from tests.runtime.builders import ETH, T0, an_action, an_id
from tests.runtime.fakes import FakeClock, FakeVenue, applied, settled


async def awaited(work: Work) -> None:
    await work()


class Bench:
    """An executor with all that is around it."""

    def __init__(self, venue: FakeVenue, group: asyncio.TaskGroup) -> None:
        self.venue = venue
        self.clock = FakeClock()
        self.inbox = Inbox()
        self.executor = Executor(
            venue, self.clock, self.inbox, lambda work, name: group.create_task(awaited(work), name=name)
        )

    async def came_back(self) -> list[Fact]:
        await settled()
        self.inbox.put_now((Tick(at_ms=0),))
        return [fact for batch in await self.inbox.take() for fact in batch][:-1]

    async def outcome(self) -> Outcome:
        (fact,) = await self.came_back()
        assert isinstance(fact, Outcome)
        return fact


def on_a_bench(
    use: Callable[[Bench], Awaitable[None]],
    answer: Callable[[Action], Awaitable[Sequence[Batch]]] | None = None,
) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            await use(Bench(FakeVenue() if answer is None else FakeVenue(answer), group))

    asyncio.run(main())


async def never(_: Action) -> Sequence[Batch]:
    await asyncio.Event().wait()
    return []


def test_what_the_venue_answers_comes_back_as_facts() -> None:
    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action()])
        assert not bench.executor.is_idle()
        assert await bench.came_back() == [applied(an_action())]
        assert bench.executor.is_idle()

    on_a_bench(use)


def test_an_answer_that_raises_is_unknown_and_says_why_without_secrets() -> None:
    hide("k3y-of-main")

    async def answer(_: Action) -> Sequence[Batch]:
        raise ConnectionResetError("lost\nwhile sending with k3y-of-main, signature=abcdef0123")

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action()])
        outcome = await bench.outcome()
        assert outcome.kind is OutcomeKind.UNKNOWN
        assert outcome.client_id == "h1-1"
        assert outcome.proof == "ConnectionResetError: lost while sending with ***, signature=***"

    on_a_bench(use, answer)


def test_silence_until_the_deadline_is_unknown_and_the_call_is_cut_off() -> None:
    cut: list[bool] = []

    async def answer(action: Action) -> Sequence[Batch]:
        try:
            return await never(action)
        except asyncio.CancelledError:
            cut.append(True)
            raise

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action(deadline_ms=T0 + 5_000)])
        await bench.clock.advance(4_999)
        assert await bench.came_back() == []
        await bench.clock.advance(1)
        outcome = await bench.outcome()
        assert (outcome.kind, outcome.proof) == (OutcomeKind.UNKNOWN, "no answer within 5000 ms")
        assert outcome.at_ms == T0 + 5_000
        assert cut == [True]

    on_a_bench(use, answer)


def test_an_error_after_the_deadline_is_nobodys() -> None:
    async def answer(action: Action) -> Sequence[Batch]:
        try:
            return await never(action)
        finally:
            raise ZeroDivisionError

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action()])
        await bench.clock.advance(5_000)
        assert (await bench.outcome()).kind is OutcomeKind.UNKNOWN

    on_a_bench(use, answer)


@pytest.mark.parametrize("facts", [(), (Tick(at_ms=1),), (applied(an_action(client_id="h1-7")),)])
def test_an_answer_without_an_outcome_of_this_action_is_unknown(facts: tuple[Fact, ...]) -> None:
    async def answer(_: Action) -> Sequence[Batch]:
        return [facts] if facts else []

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action()])
        *others, outcome = await bench.came_back()
        assert others == list(facts)
        assert isinstance(outcome, Outcome)
        assert (outcome.client_id, outcome.kind) == ("h1-1", OutcomeKind.UNKNOWN)

    on_a_bench(use, answer)


def test_a_venue_that_gives_up_is_unknown() -> None:
    async def answer(_: Action) -> Sequence[Batch]:
        raise asyncio.CancelledError

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action()])
        assert (await bench.outcome()).kind is OutcomeKind.UNKNOWN

    on_a_bench(use, answer)


def test_a_decision_past_its_deadline_is_not_sent_and_that_is_certain() -> None:
    async def use(bench: Bench) -> None:
        await bench.clock.advance(10_000)
        bench.executor.submit([an_action(deadline_ms=T0 + 5_000)])
        outcome = await bench.outcome()
        assert (outcome.kind, outcome.proof) == (
            OutcomeKind.NOT_APPLIED,
            "not sent: 5000 ms past its deadline",
        )
        assert bench.venue.sent == []

    on_a_bench(use)


def test_actions_of_one_position_wait_for_each_other_and_other_positions_do_not() -> None:
    first, second, other = an_action(), an_action(client_id="h1-2"), an_action(client_id="h1-3", symbol=ETH)
    gate = asyncio.Event()

    async def answer(action: Action) -> Sequence[Batch]:
        if action is first:
            await gate.wait()
        return [(applied(action),)]

    async def use(bench: Bench) -> None:
        bench.executor.submit([first, second, other])
        assert await bench.came_back() == [applied(other)]
        assert bench.venue.sent == [first, other]
        gate.set()
        assert await bench.came_back() == [applied(first), applied(second)]
        assert bench.executor.is_idle()

    on_a_bench(use, answer)


def test_what_changes_nothing_at_an_exchange_is_not_sent_there() -> None:
    async def use(bench: Bench) -> None:
        bench.executor.submit(
            [
                an_action(intent=Notify(id=an_id(), level=Level.INFO, text="hello")),
                an_action(intent=SetPosture(id=an_id(), posture=Posture.CAUTIOUS)),
            ]
        )
        assert bench.executor.is_idle()
        assert await bench.came_back() == []
        assert bench.venue.sent == []

    on_a_bench(use)


def test_stopping_waits_for_what_is_under_way_and_sends_nothing_more() -> None:
    gate = asyncio.Event()

    async def answer(action: Action) -> Sequence[Batch]:
        await gate.wait()
        return [(applied(action),)]

    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action(), an_action(client_id="h1-2")])
        await settled()
        bench.executor.stop("the bot is stopping")
        bench.executor.submit([an_action(client_id="h1-3", symbol=ETH)])
        late = await bench.outcome()
        assert (late.client_id, late.kind) == ("h1-3", OutcomeKind.NOT_APPLIED)
        assert late.proof == "not sent: the bot is stopping"
        gate.set()
        await bench.executor.idle()
        first, second = await bench.came_back()
        assert first == applied(an_action())
        assert isinstance(second, Outcome)
        assert (second.client_id, second.kind) == ("h1-2", OutcomeKind.NOT_APPLIED)
        assert [action.client_id for action in bench.venue.sent] == ["h1-1"]

    on_a_bench(use, answer)


def test_a_flood_of_actions_ends_the_run() -> None:
    async def use(bench: Bench) -> None:
        bench.executor.submit([an_action(client_id=f"h1-{n}") for n in range(WAITING_MAX + 1)])

    with pytest.raises(ExceptionGroup) as ended:
        on_a_bench(use, never)
    assert "1000 actions wait already; look for a rule in a loop" in str(ended.value.exceptions)
