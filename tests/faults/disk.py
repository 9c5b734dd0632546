"""A journal on a simulated disk: it outlives the program that writes it, and may be full or broken.

What a commit had not yet brought to the disk is lost with the program, or is there as a whole: that a
transaction is never there in part is SQLite's promise and tried elsewhere, against the real one. Rows are
chained as in every journal.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from operator import attrgetter

from bot.core.step import Step
from bot.runtime.journal import JournalError, JournalFull, JournalQuery, JournalRow
from bot.runtime.journal.rows import OPENED, Entry, Head, Note, rows_after, steps_from

NAME = "the simulated disk"
_SEQ = attrgetter("seq")


class Trouble(StrEnum):
    """What is the matter with a disk."""

    FULL = "full"
    BROKEN = "broken"
    """Every write ends with an error; what it wrote is not there."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """An opening for writing: its row, and the last step before it."""

    seq: int
    step: int


@dataclass(slots=True)
class Disk:
    """What outlives a program. ``took_ms`` is how long it takes to bring something to the disk."""

    took_ms: Callable[[], float] = lambda: 0.0
    lucky: Callable[[], bool] = lambda: False
    """Asked of a transaction that was on its way when the program was killed: whether it is there."""
    trouble: Trouble | None = None
    failed: Callable[[Trouble], None] = lambda _: None
    """Told of each commit that failed."""
    safe: Callable[[JournalRow], None] = lambda _: None
    """Told of the last row whenever a commit returns."""
    rows: list[JournalRow] = field(default_factory=list)
    head: Head = field(default_factory=Head)
    on_its_way: tuple[list[JournalRow], Head] | None = None
    epochs: list[Epoch] = field(default_factory=list)
    _by_kind: dict[str, list[JournalRow]] = field(default_factory=dict)
    """Rows as they were kept, for those who ask for one kind alone."""
    _step: int = 0

    def lose_power(self) -> None:
        """The program is gone; so is what it had not brought to the disk, or it is there as a whole."""
        if self.on_its_way is not None and self.lucky():
            self._keep(*self.on_its_way)
        self.on_its_way = None

    async def write(self, entries: list[Entry]) -> None:
        """Bring entries to the disk; they are safe when this returns."""
        if self.trouble is Trouble.FULL:
            self.failed(self.trouble)
            raise JournalFull(NAME, "no room is left", "make room")
        if self.trouble is Trouble.BROKEN:
            self.failed(self.trouble)
            raise JournalError(NAME, "disk I/O error", "look at the disk")
        rows, head = rows_after(self.head, entries)
        self.on_its_way = rows, head
        await asyncio.sleep(self.took_ms() / 1000)
        self.on_its_way = None
        self._keep(rows, head)
        if rows:
            self.safe(rows[-1])

    def _keep(self, rows: list[JournalRow], head: Head) -> None:
        for row in rows:
            if row.kind == OPENED:
                self.epochs.append(Epoch(row.seq, self._step))
            self._step = max(self._step, row.step)
            self._by_kind.setdefault(row.kind, []).append(row)
        self.rows.extend(rows)
        self.head = head

    def of_kind(self, kind: str | None) -> Sequence[JournalRow]:
        """The rows of one kind, or all, in their order."""
        return self.rows if kind is None else self._by_kind.get(kind, ())


class SimJournal:
    """The journal on a simulated disk. Made by ``open_journal``."""

    def __init__(self, disk: Disk) -> None:
        """Take over a disk with the note of this opening on it."""
        self._disk = disk
        self._pending: list[Entry] = []
        self._writing = asyncio.Lock()
        self._failure: JournalError | None = None
        self._closed = False
        self._epochs = list(disk.epochs)

    @property
    def epoch(self) -> int:
        return len(self._epochs)

    @property
    def played(self) -> int:
        begun = [n for n, epoch in enumerate(self._epochs, start=1) if epoch.step < self._disk.head.step]
        return max(begun, default=self.epoch)

    def append(self, step: Step) -> None:
        self._pending.append(step)

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        self._pending.append(Note(kind, dict(body), at_ms))

    async def commit(self) -> None:
        assert not self._closed, "the journal is closed"
        if not self._pending and self._failure is None:
            return
        async with self._writing:
            loop = asyncio.get_running_loop()
            writing, over = loop.create_task(self._flush()), loop.create_future()
            writing.add_done_callback(partial(_tell, over))
            try:
                await over
            except asyncio.CancelledError:
                # What was begun is ended, as with a real disk, even where nobody waits for it any more.
                await asyncio.wait((writing,))
                raise
            writing.result()

    async def _flush(self) -> None:
        if self._failure is not None:
            raise self._failure
        taken = list(self._pending)
        if not taken:
            return
        try:
            await self._disk.write(taken)
        except JournalError as error:
            # After a failed sync the next success means nothing; only a full disk is as it was.
            if not isinstance(error, JournalFull):
                self._failure = error
            raise
        del self._pending[: len(taken)]

    async def read(self, query: JournalQuery) -> list[JournalRow]:
        rows = self._disk.of_kind(query.kind)
        if query.latest:
            found: list[JournalRow] = []
            for row in reversed(rows):
                if row.seq <= query.after_seq or len(found) == query.limit:
                    break
                if query.fits(row):
                    found.append(row)
            return found[::-1]
        later = rows[bisect_right(rows, query.after_seq, key=_SEQ) :]
        return [row for row in later if query.fits(row)][: query.limit]

    async def steps(self, epoch: int | None = None) -> AsyncIterator[Step]:
        number = self.played if epoch is None else epoch
        if not 1 <= number <= len(self._epochs):
            return
        start = self._epochs[number - 1].seq
        end = self._epochs[number].seq if number < len(self._epochs) else len(self._disk.rows) + 1
        for step in steps_from(self._disk.rows[start : end - 1]):
            yield step

    async def close(self) -> None:
        if self._closed:
            return
        if self._failure is None:
            await self.commit()
        self._closed = True


def _tell(over: asyncio.Future[None], writing: asyncio.Task[None]) -> None:
    """Say that it is over; nobody may be there to hear that it failed."""
    writing.exception()
    if not over.done():
        over.set_result(None)


@asynccontextmanager
async def open_journal(disk: Disk, *, opened_ms: int) -> AsyncIterator[SimJournal]:
    """Open for writing: with a note of it, which is on the disk when the block begins."""
    epoch = 1 + len(disk.epochs)
    await disk.write([Note(OPENED, {"epoch": str(epoch)}, opened_ms)])
    journal = SimJournal(disk)
    yield journal
    # Not after an error: nothing can have been done yet about what was not committed.
    await journal.close()
