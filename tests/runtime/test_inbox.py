"""The inbox: the newest mark wins, and nothing else is ever dropped."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import Fact, MarkPrice, Tick
from bot.core.types import Symbol
from bot.runtime.inbox import Inbox, InboxFull
from tests.runtime.builders import ETH, T0, a_mark
from tests.runtime.fakes import settled


def tick(number: int) -> tuple[Fact, ...]:
    return (Tick(at_ms=T0 + number),)


def test_everything_that_waits_is_taken_at_once_in_order() -> None:
    async def main() -> None:
        inbox = Inbox()
        await inbox.put(tick(1))
        await inbox.put((a_mark(T0 + 2), *tick(2)))
        await inbox.put(tick(3))
        assert await inbox.take() == [tick(1), (a_mark(T0 + 2), *tick(2)), tick(3)]

    asyncio.run(main())


def test_the_newest_mark_of_a_symbol_wins_and_comes_after_what_it_followed() -> None:
    async def main() -> None:
        inbox = Inbox()
        for batch in (
            (a_mark(T0, price="100"),),
            (a_mark(T0, ETH),),
            tick(1),
            (a_mark(T0 + 2, price="90"),),
        ):
            await inbox.put(batch)
        assert await inbox.take() == [(a_mark(T0, ETH),), tick(1), (a_mark(T0 + 2, price="90"),)]

    asyncio.run(main())


def test_a_mark_that_was_overtaken_on_its_way_does_not_replace_the_newer_one() -> None:
    async def main() -> None:
        inbox = Inbox()
        await inbox.put((a_mark(T0 + 2, price="90"),))
        await inbox.put((a_mark(T0 + 1, price="100"),))
        assert await inbox.take() == [(a_mark(T0 + 2, price="90"),)]

    asyncio.run(main())


def test_a_mark_in_a_batch_with_other_facts_is_never_replaced() -> None:
    async def main() -> None:
        inbox = Inbox()
        torn = (a_mark(T0), *tick(0))
        await inbox.put(torn)
        await inbox.put((a_mark(T0 + 1),))
        assert await inbox.take() == [torn, (a_mark(T0 + 1),)]

    asyncio.run(main())


def test_whoever_brings_too_much_waits_and_marks_do_not() -> None:
    async def main() -> None:
        inbox = Inbox(capacity=2)
        await inbox.put(tick(1))
        await inbox.put(tick(2))
        late = [asyncio.ensure_future(inbox.put(tick(n))) for n in (3, 4, 5)]
        await settled()
        assert not any(task.done() for task in late)
        await inbox.put((a_mark(),))
        with pytest.raises(InboxFull, match="2 batches wait already"):
            inbox.put_now(tick(6))
        assert await inbox.take() == [tick(1), tick(2), (a_mark(),)]
        await settled()
        assert await inbox.take() == [tick(3), tick(4)]
        await settled()
        assert await inbox.take() == [tick(5)]

    asyncio.run(main())


def test_it_is_drained_when_what_was_taken_is_folded() -> None:
    async def main() -> None:
        inbox = Inbox()
        assert inbox.is_empty()
        inbox.put_now(tick(1))
        waiter = asyncio.ensure_future(inbox.drained())
        await inbox.take()
        inbox.put_now(tick(2))
        inbox.done()
        await settled()
        assert not waiter.done()
        await inbox.take()
        await settled()
        assert not waiter.done()
        assert not inbox.is_empty()
        inbox.done()
        await waiter
        assert inbox.is_empty()

    asyncio.run(main())


@given(st.lists(st.tuples(st.sampled_from(["BTC", "ETH", "other", "take"]), st.integers(0, 3)), max_size=40))
def test_only_overtaken_marks_are_ever_missing(moves: list[tuple[str, int]]) -> None:
    async def main() -> None:
        inbox = Inbox()
        newest: dict[str, int] = {}
        others: list[Fact] = []
        seen: list[Fact] = []
        for number, (what, back) in enumerate([*moves, ("take", 0)]):
            if what in ("other", "take"):
                others.append(Tick(at_ms=number))
                inbox.put_now((others[-1],))
            else:
                newest[what] = max(newest.get(what, 0), number - back)
                inbox.put_now((MarkPrice(at_ms=number - back, symbol=Symbol(what), price=Decimal(1)),))
            if what == "take":
                seen += [fact for batch in await inbox.take() for fact in batch]
                marks = {(fact.symbol, fact.at_ms) for fact in seen if isinstance(fact, MarkPrice)}
                assert [fact for fact in seen if isinstance(fact, Tick)] == others
                assert {(symbol, at_ms) for symbol, at_ms in newest.items() if at_ms > 0} <= marks

    asyncio.run(main())
