"""The tables of the journal file, and how a file proves that it is one.

A file is ours by its application id, readable by its version, and unharmed by SQLite's own check and by the
chain of hashes. ``head`` repeats the end of the chain, because a chain alone cannot show that its last rows
are missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import aiosqlite

from bot.runtime.journal.port import JournalBroken, JournalError, JournalForeign, JournalVersion
from bot.runtime.journal.rows import OPENED, Head, chained
from bot.runtime.journal.seal import ASIDE, Sealed, refuse_other_end

APPLICATION_ID = 0x484F4C44
"""``HOLD`` in ASCII."""
_SQLITE_MAGIC = b"SQLite format 3\x00"
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one version of the journal; another version is one that has other tables."""

    version: int
    statements: tuple[str, ...]


SCHEMA = Schema(
    version=1,
    statements=(
        """CREATE TABLE row (
            seq INTEGER PRIMARY KEY,
            step INTEGER NOT NULL,
            part TEXT NOT NULL,
            kind TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            account TEXT,
            symbol TEXT,
            rule TEXT,
            body TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX row_symbol ON row (symbol) WHERE symbol IS NOT NULL",
        "CREATE INDEX row_rule ON row (rule) WHERE rule IS NOT NULL",
        # Rare kinds lie far apart among a million prices, and who looks for them holds up the next commit.
        "CREATE INDEX row_kind ON row (kind)",
        "CREATE INDEX row_kind_symbol ON row (kind, symbol) WHERE symbol IS NOT NULL",
        "CREATE INDEX row_rule_kind ON row (rule, kind) WHERE rule IS NOT NULL",
        """CREATE TABLE head (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            seq INTEGER NOT NULL,
            hash TEXT NOT NULL
        ) STRICT""",
    ),
)


@dataclass(slots=True)
class Contents:
    """What a verified file holds: the end of its chain, and where each epoch began."""

    head: Head
    epochs: list[Epoch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One opening for writing: its number, its first row, and the last step before it."""

    number: int
    seq: int
    step: int


def refuse_foreign_file(path: Path) -> None:
    """``JournalBroken`` for a file that is no database, before SQLite gets to touch it."""
    with path.open("rb") as file:
        start = file.read(len(_SQLITE_MAGIC))
    if start and start != _SQLITE_MAGIC:
        raise JournalBroken(path, "this is not a journal", "name another file or " + ASIDE)


async def prepare(database: aiosqlite.Connection, path: Path, schema: Schema) -> None:
    """Make sure of whose file it is, switch it to safe writing, and create the tables in an empty one."""
    await _pragma(database, "locking_mode = EXCLUSIVE")
    application_id = await _pragma(database, "application_id")
    version = await _pragma(database, "user_version")
    tables = await _one(database, "SELECT count(*) FROM sqlite_master")
    empty = (application_id, version, tables) == (0, 0, 0)
    if not empty and application_id != APPLICATION_ID:
        ours = await _one(database, "SELECT count(*) FROM sqlite_master WHERE name IN ('row', 'head')")
        if ours:
            raise JournalBroken(path, "the database is damaged (its name is not ours)", ASIDE)
        raise JournalForeign(path, "this is a database of another program", "name another file")
    described = await _described(database)
    as_expected = described == sorted(map(_description, schema.statements))
    if not empty and version != schema.version:
        if as_expected:
            found = f"the database is damaged (its version is {version}, its tables are of {schema.version})"
            raise JournalBroken(path, found, ASIDE)
        raise JournalVersion(
            path,
            f"journal of version {version}, expected {schema.version}",
            f"use the Holdfast it was written by, or {ASIDE}",
        )
    # Without the file lock of EXCLUSIVE, which also replaces the shared-memory file, a second connection
    # could meet the published WAL race; without FULL a power cut could lose an action that was sent.
    mode = await _pragma(database, "journal_mode = WAL")
    await _pragma(database, "synchronous = FULL")
    synchronous = await _pragma(database, "synchronous")
    if (mode, synchronous) != ("wal", 2):
        raise JournalError(
            path,
            f"cannot write safely here: journal_mode {mode}, synchronous {synchronous}, expected wal and 2",
            "put the data directory on a local disk",
        )
    if empty:
        await _create(database, schema)
    elif not as_expected:
        raise JournalBroken(path, "the database is damaged (its tables are other ones)", ASIDE)


def _description(statement: str) -> tuple[str, str, str, str]:
    """How SQLite keeps what a statement makes: its sort, its name, whose it is, and the statement."""
    _, sort, name, *rest = statement.split()
    return sort.lower(), name, rest[1] if rest[0] == "ON" else name, statement


async def _described(database: aiosqlite.Connection) -> list[tuple[str, str, str, str]]:
    """The tables and indices of the file."""
    statement = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    async with database.execute(statement) as cursor:
        return sorted(tuple(row) for row in await cursor.fetchall())


async def _create(database: aiosqlite.Connection, schema: Schema) -> None:
    await database.execute("BEGIN IMMEDIATE")
    for statement in schema.statements:
        await database.execute(statement)
    await database.execute("INSERT INTO head VALUES (1, 0, ?)", (Head().hash,))
    await _pragma(database, f"application_id = {APPLICATION_ID}")
    await _pragma(database, f"user_version = {schema.version}")
    await database.commit()


async def verify(database: aiosqlite.Connection, path: Path, sealed: Sealed | None, digest: str) -> Contents:
    """Read the whole file and follow the chain; ``JournalBroken`` names the first row that does not fit.

    ``digest`` is that of the file before anybody opened it, and matters where ``sealed`` says what it was.
    """
    finding = await _pragma(database, "integrity_check(1)")
    if finding != "ok":
        raise JournalBroken(path, f"the database is damaged ({finding})", ASIDE)
    contents = Contents(Head())
    seq, step, hash_ = 0, 0, contents.head.hash
    hash_there = ""
    async with database.execute("SELECT * FROM row ORDER BY seq") as cursor:
        while rows := await cursor.fetchmany(_CHUNK):
            for row in rows:
                seq += 1
                if row[0] != seq:
                    raise JournalBroken(path, f"row {seq} is missing", ASIDE)
                hash_ = chained(hash_, row[:9])
                if row[9] != hash_:
                    raise JournalBroken(path, f"row {seq} is not what was written", ASIDE)
                if row[2] == "note" and row[3] == OPENED:
                    contents.epochs.append(Epoch(int(json.loads(row[8])["epoch"]), seq, step))
                if sealed is not None and seq == sealed.seq:
                    hash_there = hash_
                step = max(step, row[1])
    contents.head = Head(seq, step, hash_)
    async with database.execute("SELECT seq, hash FROM head") as cursor:
        heads = [tuple(row) for row in await cursor.fetchall()]
    if heads != [(seq, hash_)]:
        raise JournalBroken(path, f"rows after {seq} are missing", ASIDE)
    refuse_other_end(path, sealed, contents.head, hash_there, digest)
    return contents


async def _pragma(database: aiosqlite.Connection, pragma: str) -> object:
    return await _one(database, f"PRAGMA {pragma}")


async def _one(database: aiosqlite.Connection, statement: str) -> object:
    async with database.execute(statement) as cursor:
        row = await cursor.fetchone()
    return row[0] if row else None
