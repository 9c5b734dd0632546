"""A bot that dies again and again only reduces, until a person has looked."""

import asyncio

import pytest

from bot.core.facts import CarriedOver
from bot.core.held.carried import Carried
from bot.core.provenance import Provenance
from bot.core.types import AccountName
from bot.runtime.journal import JournalQuery, MemoryJournal
from bot.runtime.provenance import only_reducing
from bot.runtime.starting.deaths import KIND, WITHIN_MS, died_often
from tests.runtime.builders import T0

LIMIT = 3
MAIN, OTHER = AccountName("main"), AccountName("other")
DIES, ENDS, NEVER_GUARDS = ("Started",), ("Started", "Stopped"), ("Opened",)
CRASHES = ("Started", "Crashed")


def told(*runs: tuple[str, ...], apart_ms: int = 10_000) -> tuple[str, int]:
    """What is said when one more run begins, and how many notes the journal has of it."""

    async def main() -> tuple[str, int]:
        journal = MemoryJournal(opened_ms=T0, epoch=5)
        now_ms = T0
        for run in runs:
            for kind in run:
                journal.note(kind, {}, now_ms)
            now_ms += apart_ms
        await journal.commit()
        said = await died_often(journal, now_ms, LIMIT)
        return said, len(await journal.read(JournalQuery(kind=KIND)))

    return asyncio.run(main())


def test_a_bot_that_died_too_often_says_so_and_notes_it() -> None:
    said, noted = told(DIES, CRASHES, ENDS, DIES)
    assert said.startswith("3 runs of the last 10 minutes did not end in order: only exits and stops")
    assert noted == 1


@pytest.mark.parametrize(
    "runs",
    [(), (DIES, DIES), (ENDS,) * 9, (DIES, ENDS, DIES, ENDS), (DIES, DIES, *(NEVER_GUARDS,) * 20)],
    ids=["none", "twice", "in order", "now and then", "an exchange that cannot be reached"],
)
def test_whoever_ends_in_order_or_never_guards_does_not_die(runs: tuple[tuple[str, ...], ...]) -> None:
    assert told(*runs) == ("", 0)


def test_what_was_longer_ago_is_forgotten() -> None:
    assert told(*(DIES,) * 9, apart_ms=WITHIN_MS // 2) == ("", 0)


def test_it_begins_with_its_memory_and_only_reduces() -> None:
    left = CarriedOver(at_ms=T0, epoch=4, carried=Carried())
    ids = Provenance(at_ms=T0, given=(), seen=())
    begins, rest = only_reducing((left, ids), [OTHER, MAIN], 5, T0 + 1)
    assert isinstance(begins, CarriedOver)
    assert (begins.epoch, rest) == (4, ids)
    assert [(each.account, each.reducing) for each in begins.carried.accounts] == [
        (MAIN, True),
        (OTHER, True),
    ]


def test_without_a_memory_it_only_reduces_as_well() -> None:
    begins, _ = only_reducing((Provenance(at_ms=T0, given=(), seen=()),), [MAIN], 5, T0 + 1)
    assert isinstance(begins, CarriedOver)
    assert [each.reducing for each in begins.carried.accounts] == [True]
