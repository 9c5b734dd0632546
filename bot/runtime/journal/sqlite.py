"""The journal in an SQLite file: one connection, one transaction per commit, safe when ``commit`` returns.

The library keeps the connection in a thread that outlives a crash of the program unless the connection is
closed, and then the process never ends. So a journal is only ever opened by ``async with``.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from bot.core.step import Step
from bot.runtime.journal.port import (
    JournalBroken,
    JournalBusy,
    JournalError,
    JournalFull,
    JournalMissing,
    JournalQuery,
    JournalRow,
)
from bot.runtime.journal.rows import OPENED, Entry, Head, Note, row_from, rows_after, steps_from
from bot.runtime.journal.schema import (
    SCHEMA,
    Contents,
    Epoch,
    Schema,
    prepare,
    refuse_foreign_file,
    verify,
)
from bot.runtime.journal.seal import ASIDE, Seal, digest_of, read_seal, refuse_lost, seal_of

PENDING_MAX = 500_000
"""Entries that may wait for a commit. More means that nobody commits."""
_FETCH = 2_000
_BUSY_WAIT_S = 1.0
_LOG_BYTES = 5 * 1024 * 1024
"""What the write-ahead log grows to before SQLite begins again at its start: a thousand pages and some."""
_SPARE = 4
"""The log is given its length where this many times as much is free."""
_NO_ROOM = 64 * 1024
"""Below this much free space an unexplained write error is a full disk."""

_FILES = ("", "-wal", "-journal", "-seal")
"""What may lie beside a journal, and the journal itself, by the ends of their names."""

T = TypeVar("T")


class Database(aiosqlite.Connection):
    """A connection that can do several things in one go.

    Each ``await`` of the library hands over to its thread and back, and on a busy machine either way may wait
    for a time slice: a transaction statement by statement made that six waits before an action could leave.
    """

    async def at_once(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do ``work`` with the connection, in its thread."""
        await self._execute(work, self._conn)  # type: ignore[no-untyped-call]  # the library's own way in


