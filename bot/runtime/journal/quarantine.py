"""The journal of a guard: sealed, with epochs that never come again, and set aside where it is damaged.

A bot that does not start protects nobody, and a damaged journal is evidence. So the files are renamed, never
deleted, and a new journal begins with a note of it; what the bot may do without its memory is for whoever
reads that note. If the process ends between the two, the files that lie there tell the next start.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bot.runtime.journal.port import Journal, JournalBroken, JournalForeign, JournalQuery
from bot.runtime.journal.rows import Note
from bot.runtime.journal.seal import SUFFIX
from bot.runtime.journal.sqlite import SqliteJournal, open_journal

KIND = "Quarantined"
"""The kind of the note that tells of a memory that was lost: of a journal that was damaged, mostly."""
_MARK = ".damaged-"
_BESIDE = (SUFFIX, "-wal", "-shm", "-journal")


@asynccontextmanager
async def guarding_journal(
    path: Path, *, opened_ms: int, say: Callable[[str], None]
) -> AsyncIterator[SqliteJournal]:
    """The journal at ``path``, or a new one where that is damaged; people are told in one line.

    An epoch is no less than the time of its opening in seconds, so that no journal that is lost, or an old
    copy, ever gives a client id for the second time. ``JournalError`` for what a new file cannot help.
    """
    async with AsyncExitStack() as stack:
        try:
            journal = await stack.enter_async_context(_opened(path, opened_ms, ""))
        except JournalForeign:
            raise
        except JournalBroken as error:
            aside = set_aside(path, opened_ms)
            say(f"{error.place}: {error.found}; it is kept as {aside.name}, and a new journal begins")
            journal = await stack.enter_async_context(_opened(path, opened_ms, error.found))
        yield journal


async def is_without_memory(journal: Journal) -> bool:
    """Whether a memory was lost before this journal, or in it."""
    return bool(await journal.read(JournalQuery(kind=KIND, limit=1)))


def set_aside(path: Path, at_ms: int) -> Path:
    """Rename a damaged journal and what belongs to it; where it is now.

    The journal itself goes first: without its log it would look whole, and be an older one.
    """
    aside = _free(path, at_ms)
    for suffix in ("", *_BESIDE):
        old = path.with_name(path.name + suffix)
        if old.exists():
            old.rename(aside.with_name(aside.name + suffix))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def kept_aside(path: Path) -> list[str]:
    """The names of the damaged journals that were kept, without what lies beside each, oldest first."""
    found = (file.name for file in path.parent.glob(f"{path.name}{_MARK}*"))
    return sorted({_whose(name) for name in found})


def _opened(path: Path, opened_ms: int, because: str) -> AbstractAsyncContextManager[SqliteJournal]:
    return open_journal(
        path,
        opened_ms=opened_ms,
        least_epoch=opened_ms // 1000,
        sealed=True,
        notes=tuple(_notes(path, opened_ms, because)),
    )


def _whose(name: str) -> str:
    """The journal that a file belongs to, by their names."""
    return next((name.removesuffix(suffix) for suffix in _BESIDE if name.endswith(suffix)), name)


def _free(path: Path, at_ms: int) -> Path:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    for number in count(1):
        more = f"-{number}" if number > 1 else ""
        aside = path.with_name(f"{path.name}{_MARK}{moment}{more}")
        if not any(aside.with_name(aside.name + suffix).exists() for suffix in ("", *_BESIDE)):
            return aside
    raise AssertionError("counting never ends")


def _notes(path: Path, opened_ms: int, because: str) -> Iterator[Note]:
    """What a new journal begins with, beside one that was set aside."""
    names = kept_aside(path)
    if names and not (path.is_file() and path.stat().st_size > 0):
        yield Note(KIND, {"kept": names[-1], "because": because}, opened_ms)
