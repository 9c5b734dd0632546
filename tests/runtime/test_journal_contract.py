"""What every journal promises, whatever it is kept in. A new journal joins by a line in ``JOURNALS``."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.core.codec import CodecError, decode
from bot.core.step import Step
from bot.runtime.journal import Journal, JournalQuery, JournalRow, MemoryJournal, Part
from bot.runtime.journal.sqlite import open_journal
from tests.faults.disk import Disk
from tests.faults.disk import open_journal as open_journal_on
from tests.runtime.builders import BTC, ETH, T0, a_change, a_mark, a_refusal, a_step, an_action

Opening = Callable[[], AbstractAsyncContextManager[Journal]]


def in_memory(_: Path) -> Opening:
    @asynccontextmanager
    async def opening() -> AsyncIterator[Journal]:
        journal = MemoryJournal(opened_ms=T0)
        yield journal
        await journal.close()

    return opening


def in_a_file(folder: Path) -> Opening:
    return lambda: open_journal(folder / "journal.db", opened_ms=T0)


def simulated(_: Path) -> Opening:
    disk = Disk()
    return lambda: open_journal_on(disk, opened_ms=T0)


JOURNALS = {"memory": in_memory, "sqlite": in_a_file, "simulated": simulated}
LASTING = {"sqlite": in_a_file, "simulated": simulated}
"""Those that can be opened again."""


@pytest.fixture(params=JOURNALS)
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    return JOURNALS[request.param](tmp_path)


def with_journal(opening: Opening, use: Callable[[Journal], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opening() as journal:
            await use(journal)

    asyncio.run(main())


async def all_steps(journal: Journal, epoch: int | None = None) -> list[Step]:
    return [step async for step in journal.steps(epoch)]


STEPS = (
    a_step(T0, facts=(a_mark(), a_mark(symbol=ETH))),
    a_step(
        T0 + 10,
        swallowed=(a_mark(T0 + 5, price="64000.20"), a_mark(T0 + 7, ETH, "3000")),
        facts=(a_mark(T0 + 10, price="60000"),),
        decisions=(an_action(T0 + 10), a_refusal(T0 + 10), a_change(T0 + 10)),
    ),
    a_step(T0 + 20, decisions=(a_change(T0 + 20, "protection:main/ETH/USDT:USDT/long", "", "NAKED"),)),
)


def test_the_steps_come_back_as_they_were(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        journal.note("Started", {}, T0)
        for step in STEPS:
            journal.append(step)
            journal.note("Between", {}, T0)
        journal.note("Stopped", {"because": "asked"}, T0 + 30)
        await journal.commit()
        assert await all_steps(journal) == list(STEPS)
        assert await all_steps(journal, journal.epoch) == list(STEPS)
        assert await all_steps(journal, journal.epoch + 1) == []

    with_journal(opening, use)


def test_an_empty_journal_has_no_steps_and_only_the_note_of_its_opening(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        assert await all_steps(journal) == []
        assert (journal.epoch, journal.played) == (1, 1)
        (opened,) = await journal.read(JournalQuery())
        assert (opened.seq, opened.step, opened.part, opened.kind) == (1, 0, Part.NOTE, "Opened")
        assert json.loads(opened.body) == {"epoch": "1"}

    with_journal(opening, use)


def test_nothing_is_seen_before_the_commit(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        journal.append(STEPS[0])
        journal.note("Started", {}, T0)
        assert len(await journal.read(JournalQuery())) == 1
        assert await all_steps(journal) == []
        await journal.commit()
        assert len(await journal.read(JournalQuery())) == 4
        await journal.commit()
        assert len(await journal.read(JournalQuery())) == 4

    with_journal(opening, use)


def test_every_fact_and_every_decision_has_its_row(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        journal.note("Started", {"version": "0.1.0", "epoch": "1"}, T0)
        for step in STEPS:
            journal.append(step)
        await journal.commit()
        rows = await journal.read(JournalQuery())
        seen = [(row.seq, row.step, row.part.value, row.kind, row.symbol, row.rule) for row in rows[1:]]
        assert seen == [
            (2, 0, "note", "Started", None, None),
            (3, 1, "fact", "MarkPrice", BTC, None),
            (4, 1, "fact", "MarkPrice", ETH, None),
            (5, 2, "swallowed", "MarkPrice", BTC, None),
            (6, 2, "swallowed", "MarkPrice", ETH, None),
            (7, 2, "fact", "MarkPrice", BTC, None),
            (8, 2, "decision", "Action", BTC, "top_up"),
            (9, 2, "decision", "Refusal", BTC, "partial_close"),
            (10, 2, "decision", "StateChanged", None, None),
            (11, 3, "fact", "Tick", None, None),
            (12, 3, "decision", "StateChanged", ETH, None),
        ]
        assert [row.account for row in rows[7:10]] == ["main", "main", "main"]
        assert {row.at_ms for row in rows if row.step == 2} == {T0 + 10}
        assert decode(rows[7].body) == STEPS[1].decisions[0]
        assert json.loads(rows[1].body) == {"epoch": "1", "version": "0.1.0"}

    with_journal(opening, use)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (JournalQuery(symbol=ETH), [4, 6, 12]),
        (JournalQuery(rule="top_up"), [8]),
        (JournalQuery(rule="none of ours"), []),
        (JournalQuery(kind="StateChanged"), [10, 12]),
        (JournalQuery(contains='"rule":"top_up"'), [8]),
        (JournalQuery(contains='"rule":"top_u_"'), []),
        (JournalQuery(since_ms=T0 + 11), [11, 12]),
        (JournalQuery(since_ms=T0 + 20), [11, 12]),
        (JournalQuery(since_ms=T0 + 21), []),
        (JournalQuery(symbol=ETH, since_ms=T0 + 1), [6, 12]),
        (JournalQuery(symbol=BTC, kind="Refusal"), [9]),
        (JournalQuery(after_seq=10), [11, 12]),
        (JournalQuery(limit=2), [1, 2]),
        (JournalQuery(limit=2, after_seq=2), [3, 4]),
        (JournalQuery(limit=2, latest=True), [11, 12]),
        (JournalQuery(symbol=ETH, limit=2, latest=True), [6, 12]),
    ],
)
def test_rows_are_found_by_symbol_rule_kind_and_time(
    opening: Opening, query: JournalQuery, expected: list[int]
) -> None:
    async def use(journal: Journal) -> None:
        journal.note("Started", {}, T0)
        for step in STEPS:
            journal.append(step)
        await journal.commit()
        assert [row.seq for row in await journal.read(query)] == expected

    with_journal(opening, use)


def test_a_page_never_exceeds_two_hundred_rows_and_the_next_one_follows_on(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        for number in range(450):
            journal.append(a_step(T0 + number))
        await journal.commit()
        pages: list[list[JournalRow]] = []
        while not pages or pages[-1]:
            after = pages[-1][-1].seq if pages else 0
            pages.append(await journal.read(JournalQuery(after_seq=after)))
        assert [len(page) for page in pages] == [200, 200, 51, 0]
        assert [row.seq for page in pages for row in page] == list(range(1, 452))

    with_journal(opening, use)
    with pytest.raises(AssertionError, match="expected 1 to 200"):
        JournalQuery(limit=201)


def test_many_steps_come_back_whole(opening: Opening) -> None:
    steps = [
        a_step(T0 + n, swallowed=(a_mark(T0 + n),) * (n % 3), decisions=(a_change(T0 + n),) * (n % 2))
        for n in range(3_000)
    ]

    async def use(journal: Journal) -> None:
        for number, step in enumerate(steps):
            journal.append(step)
            if number % 700 == 0:
                await journal.commit()
        await journal.commit()
        assert await all_steps(journal) == steps

    with_journal(opening, use)


def test_a_step_of_thousands_of_facts_comes_back_whole(opening: Opening) -> None:
    steps = [a_step(T0, facts=(a_mark(),) * 5_000), a_step(T0 + 1), a_step(T0 + 2, facts=(a_mark(),) * 1_999)]

    async def use(journal: Journal) -> None:
        for step in steps:
            journal.append(step)
        await journal.commit()
        assert await all_steps(journal) == steps

    with_journal(opening, use)


def test_journals_of_the_same_history_have_the_same_hashes(tmp_path: Path) -> None:
    async def hashes(opening: Opening) -> list[str]:
        async with opening() as journal:
            for step in STEPS:
                journal.append(step)
            journal.note("Stopped", {"b": "2", "a": "1"}, T0)
            await journal.commit()
            return [row.hash for row in await journal.read(JournalQuery())]

    async def main() -> None:
        written = [await hashes(make(tmp_path)) for make in JOURNALS.values()]
        assert all(other == written[0] for other in written)
        assert len(set(written[0])) == len(written[0]) > len(STEPS)

    asyncio.run(main())


def test_a_note_is_taken_as_it_is_now(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        body = {"because": "asked"}
        journal.note("Stopped", body, T0)
        body["because"] = "changed"
        await journal.commit()
        rows = await journal.read(JournalQuery(kind="Stopped"))
        assert [json.loads(row.body) for row in rows] == [{"because": "asked"}]

    with_journal(opening, use)


@pytest.mark.parametrize("kept", LASTING)
def test_an_epoch_without_steps_does_not_hide_the_one_before(kept: str, tmp_path: Path) -> None:
    opening = LASTING[kept](tmp_path)

    async def main() -> None:
        async with opening() as journal:
            journal.append(STEPS[0])
            assert journal.epoch == 1
        async with opening() as journal:
            assert (journal.epoch, journal.played) == (2, 1)
            assert await all_steps(journal) == [STEPS[0]]
            journal.append(STEPS[1])
            await journal.commit()
            assert (journal.epoch, journal.played) == (2, 2)
            assert await all_steps(journal) == [STEPS[1]]
            assert await all_steps(journal, 1) == [STEPS[0]]

    asyncio.run(main())


def test_what_was_taken_is_committed_by_close_and_close_may_be_called_again(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        journal.append(STEPS[0])
        await journal.close()
        await journal.close()

    with_journal(opening, use)


def test_a_step_that_has_no_text_is_an_error_by_the_time_it_is_read(opening: Opening) -> None:
    async def use(journal: Journal) -> None:
        journal.append(a_step(facts=(object(),)))  # type: ignore[arg-type]  # the mistake under test
        await journal.commit()
        await journal.read(JournalQuery())

    with pytest.raises(CodecError):
        with_journal(opening, use)
