"""The journal file: what is wrong with it is found when it is opened and said in one line."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.core.step import Step
from bot.runtime.journal import (
    JournalBroken,
    JournalBusy,
    JournalError,
    JournalFull,
    JournalMissing,
    JournalQuery,
    JournalVersion,
)
from bot.runtime.journal.schema import SCHEMA, Schema
from bot.runtime.journal.sqlite import SqliteJournal, open_journal, read_journal
from tests.runtime.builders import T0, a_change, a_mark, a_step, an_action


def some_steps(number: int = 5) -> list[Step]:
    return [
        a_step(T0 + n, facts=(a_mark(T0 + n),), decisions=(an_action(T0 + n, f"h1-{n}"), a_change(T0 + n)))
        for n in range(number)
    ]


def write(path: Path, steps: list[Step]) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            for step in steps:
                journal.append(step)

    asyncio.run(main())


def read(path: Path) -> list[Step]:
    async def main() -> list[Step]:
        async with read_journal(path) as journal:
            return [step async for step in journal.steps()]

    return asyncio.run(main())


def edit(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


def refused(path: Path, kind: type[JournalError]) -> str:
    """Both ways to open refuse, with the same words: one line that begins with the file."""
    messages = []
    for opening in (lambda: write(path, []), lambda: read(path)):
        with pytest.raises(kind) as error:
            opening()
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith(f"{path}: ")
    assert "\n" not in messages[0]
    return messages[0]


def test_the_file_is_ours_alone_and_leaves_nothing_beside_it(path: Path) -> None:
    write(path, some_steps())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["journal.db"]


def test_each_opening_for_writing_is_an_epoch_and_reading_is_none(path: Path) -> None:
    async def epoch() -> int:
        async with open_journal(path, opened_ms=T0) as journal:
            return journal.epoch

    async def seen() -> int:
        async with read_journal(path) as journal:
            return journal.epoch

    assert [asyncio.run(epoch()), asyncio.run(seen()), asyncio.run(epoch()), asyncio.run(seen())] == [
        1,
        1,
        2,
        2,
    ]


def test_an_epoch_is_counted_even_if_the_run_fails_at_once(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            journal.append(some_steps(1)[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    write(path, [])

    async def look() -> tuple[int, list[str]]:
        async with read_journal(path) as journal:
            return journal.epoch, [row.kind for row in await journal.read(JournalQuery())]

    assert asyncio.run(look()) == (2, ["Opened", "Opened"])


def test_reading_creates_nothing(path: Path) -> None:
    with pytest.raises(JournalMissing, match="there is no journal; run the bot first"):
        read(path)
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    with pytest.raises(JournalMissing):
        read(path)


def test_reading_cannot_write(path: Path) -> None:
    write(path, [])

    async def main() -> None:
        async with read_journal(path) as journal:
            journal.append(some_steps(1)[0])
            await journal.commit()

    with pytest.raises(JournalError, match="readonly"):
        asyncio.run(main())


def test_nobody_else_can_open_the_file_meanwhile(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0), open_journal(path, opened_ms=T0):
            pass

    with pytest.raises(JournalBusy, match="another program has the file open"):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE row SET body = replace(body, '25.00', '99.00') WHERE seq = 3",
            "row 3 is not what was written",
        ),
        ("UPDATE row SET at_ms = at_ms + 1 WHERE seq = 4", "row 4 is not what was written"),
        ("UPDATE row SET account = symbol, symbol = account WHERE seq = 3", "row 3 is not what was written"),
        ("UPDATE row SET symbol = 'x' || symbol WHERE seq = 2", "row 2 is not what was written"),
        ("UPDATE row SET part = 'fact' WHERE seq = 1", "row 1 is not what was written"),
        ("UPDATE row SET hash = lower(hex(zeroblob(32))) WHERE seq = 5", "row 5 is not what was written"),
        ("DELETE FROM row WHERE seq = 6", "row 6 is missing"),
        ("DELETE FROM row WHERE seq = 1", "row 1 is missing"),
        ("DELETE FROM row WHERE seq > 10", "rows after 10 are missing"),
        ("DELETE FROM row", "rows after 0 are missing"),
        ("DELETE FROM head", "rows after 16 are missing"),
        ("DROP TABLE head", "the database is damaged (its tables are other ones)"),
        ("DROP INDEX row_rule", "the database is damaged (its tables are other ones)"),
        ("CREATE TABLE more (name TEXT)", "the database is damaged (its tables are other ones)"),
    ],
)
def test_a_changed_row_is_found_and_named(path: Path, statement: str, found: str) -> None:
    write(path, some_steps(5))
    edit(path, statement)
    message = refused(path, JournalBroken)
    assert found in message
    assert "move the file and those beside it with the same name aside" in message


def test_damage_that_the_database_tells_in_several_lines_is_told_in_one(path: Path) -> None:
    write(path, some_steps(200))
    database = sqlite3.connect(path)
    (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'row_kind'").fetchone()
    (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    content = bytearray(path.read_bytes())
    cells = (page - 1) * size + 12
    content[cells : cells + 8] = b"\xff" * 8
    path.write_bytes(content)
    assert "the database is damaged (*** in database main ***" in refused(path, JournalBroken)


def test_a_damaged_name_in_the_schema_is_said_in_words(path: Path) -> None:
    """SQLite quotes it in its message, and Python cannot read that."""
    write(path, some_steps(5))
    name, damaged = b"indexrow_kindrow", b"indexrow\xa0kindrow"
    assert name in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(name, damaged))
    assert "the database is damaged (UnicodeDecodeError)" in refused(path, JournalBroken)


def test_a_file_that_is_no_database_is_left_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my holiday photographs\n" * 100)
    assert "this is not a journal" in refused(path, JournalBroken)
    assert path.read_text() == "my holiday photographs\n" * 100


def test_a_database_of_another_program_is_left_as_it_was(path: Path) -> None:
    path.parent.mkdir()
    edit(path, "CREATE TABLE contacts (name TEXT)")
    before = path.read_bytes()
    assert "database of another program" in refused(path, JournalBroken)
    assert path.read_bytes() == before


def test_a_journal_of_another_version_is_refused_and_kept(path: Path) -> None:
    tables = (*SCHEMA.statements, "CREATE TABLE page (number INTEGER PRIMARY KEY) STRICT")

    async def main() -> None:
        async with open_journal(path, opened_ms=T0, schema=Schema(SCHEMA.version + 1, tables)):
            pass

    asyncio.run(main())
    message = refused(path, JournalVersion)
    assert "journal of version 2, expected 1; use the Holdfast it was written by" in message


def test_a_cut_file_is_refused(path: Path) -> None:
    write(path, some_steps(200))
    whole = path.read_bytes()
    for size in (50, 4_000, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(path, JournalBroken)


def flips(path: Path, offsets: range) -> None:
    """Whatever single byte is wrong: it is refused in words, or the rows that are read are the true ones."""
    steps = some_steps(30)
    write(path, steps)
    whole = path.read_bytes()
    for offset in offsets:
        path.write_bytes(whole[:offset] + bytes((whole[offset] ^ 0x21,)) + whole[offset + 1 :])
        with suppress(JournalError):
            assert read(path) == steps, f"byte {offset}"
        for leftover in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + leftover).unlink(missing_ok=True)


def test_no_flipped_byte_gets_through(path: Path) -> None:
    flips(path, range(100))
    flips(path, range(101, 20_000, 83))


@pytest.mark.slow
def test_no_flipped_byte_anywhere_gets_through(path: Path) -> None:
    flips(path, range(0, 28_000, 3))


def test_a_commit_is_finished_even_if_its_caller_is_cancelled(path: Path) -> None:
    steps = some_steps(400)

    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            for number, step in enumerate(steps):
                journal.append(step)
                if number % 50 == 0:
                    commit = asyncio.ensure_future(journal.commit())
                    await asyncio.sleep(0)
                    commit.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await commit

    asyncio.run(main())
    assert read(path) == steps


def test_rows_are_read_while_others_are_written(path: Path) -> None:
    """A reader never sees half a commit, because it waits for the writer."""

    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            for step in some_steps(20):
                journal.append(step)
                _, rows = await asyncio.gather(
                    journal.commit(), journal.read(JournalQuery(latest=True, kind="StateChanged"))
                )
                assert rows[-1].at_ms == step.at_ms

    asyncio.run(main())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one mebibyte; making one takes the rights of root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or mount is None or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.runtime.test_journal_sqlite import T0, open_journal, some_steps

async def main():
    async with open_journal(Path(sys.argv[1]), opened_ms=T0) as journal:
        for number, step in enumerate(some_steps(20_000)):
            journal.append(step)
            if number % 7 == 6:
                await journal.commit()
                print(number + 1, flush=True)

asyncio.run(main())
"""


