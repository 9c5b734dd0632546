"""The journal as the rest of the shell sees it, whatever it is kept in.

It holds every evaluated fact, the swallowed facts an evaluation looked at, every decision, and notes about
the run itself. Rows are chained by hash, so that none can change, vanish or appear unseen. What ``append``
and ``note`` took is safe only once ``commit`` has returned; only then may an action be carried out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from bot.core.step import Step
from bot.runtime.errors import ShellError

PAGE = 200
"""Rows in the largest page: reading must never keep an action waiting for its commit."""


class Part(StrEnum):
    """What a row is."""

    SWALLOWED = "swallowed"
    """A mark inside the tripwire that a later evaluation looked at."""
    FACT = "fact"
    DECISION = "decision"
    NOTE = "note"
    """About the run: it began, ended, crashed."""


class JournalRow(NamedTuple):
    """One row. ``seq`` counts rows and ``step`` engine steps from 1, over all runs; a note has step 0.

    ``at_ms`` is the time of the step; a fact's own time is in ``body``, the text of the codec (a flat JSON
    object for a note). ``hash`` covers this row and, through its predecessor's, every row before it.
    """

    seq: int
    step: int
    part: Part
    kind: str
    at_ms: int
    account: str | None
    symbol: str | None
    rule: str | None
    body: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which committed rows to read: all conditions hold, rows come in the order they were written.

    The page holds the first ``limit`` rows (at most 200) after ``after_seq``; with ``latest`` the last ones.
    ``contains`` is looked for in the text of the body, as it is written.
    """

    since_ms: int | None = None
    symbol: str | None = None
    rule: str | None = None
    kind: str | None = None
    contains: str | None = None
    after_seq: int = 0
    limit: int = PAGE
    latest: bool = False

    def __post_init__(self) -> None:
        """Keep pages small; callers at a door check first and answer in words."""
        assert 1 <= self.limit <= PAGE, f"limit {self.limit}, expected 1 to {PAGE}"

    def fits(self, row: JournalRow) -> bool:
        """Whether a row answers it, page and order aside."""
        return (
            (self.since_ms is None or row.at_ms >= self.since_ms)
            and (self.symbol is None or row.symbol == self.symbol)
            and (self.rule is None or row.rule == self.rule)
            and (self.kind is None or row.kind == self.kind)
            and (self.contains is None or self.contains in row.body)
        )


class Journal(Protocol):
    """Where steps go before anything is done about them."""

    @property
    def epoch(self) -> int:
        """Number of this opening for writing, from 1; it travels in every client id."""
        ...

    def append(self, step: Step) -> None:
        """Take a step; it is not safe before ``commit``."""
        ...

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        """Take a row about the run; ``kind`` is a word such as ``Started``."""
        ...

    async def commit(self) -> None:
        """Make what was taken safe, whole or not at all. ``JournalFull`` leaves it taken and unwritten."""
        ...

    async def read(self, query: JournalQuery) -> list[JournalRow]:
        """A page of committed rows."""
        ...

    @property
    def played(self) -> int:
        """The latest epoch with committed steps; the present one where there are none at all."""
        ...

    def steps(self, epoch: int | None = None) -> AsyncIterator[Step]:
        """The committed steps of an epoch, by default of ``played``: what an engine is fed again."""
        ...

    async def close(self) -> None:
        """Commit what was taken and let go of the storage; a second call does nothing."""
        ...


class JournalError(ShellError):
    """The journal cannot be used."""

    def __init__(self, path: Path | str, found: str, remedy: str) -> None:
        """Name the file, what was found in it and what to do."""
        super().__init__(path, found, remedy)


class JournalBroken(JournalError):  # noqa: N818  # it says what is the matter
    """The file is not what was written: cut, changed, or not a journal at all."""


class JournalForeign(JournalBroken):
    """The file belongs to another program: it is no journal, and nobody's to be moved."""


class JournalVersion(JournalError):  # noqa: N818  # it says what is the matter
    """The file was written by another version of Holdfast."""


class JournalFull(JournalError):  # noqa: N818  # it says what is the matter
    """No room left; what was being committed is not in the file, not even in part."""


class JournalBusy(JournalError):  # noqa: N818  # it says what is the matter
    """Another program has the file open."""


class JournalMissing(JournalError):  # noqa: N818  # it says what is the matter
    """There is no journal to read."""
