"""The journal of a guard: what is damaged is kept, said, and known to the run without a memory."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.runtime.journal import JournalForeign, JournalQuery
from bot.runtime.journal.quarantine import KIND, guarding_journal, is_without_memory, kept_aside, set_aside
from tests.runtime.builders import T0
from tests.runtime.test_journal_sqlite import edit, some_steps

EPOCH = T0 // 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


class Opened:
    """What an opening came to."""

    def __init__(self, path: Path, opened_ms: int = T0) -> None:
        self.said: list[str] = []
        asyncio.run(self._open(path, opened_ms))

    async def _open(self, path: Path, opened_ms: int) -> None:
        async with guarding_journal(path, opened_ms=opened_ms, say=self.said.append) as journal:
            self.epoch = journal.epoch
            self.forgetful = await is_without_memory(journal)
            self.notes = [json.loads(row.body) for row in await journal.read(JournalQuery(kind=KIND))]
            for step in some_steps(20):
                journal.append(step)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def scribble(path: Path) -> None:
    path.write_text("my holiday photographs\n" * 100)


def change(path: Path) -> None:
    edit(path, "UPDATE row SET body = replace(body, '25.00', '99.00') WHERE seq = 3")


def forget(path: Path) -> None:
    edit(path, "DELETE FROM row WHERE seq > 10; ")


def empty_space(path: Path) -> None:
    """A byte that no row and no index uses: only the seal knows it."""
    data = bytearray(path.read_bytes())
    data[72] ^= 0x01  # Reserved for expansion in the header of the file.
    path.write_bytes(data)


def another_version(path: Path) -> None:
    """Its number is another one, and its tables are still those of this version."""
    data = bytearray(path.read_bytes())
    data[63] ^= 0x08  # The last byte of the user version in the header of the file.
    path.write_bytes(data)


def lose(path: Path) -> None:
    path.unlink()


def damage_the_seal(path: Path) -> None:
    seal = path.with_name(path.name + "-seal")
    seal.write_bytes(seal.read_bytes().replace(b"holdfast", b"holdfart"))


HARMS = [cut, scribble, change, forget, empty_space, another_version, lose, damage_the_seal]


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_journal_is_kept_and_a_new_one_says_so(path: Path, harm: Callable[[Path], None]) -> None:
    assert Opened(path).said == []
    harm(path)
    left = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    opened = Opened(path, T0 + 60_000)
    (line,) = opened.said
    assert "it is kept as journal.db.damaged-2023-11-14T22-14-20Z, and a new journal begins" in line
    assert opened.forgetful
    (note,) = opened.notes
    assert note["kept"] == "journal.db.damaged-2023-11-14T22-14-20Z"
    for name, content in left.items():
        kept = path.with_name(name.replace("journal.db", "journal.db.damaged-2023-11-14T22-14-20Z"))
        assert kept.read_bytes() == content
    # What was damaged is told of for as long as this journal lives, and nothing is set aside again.
    again = Opened(path, T0 + 120_000)
    assert (again.said, again.forgetful, len(again.notes)) == ([], True, 1)


def test_an_epoch_never_comes_again_not_even_after_the_journal_is_lost(path: Path) -> None:
    first, second = Opened(path), Opened(path)
    for file in path.parent.iterdir():
        file.unlink()
    third = Opened(path, T0 + 5_000)
    assert [first.epoch, second.epoch, third.epoch] == [EPOCH, EPOCH + 1, EPOCH + 5]
    assert not third.forgetful  # Whoever removes everything begins anew; the exchange may know better.


def test_a_journal_that_was_set_aside_and_not_yet_replaced_is_noticed_by_the_next_start(path: Path) -> None:
    Opened(path)
    aside = set_aside(path, T0)
    assert kept_aside(path) == [aside.name]
    opened = Opened(path, T0 + 60_000)
    assert opened.said == []
    assert opened.forgetful


def test_two_that_are_set_aside_in_one_second_are_both_kept(path: Path) -> None:
    for _ in range(2):
        Opened(path)
        set_aside(path, T0)
    assert len(kept_aside(path)) == 2


def test_a_log_without_its_journal_is_kept(path: Path) -> None:
    path.parent.mkdir()
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"what may be left of a journal")
    opened = Opened(path)
    assert "the journal is gone and only its log is left" in opened.said[0]
    (kept,) = path.parent.glob("*.damaged-*-wal")
    assert kept.read_bytes() == b"what may be left of a journal"


def test_the_database_of_another_program_is_nobody_s_to_be_moved(path: Path) -> None:
    path.parent.mkdir()
    edit(path, "CREATE TABLE contacts (name TEXT)")
    with pytest.raises(JournalForeign, match="database of another program"):
        Opened(path)
    assert kept_aside(path) == []
