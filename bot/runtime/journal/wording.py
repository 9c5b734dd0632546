"""What to say of a journal whose rows are whole and in words that this Holdfast does not speak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.core.codec import CodecError
from bot.runtime.journal.port import JournalVersion
from bot.runtime.journal.seal import ASIDE


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """``JournalVersion`` with the file and a remedy, where a row read inside is of another version.

    The rows are chained: one that makes no sense was written so, and by somebody who meant something else.
    """
    try:
        yield
    except CodecError as error:
        found = f"it is in the words of another Holdfast ({error})"
        raise JournalVersion(path, found, f"use the one it was written by, or {ASIDE}") from error
