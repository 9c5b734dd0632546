"""What a live run begins with: which ids were given, and what takes the place of a memory that was lost."""

import asyncio
from pathlib import Path

from bot.core.facts import CarriedOver
from bot.core.held.carried import Carried
from bot.core.provenance import EpochIds, Provenance, SeenId
from bot.core.types import AccountName
from bot.runtime.checkpoint import KIND as REMEMBERED
from bot.runtime.journal import MemoryJournal
from bot.runtime.journal.quarantine import KIND, is_without_memory
from bot.runtime.journal.sqlite import open_journal
from bot.runtime.provenance import ids_given, inherited, memory
from tests.runtime.builders import T0, a_step, an_action

MAIN, OTHER = AccountName("main"), AccountName("other")
SEEN = (SeenId(account=MAIN, client_id="hf-1-2"), SeenId(account=OTHER, client_id="hf-1-1"))


def test_every_id_an_action_had_was_given_and_the_present_epoch_has_given_none(tmp_path: Path) -> None:
    async def main() -> None:
        for least in (7, 9, 11):
            async with open_journal(tmp_path / "journal.db", opened_ms=T0, least_epoch=least) as journal:
                for number in range(1, 251) if least != 9 else ():
                    action = an_action(client_id=f"hf-{journal.epoch}-{number}")
                    journal.append(a_step(decisions=(action,)))
        async with open_journal(tmp_path / "journal.db", opened_ms=T0) as journal:
            assert journal.epoch == 12
            assert await ids_given(journal) == (EpochIds(epoch=7, count=250), EpochIds(epoch=11, count=250))

    asyncio.run(main())


def test_a_whole_memory_is_taken_over_and_ids_are_told_with_it() -> None:
    left = CarriedOver(at_ms=T0, epoch=1, carried=Carried())
    told = Provenance(at_ms=T0, given=(), seen=SEEN)
    assert asyncio.run(inherited(MemoryJournal(), left, [MAIN], SEEN, T0)) == (left, told)
    assert asyncio.run(inherited(MemoryJournal(), None, [MAIN], SEEN, T0)) == (told,)


def test_what_another_version_remembered_counts_as_lost_and_is_noted() -> None:
    async def main() -> None:
        journal = MemoryJournal(opened_ms=T0, epoch=5)
        assert await memory(journal, T0) is None
        assert not await is_without_memory(journal)
        journal.note(REMEMBERED, {"memory": '{"type":"CarriedOver","what":"it knew then"}'}, T0)
        await journal.commit()
        left = await memory(journal, T0 + 1)
        assert left is None
        begins, _ = await inherited(journal, left, [MAIN], SEEN, T0 + 1)
        assert isinstance(begins, CarriedOver)
        assert [each.reducing for each in begins.carried.accounts] == [True]

    asyncio.run(main())


def test_after_a_damaged_journal_every_account_only_reduces_and_owns_what_rests() -> None:
    async def main() -> None:
        journal = MemoryJournal(opened_ms=T0, epoch=5)
        journal.note(KIND, {"kept": "journal.db.damaged", "because": "row 3 is not what was written"}, T0)
        await journal.commit()
        begins, told = await inherited(journal, None, [OTHER, MAIN], SEEN, T0)
        assert isinstance(begins, CarriedOver)
        assert [(each.account, each.reducing, each.strangers) for each in begins.carried.accounts] == [
            (MAIN, True, ("hf-1-2",)),
            (OTHER, True, ("hf-1-1",)),
        ]
        assert told == Provenance(at_ms=T0, given=(), seen=SEEN)

    asyncio.run(main())
