"""The seal beside a journal: what a chain of hashes alone cannot show."""

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.runtime.journal import JournalBroken, JournalError
from bot.runtime.journal.rows import Head
from bot.runtime.journal.seal import Seal, Sealed, read_seal, seal_of
from bot.runtime.journal.sqlite import open_journal, read_journal
from tests.runtime.builders import T0
from tests.runtime.test_journal_sqlite import some_steps


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def write(path: Path, number: int = 5, *, sealed: bool = True) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0, sealed=sealed) as journal:
            for step in some_steps(number):
                journal.append(step)
                await journal.commit()

    asyncio.run(main())


def rows(path: Path) -> int:
    async def main() -> int:
        async with read_journal(path) as journal:
            return len([step async for step in journal.steps()])

    return asyncio.run(main())


def test_it_says_where_the_journal_ends_and_what_its_bytes_are(path: Path) -> None:
    write(path)
    sealed = read_seal(path)
    assert sealed is not None
    assert (sealed.seq, len(sealed.hash), len(sealed.digest)) == (16, 64, 64)
    assert seal_of(path).stat().st_mode & 0o777 == 0o600
    assert rows(path) == 5
    assert read_seal(path) == sealed


def test_while_a_journal_is_open_its_seal_follows_every_commit(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0, sealed=True) as journal:
            for number, step in enumerate(some_steps(3)):
                journal.append(step)
                await journal.commit()
                sealed = read_seal(path)
                assert sealed is not None
                assert (sealed.seq, sealed.digest) == (1 + 3 * (number + 1), "")

    asyncio.run(main())


def test_only_who_asks_for_a_seal_gets_one_and_who_has_one_keeps_it(path: Path) -> None:
    write(path, sealed=False)
    assert read_seal(path) is None
    write(path)
    write(path, sealed=False)
    sealed = read_seal(path)
    assert sealed is not None
    assert sealed.digest
    assert rows(path) == 5


def test_an_older_copy_of_the_journal_alone_is_found_out(path: Path, tmp_path: Path) -> None:
    write(path)
    shutil.copy(path, tmp_path / "copy")
    write(path)
    shutil.copy(tmp_path / "copy", path)
    with pytest.raises(JournalBroken, match="rows after 16 are missing: its seal says that it held 32"):
        rows(path)


def test_another_journal_in_its_place_is_found_out(path: Path, tmp_path: Path) -> None:
    write(path)
    other = tmp_path / "other.db"
    write(other, 30, sealed=False)
    shutil.copy(other, path)
    with pytest.raises(JournalBroken, match=r"there are rows after 16|row 16 is not the one"):
        rows(path)


def test_rows_that_came_while_nobody_had_it_open_are_found_out(path: Path) -> None:
    write(path)
    seal = seal_of(path).read_bytes()
    write(path)
    seal_of(path).write_bytes(seal)
    with pytest.raises(JournalBroken, match="there are rows after 16, the last when it was closed"):
        rows(path)


def test_a_seal_behind_its_journal_is_no_damage(path: Path) -> None:
    """It is not synced: a power cut may leave an older one. It is never ahead of what was committed."""

    async def main() -> None:
        async with open_journal(path, opened_ms=T0, sealed=True) as journal:
            journal.append(some_steps(1)[0])
            await journal.commit()
            seal = seal_of(path).read_bytes()
            journal.append(some_steps(1)[0])
            await journal.commit()
        seal_of(path).write_bytes(seal)

    asyncio.run(main())
    assert rows(path) == 2


def test_a_seal_cut_off_before_its_first_word_counts_as_none(path: Path) -> None:
    write(path)
    seal_of(path).write_bytes(b"")
    assert rows(path) == 5


def test_each_single_byte_of_a_seal_counts(path: Path) -> None:
    write(path)
    whole = seal_of(path).read_bytes()
    for offset in range(len(whole)):
        flipped = bytearray(whole)
        flipped[offset] ^= 0x01
        seal_of(path).write_bytes(flipped)
        with pytest.raises(JournalBroken, match="the seal of the journal is damaged"):
            read_seal(path)


def test_a_seal_that_cannot_be_written_ends_the_writing(path: Path) -> None:
    write(path)
    seal = Seal(path)
    seal.let_go()
    with pytest.raises(JournalError, match="-seal: Bad file descriptor"):
        seal.advance(Head())
    assert read_seal(path) != Sealed(0, Head().hash)