def test_what_was_committed_survives_a_kill(path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=root, stdout=subprocess.PIPE)
    assert child.stdout is not None
    announced = [int(child.stdout.readline()) for _ in range(20)]
    child.kill()
    announced += [int(line) for line in child.stdout]
    child.wait()
    child.stdout.close()
    back = read(path)
    assert len(back) >= announced[-1]
    assert back == some_steps(len(back))
    assert len(back) % 7 == 0


async def fill(journal: SqliteJournal, number: int = 3_000) -> list[Step]:
    """Commit ten steps at a time until there is no room; the steps that were committed."""
    steps = some_steps(number)
    for start in range(0, number, 10):
        for step in steps[start : start + 10]:
            journal.append(step)
        try:
            await journal.commit()
        except JournalFull:
            return steps[:start]
    raise AssertionError("it never was full")


def test_a_full_disk_is_an_error_with_a_remedy_and_writes_nothing_by_half(small_disk: Path) -> None:
    path = small_disk / "journal.db"
    committed: list[Step] = []

    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            committed.extend(await fill(journal))
            await journal.commit()

    with pytest.raises(JournalFull) as error:
        asyncio.run(main())
    assert str(error.value) == (
        f"{path}: the disk is full; free some space and start again; nothing is half-written"
    )
    assert len(committed) > 10
    assert read(path) == committed


