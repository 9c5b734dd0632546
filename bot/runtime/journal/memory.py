"""A journal in memory, for replays and demonstrations: it costs nothing until somebody reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from bot.core.step import Step
from bot.runtime.journal.port import JournalQuery, JournalRow
from bot.runtime.journal.rows import OPENED, Entry, Head, Note, rows_after


class MemoryJournal:
    """Keeps references to what it is given and writes rows only when they are read."""

    def __init__(self, *, opened_ms: int = 0, epoch: int = 1) -> None:
        """Begin empty, as a file would: with the note of its opening."""
        self._epoch = epoch
        self._entries: list[Entry] = [Note(OPENED, {"epoch": str(epoch)}, opened_ms)]
        self._committed = 1
        self._rows: list[JournalRow] = []
        self._written = 0
        self._head = Head()
        self._closed = False

    @property
    def epoch(self) -> int:
        """As given."""
        return self._epoch

    @property
    def played(self) -> int:
        """There is only the one epoch."""
        return self._epoch

    def append(self, step: Step) -> None:
        """Keep a reference."""
        self._entries.append(step)

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        """Keep a copy, for the caller may go on using its mapping."""
        self._entries.append(Note(kind, dict(body), at_ms))

    async def commit(self) -> None:
        """Let readers see what was taken."""
        assert not self._closed, "the journal is closed"
        self._committed = len(self._entries)

    async def read(self, query: JournalQuery) -> list[JournalRow]:
        """A page of committed rows."""
        self._write()
        found = [row for row in self._rows[query.after_seq :] if query.fits(row)]
        return found[-query.limit :] if query.latest else found[: query.limit]

    async def steps(self, epoch: int | None = None) -> AsyncIterator[Step]:
        """The committed steps, the very objects that were given."""
        if epoch not in (None, self._epoch):
            return
        for entry in self._entries[: self._committed]:
            if isinstance(entry, Step):
                yield entry

    async def close(self) -> None:
        """Commit; the memory goes with the object."""
        if not self._closed:
            await self.commit()
            self._closed = True

    def _write(self) -> None:
        rows, self._head = rows_after(self._head, self._entries[self._written : self._committed])
        self._rows += rows
        self._written = self._committed
