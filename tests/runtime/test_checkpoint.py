"""What a run remembers is in the journal beside the step that changed it, and the next run finds it there."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.codec import decode_fact
from bot.core.decisions import Action
from bot.core.facts import CarriedOver, CommandKind, OutcomeKind
from bot.core.held.carried import PositionRecord
from bot.core.types import PositionId, Side, Symbol
from bot.runtime.checkpoint import KIND, WHOLE_EVERY, CheckpointedJournal, remembered
from bot.runtime.journal import JournalQuery, JournalRow, JournalVersion, MemoryJournal
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.journal.wording import understood
from tests.building.core import MAIN, Desk, a_contract, a_position, adds, of
from tests.runtime.builders import T0


def lived(desk: Desk) -> None:
    """Margin is added twice, and nobody knows yet what became of the second time."""
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("97"))
    desk.works(first)
    desk.mark("86", after_ms=60_000)


def test_a_note_follows_only_what_changed_the_memory() -> None:
    async def main() -> None:
        desk, journal = Desk(adds("10")), MemoryJournal(opened_ms=T0)
        kept = CheckpointedJournal(journal, desk.engine)
        seen = 0
        happenings: list[tuple[Callable[[], object], bool]] = [
            (lambda: desk.holds(a_position()), True),
            (lambda: desk.mark("98"), False),
            (lambda: desk.pays_in("5"), False),
            (lambda: desk.mark("97"), True),
            (lambda: desk.command(CommandKind.ACKNOWLEDGE), False),
            (lambda: desk.command(CommandKind.HALT), True),
        ]
        for happens, noted in happenings:
            before = len(desk.steps)
            happens()
            for step in desk.steps[before:]:
                kept.append(step)
            await kept.commit()
            rows = await kept.read(JournalQuery(kind=KIND))
            assert (len(rows) > seen) is noted
            seen = len(rows)

    asyncio.run(main())


def test_that_an_account_is_flat_is_noted_where_nothing_else_happened() -> None:
    async def main() -> None:
        desk, journal = Desk(), MemoryJournal(opened_ms=T0)
        kept = CheckpointedJournal(journal, desk.engine)
        desk.holds(a_position())
        desk.works(of(Action, desk.command(CommandKind.FLATTEN))[0])
        desk.tick(after_ms=1_000)
        kept.append(desk.steps[-1])
        await kept.commit()
        left = await remembered(kept)
        assert left is not None
        assert [record.flattening for record in left.carried.accounts] == [None]

    asyncio.run(main())


def test_the_next_run_finds_what_the_last_one_left(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "journal.db"
        desk = Desk(adds("10"))
        async with open_journal(path, opened_ms=T0) as journal:
            assert await remembered(journal) is None
            kept = CheckpointedJournal(journal, desk.engine)
            before = len(desk.steps)
            lived(desk)
            for step in desk.steps[before:]:
                kept.append(step)
                await kept.commit()
        async with open_journal(path, opened_ms=desk.now_ms) as journal:
            fact = await remembered(journal)
            assert fact is not None
            assert (fact.epoch, journal.epoch) == (1, 2)
            assert fact.carried == desk.engine.carried()
            (record,) = fact.carried.spending
            assert record.margin == 20
            (flying,) = fact.carried.open_intents
            assert flying.action.client_id == "hf-1-2"

    asyncio.run(main())


def test_a_note_has_only_the_positions_that_changed_and_the_next_run_finds_all(tmp_path: Path) -> None:
    symbols = [Symbol(f"C{number}/USDT:USDT") for number in range(3)]

    async def main() -> None:
        desk = Desk(adds("10"), contracts=[a_contract(symbol) for symbol in symbols])
        async with open_journal(tmp_path / "journal.db", opened_ms=T0) as journal:
            kept = CheckpointedJournal(journal, desk.engine)

            for symbol in symbols:
                before = len(desk.steps)
                desk.holds(a_position(PositionId(MAIN, symbol, Side.LONG)))
                desk.mark("97", symbol)
                for step in desk.steps[before:]:
                    kept.append(step)
                await kept.commit()
            rows = await kept.read(JournalQuery(kind=KIND))
            told = [[str(record.id.symbol) for record in _noted(row)] for row in rows]
            assert len(told) >= len(symbols)
            assert all(len(each) <= 1 for each in told)
            assert {name for each in told for name in each} == set(symbols)
            fact = await remembered(journal)
            assert fact is not None
            assert fact.carried == desk.engine.carried()
            assert [record.id.symbol for record in fact.carried.positions] == symbols

    asyncio.run(main())


def test_what_is_remembered_is_whole_after_any_number_of_notes() -> None:
    async def main() -> None:
        desk, journal = Desk(adds("10")), MemoryJournal(opened_ms=T0)
        kept = CheckpointedJournal(journal, desk.engine)
        lived(desk)
        kept.append(desk.steps[-1])
        for number in range(2 * WHOLE_EVERY + 3):
            before = len(desk.steps)
            desk.command(CommandKind.HALT if number % 2 else CommandKind.RESUME)
            for step in desk.steps[before:]:
                kept.append(step)
            await kept.commit()
            fact = await remembered(journal)
            assert fact is not None
            assert fact.carried == desk.engine.carried()
        assert len(await kept.read(JournalQuery(kind=KIND))) > WHOLE_EVERY

    asyncio.run(main())


def _noted(row: JournalRow) -> tuple[PositionRecord, ...]:
    fact = decode_fact(json.loads(row.body)["memory"])
    assert isinstance(fact, CarriedOver)
    return fact.carried.positions


def test_the_memory_is_committed_with_the_action_it_knows_of(tmp_path: Path) -> None:
    async def main() -> None:
        desk = Desk(adds("10"))
        async with open_journal(tmp_path / "journal.db", opened_ms=T0) as journal:
            kept = CheckpointedJournal(journal, desk.engine)
            before = len(desk.steps)
            desk.holds(a_position())
            (action,) = of(Action, desk.mark("97"))
            for step in desk.steps[before:]:
                kept.append(step)
            assert await kept.read(JournalQuery(kind=KIND)) == []
            await kept.commit()
            (row,) = await kept.read(JournalQuery(kind=KIND, latest=True, limit=1))
            assert action.client_id in json.loads(row.body)["memory"]
            desk.answer(action, OutcomeKind.UNKNOWN)

    asyncio.run(main())


def test_the_memory_of_another_version_is_refused_with_its_file_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def begin() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            journal.note(KIND, {"memory": '{"type":"CarriedOver","wisdom":"of tomorrow"}'}, T0)
            await journal.commit()
            await remembered(journal)

    with pytest.raises(JournalVersion) as refused, understood(path):
        asyncio.run(begin())
    said = str(refused.value)
    assert said.startswith(f"{path}: it is in the words of another Holdfast (CarriedOver: missing ")
    assert said.endswith("aside for a review, then start again")