def test_the_log_has_its_length_before_the_first_action(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            log = path.with_name(path.name + "-wal")
            length = log.stat().st_size
            for step in some_steps(50):
                journal.append(step)
                await journal.commit()
            assert log.stat().st_size == length

    asyncio.run(main())
    assert read(path) == some_steps(50)


def test_a_new_journal_on_a_full_disk_leaves_nothing_behind(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(1024 * 1024 - 16 * 1024))
    path = small_disk / "journal.db"
    with pytest.raises(JournalFull, match="the disk is full"):
        write(path, [])
    assert [file.name for file in small_disk.iterdir()] == ["ballast"]


def test_when_there_is_room_again_the_same_commit_succeeds(path: Path) -> None:
    committed: list[Step] = []

    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            await journal._database.execute("PRAGMA max_page_count = 40")
            committed.extend(await fill(journal))
            with pytest.raises(JournalFull):
                await journal.commit()
            await journal._database.execute("PRAGMA max_page_count = 100000")
            await journal.commit()

    asyncio.run(main())
    assert read(path) == some_steps(len(committed) + 10)


def test_a_failure_other_than_a_full_disk_is_final(path: Path) -> None:
    async def main() -> None:
        async with open_journal(path, opened_ms=T0) as journal:
            await journal._database.execute("DROP TABLE head")
            journal.append(some_steps(1)[0])
            for _ in range(2):
                with pytest.raises(JournalError, match="no such table: head"):
                    await journal.commit()

    asyncio.run(main())


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"/file: this is a file; name a folder"):
        write(tmp_path / "file" / "journal.db", [])
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalError, match=r"journal\.db: Is a directory; check the path"):
        write(tmp_path / "journal.db", [])
