"""Whether a store is what it says it is: hashes, order, duplicates, gaps, rows that make no sense.

A replay of damaged data teaches the wrong lesson, and a gap teaches that nothing happened. A gap within what
the exchange was asked for is known: it was asked twice and has no row there. It is a gap all the same.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from bot.lab.store.catalogue import Entry
from bot.lab.store.keeping import Store
from bot.lab.store.naming import Kept
from bot.lab.store.spans import Span, without
from bot.lab.tapes import TapeError, read_tape
from bot.venues.live.history import HOUR_MS, Series

SETTLES_MS = 8 * HOUR_MS + 60_000
"""Between two settlements of funding lie eight hours at most, at every exchange that is spoken here, and the
moments that an exchange is late."""


class Flaw(StrEnum):
    """What may be the matter with a file."""

    MISSING = "missing"
    """It is entered and not there."""
    UNKNOWN = "unknown"
    """It is there and not entered."""
    UNFINISHED = "unfinished"
    """Answers wait to be folded into it."""
    HASH = "hash"
    """Its content is not what was entered."""
    DUPLICATE = "duplicate"
    """A time is there twice."""
    DISORDER = "disorder"
    """A time comes after a later one."""
    GAP = "gap"
    """Time without a row."""
    SENSELESS = "senseless"
    """It cannot be read, or holds a row that can be no price, rate or quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, in which file below the store, and where: a line from 1, or a stretch of time.

    ``known`` is a gap that the exchange was asked about.
    """

    file: str
    flaw: Flaw
    text: str
    line: int | None = None
    span: Span | None = None
    known: bool = False


def verify(store: Store) -> Iterator[Finding]:
    """Everything that is the matter with a store, file by file."""
    entries = store.catalogue.files
    waiting = set(store.waiting())
    for file in sorted(waiting):
        yield Finding(file=file, flaw=Flaw.UNFINISHED, text="a fetch was broken off; fetch it again")
    for path in store.tapes():
        file = path.relative_to(store.folder).as_posix()
        if file not in entries and file not in waiting:
            yield Finding(file=file, flaw=Flaw.UNKNOWN, text="the catalogue does not know this tape")
    for file in sorted(name for name, entry in entries.items() if entry.rows):
        yield from _tape(store.folder / file, file, entries[file], hashed=file not in waiting)
    for file, tiers in sorted(store.catalogue.tiers.items()):
        path = store.folder / file
        if not path.exists():
            yield Finding(file=file, flaw=Flaw.MISSING, text="the file is gone; fetch it again")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != tiers.sha256:
            yield Finding(file=file, flaw=Flaw.HASH, text="not what was kept")


def _tape(path: Path, file: str, entry: Entry, *, hashed: bool) -> Iterator[Finding]:
    if not path.exists():
        yield Finding(file=file, flaw=Flaw.MISSING, text="the tape is gone; fetch it again")
        return
    try:
        with gzip.open(path) as packed:
            data = packed.read()
        times = _times(data)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        yield Finding(file=file, flaw=Flaw.SENSELESS, text=f"it cannot be read: {error}")
        return
    if hashed and hashlib.sha256(data).hexdigest() != entry.sha256:
        yield Finding(file=file, flaw=Flaw.HASH, text="not what was kept; move it away and fetch again")
    disorder = list(_disorder(file, times))
    yield from disorder
    yield from (_gap(file, span, entry) for span in gaps(entry.kept, times))
    if not disorder and times and entry.series is not Series.INTEREST:
        try:
            read_tape(path, symbol_map={})
        except TapeError as error:
            yield Finding(file=file, flaw=Flaw.SENSELESS, text=error.found, line=error.line)


def _times(data: bytes) -> list[int]:
    """The times of all rows; ValueError for a line that does not begin with one."""
    return [int(line.partition(b",")[0]) for line in data.splitlines()[1:]]


def _disorder(file: str, times: Sequence[int]) -> Iterator[Finding]:
    seen: set[int] = set()
    for line, at_ms in enumerate(times, start=2):
        if at_ms in seen:
            yield Finding(file=file, flaw=Flaw.DUPLICATE, text=f"the time {at_ms} is there twice", line=line)
        elif line > 2 and at_ms < times[line - 3]:  # noqa: PLR2004 - the second row, and the one before
            text = f"the time {at_ms} comes after {times[line - 3]}"
            yield Finding(file=file, flaw=Flaw.DISORDER, text=text, line=line)
        seen.add(at_ms)


def gaps(kept: Kept, times: Sequence[int]) -> Iterator[Span]:
    """Where a row is missing between the first and the last one."""
    step_ms = kept.timeframe_ms
    longest_ms = step_ms or SETTLES_MS
    for earlier, later in pairwise(sorted(set(times))):
        if later - earlier > longest_ms:
            yield Span(earlier + step_ms, later)


def _gap(file: str, span: Span, entry: Entry) -> Finding:
    known = not without(span, entry.spans)
    text = "the exchange was asked and has no row here" if known else "this was never fetched"
    if entry.source != "requests":
        text = "nothing was heard here"
    return Finding(file=file, flaw=Flaw.GAP, text=text, span=span, known=known)