class SqliteJournal:
    """The journal in a file. Made by ``open_journal`` and ``read_journal``, never directly."""

    def __init__(self, database: Database, path: Path, contents: Contents, seal: Seal | None = None) -> None:
        """Take over an open connection to a verified file; ``seal`` follows what is committed."""
        self._database = database
        self._path = path
        self._epochs = contents.epochs
        self._head = contents.head
        self._seal = seal
        self._pending: list[Entry] = []
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._failure: JournalError | None = None
        self._closed = False

    @property
    def epoch(self) -> int:
        """Given by the file itself."""
        return self._epochs[-1].number if self._epochs else 0

    @property
    def played(self) -> int:
        """The latest epoch with committed steps; the present one where there are none at all."""
        begun = [epoch.number for epoch in self._epochs if epoch.step < self._head.step]
        return max(begun, default=self.epoch)

    def append(self, step: Step) -> None:
        """Keep a reference until the commit."""
        assert len(self._pending) < PENDING_MAX, f"{PENDING_MAX} entries wait for a commit"
        self._pending.append(step)

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        """Keep a copy until the commit."""
        self._pending.append(Note(kind, dict(body), at_ms))

    async def commit(self) -> None:
        """Write in one transaction, synced. After a full disk it may be tried again, else it may not."""
        if not self._pending and self._failure is None:
            return  # What is being written is pending too: nearly every mark leaves nothing to be kept.
        async with self._writing:
            await _uninterrupted(self._flush())

    async def read(self, query: JournalQuery) -> list[JournalRow]:
        """A page of committed rows. One page at a time, so that a commit waits for one at most."""
        statement, parameters = selection(query)
        rows = await self._fetch(statement, parameters)
        return rows[::-1] if query.latest else rows

    async def steps(self, epoch: int | None = None) -> AsyncIterator[Step]:
        """Read in chunks, and between them let others read and write."""
        number = self.played if epoch is None else epoch
        starts = [each.seq for each in self._epochs if each.number >= number]
        if number not in {each.number for each in self._epochs}:
            return
        after, end = (*starts, self._head.seq + 1)[:2]
        rest: list[JournalRow] = []
        while rows := await self._fetch(
            "SELECT * FROM row WHERE seq > ? AND seq < ? AND step > 0 ORDER BY seq LIMIT ?",
            (after, end, _FETCH),
        ):
            after = rows[-1].seq
            rows = rest + rows
            # The last step may go on in the next chunk.
            rest = [row for row in rows if row.step == rows[-1].step]
            for step in steps_from(rows[: -len(rest)]):
                yield step
        for step in steps_from(rest):
            yield step

    async def close(self) -> None:
        """Commit what was taken, unless the file already failed, and end the connection's thread."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._failure is None:
                await self.commit()
        finally:
            with _translated(self._path):
                await self._database.close()
        if self._seal is not None and self._failure is None:
            with _translated(self._path):
                await asyncio.to_thread(self._seal.close_over, self._head)

    async def _flush(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._pending:
            return
        entries = len(self._pending)
        rows, head = rows_after(self._head, self._pending)
        try:
            with _translated(self._path):
                await self._database.at_once(partial(_write, rows, head, self._seal))
        except JournalError as error:
            with suppress(sqlite3.Error):
                await self._database.rollback()
            # After a failed sync the next success means nothing; only a full disk leaves the file as it was.
            if not isinstance(error, JournalFull):
                self._failure = error
            raise
        self._head = head
        del self._pending[:entries]

    async def _fetch(self, statement: str, parameters: Sequence[object]) -> list[JournalRow]:
        async with self._reading, self._writing:
            with _translated(self._path):
                async with self._database.execute(statement, parameters) as cursor:
                    rows = await cursor.fetchall()
        return [row_from(row) for row in rows]


@asynccontextmanager
async def open_journal(
    path: Path,
    *,
    opened_ms: int,
    schema: Schema = SCHEMA,
    least_epoch: int = 1,
    sealed: bool = False,
    notes: Sequence[Note] = (),
) -> AsyncIterator[SqliteJournal]:
    """Open for writing, create if need be, verify, and begin a new epoch.

    The epoch is the one after the last, and ``least_epoch`` where that is more. ``sealed`` keeps a seal
    beside the file; one that is there already is kept in any case. ``notes`` are committed with the opening.

    The caller holds the lock of the data directory. On a clean exit what was taken is committed; on an
    error it is not, because nothing can have been done about it yet. Raises a ``JournalError``.
    """
    with _translated(path):
        refuse_lost(path)
    created = _create_file(path)
    try:
        async with _connected(path, schema) as (database, contents):
            with _sealing(path, wanted=sealed) as seal:
                if seal is not None:
                    with _translated(path):
                        seal.break_open(contents.head)
                last = contents.epochs[-1].number if contents.epochs else 0
                number = max(last + 1, least_epoch)
                contents.epochs.append(Epoch(number, contents.head.seq + 1, contents.head.step))
                journal = SqliteJournal(database, path, contents, seal)
                journal.note(OPENED, {"epoch": str(number)}, opened_ms)
                for note in notes:
                    journal.note(note.kind, note.body, note.at_ms)
                await journal.commit()
                with _translated(path):
                    await asyncio.to_thread(_lengthen, path.with_name(path.name + "-wal"))
                created = False
                yield journal
                await journal.close()
    finally:
        if created:
            for leftover in _FILES:
                path.with_name(path.name + leftover).unlink(missing_ok=True)


@asynccontextmanager
async def read_journal(path: Path) -> AsyncIterator[SqliteJournal]:
    """Open to read only: nothing is created, no epoch begins. The caller holds the lock all the same."""
    with _translated(path):
        refuse_lost(path)
    _refuse_missing(path)
    async with _connected(path, SCHEMA) as (database, contents):
        await database.execute("PRAGMA query_only = ON")
        yield SqliteJournal(database, path, contents)


@asynccontextmanager
async def _connected(path: Path, schema: Schema) -> AsyncIterator[tuple[Database, Contents]]:
    async with AsyncExitStack() as stack:
        with _translated(path, opening=True):
            found = read_seal(path)
            refuse_foreign_file(path)
            # Before SQLite gets to touch it: what is in a log goes into the file when that is closed.
            digest = await asyncio.to_thread(digest_of, path) if found is not None and found.digest else ""
            connect = partial(sqlite3.connect, path, isolation_level="IMMEDIATE", timeout=_BUSY_WAIT_S)
            database = Database(connect, iter_chunk_size=_FETCH)
            stack.push_async_callback((await database).close)
            await prepare(database, path, schema)
            contents = await verify(database, path, found, digest)
        yield database, contents


@contextmanager
def _sealing(path: Path, *, wanted: bool) -> Iterator[Seal | None]:
    """The seal, where there is to be one."""
    if not wanted and not seal_of(path).exists():
        yield None
        return
    with _translated(path):
        seal = Seal(path)
    try:
        yield seal
    finally:
        seal.let_go()


def _create_file(path: Path) -> bool:
    """Make an empty file that only we can read, and its folder; whether there was none."""
    with _translated(path):
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError as error:
            raise JournalError(path.parent, "this is a file", "name a folder") from error
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return path.is_file() and path.stat().st_size == 0
    return True


def _lengthen(log: Path) -> None:
    """Give the write-ahead log its full length before the first action has to be written to it.

    To overwrite is to flush data. To grow is to wait for the file system's own journal as well, which takes
    two to ten times as long. SQLite stops at the first frame whose checksum does not fit: zeros are no frame.
    A disk that is nearly full needs the room for something else.
    """
    if shutil.disk_usage(log.parent).free < _SPARE * _LOG_BYTES:
        return
    with log.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.write(bytes(max(0, _LOG_BYTES - length)))
        file.flush()
        os.fsync(file.fileno())


def _refuse_missing(path: Path) -> None:
    if not path.is_file() or path.stat().st_size == 0:
        raise JournalMissing(path, "there is no journal", "run the bot first, or name another file")


def _write(rows: Sequence[JournalRow], head: Head, seal: Seal | None, connection: sqlite3.Connection) -> None:
    """Add rows and the end of the chain after them, in one transaction, synced; then the seal follows."""
    connection.executemany("INSERT INTO row VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    connection.execute("UPDATE head SET seq = ?, hash = ?", (head.seq, head.hash))
    connection.commit()
    if seal is not None:
        seal.advance(head)


def selection(query: JournalQuery) -> tuple[str, list[object]]:
    """The statement that reads a page, and its parameters."""
    conditions = {
        "seq > ?": query.after_seq,
        "at_ms >= ?": query.since_ms,
        "symbol = ?": query.symbol,
        "rule = ?": query.rule,
        "kind = ?": query.kind,
        "instr(body, ?) > 0": query.contains,
    }
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    order = "DESC" if query.latest else "ASC"
    statement = f"SELECT * FROM row WHERE {' AND '.join(asked)} ORDER BY seq {order} LIMIT ?"  # noqa: S608  # constants only
    return statement, [*asked.values(), query.limit]


async def _uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work even when the caller is cancelled meanwhile: no transaction is left open."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()
        raise


@contextmanager
def _translated(path: Path, *, opening: bool = False) -> Iterator[None]:
    """Turn the errors of SQLite and of the system into ours, with a remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(path, error, opening=opening) from error
    except (ValueError, OverflowError) as error:
        # A damaged file has texts that are none, and the library decodes even those in its messages.
        if not opening:
            raise
        raise JournalBroken(path, f"the database is damaged ({type(error).__name__})", ASIDE) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        too_large = error.errno == errno.EFBIG
        remedy = "allow larger files (ulimit -f)" if too_large else "check the path and its rights"
        raise JournalError(path, error.strerror or str(error), remedy) from error


def _from_sqlite(path: Path, error: sqlite3.Error, *, opening: bool) -> JournalError:
    # The low byte is the primary code; the rest says more than a remedy needs.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    text = str(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return _full(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalBusy(path, "another program has the file open", "close that program and start again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
        return JournalError(
            path, text, "check the disk, the path, its rights and ulimit -f, then start again"
        )
    if opening or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalBroken(path, f"the database is damaged ({text})", ASIDE)
    return JournalError(path, text, "start again; the file is checked then")


def _full(path: Path) -> JournalFull:
    return JournalFull(path, "the disk is full", "free some space and start again; nothing is half-written")


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NO_ROOM
    except OSError:
        return False
