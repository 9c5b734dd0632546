"""The seal beside a journal: how far it was written, and once it was closed, what its bytes were.

A database can prove that what it holds belongs together, and not that its end is still there: if the file is
gone, is an older copy, or has a damaged log behind which later rows are skipped, what is left looks whole. So
the end of the chain stands in a second file too, overwritten after each commit. It costs a few microseconds,
because it is not synced: after a power cut it may be behind the journal, and is never ahead of it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from bot.runtime.journal.port import JournalBroken, JournalError
from bot.runtime.journal.rows import Head

SUFFIX = "-seal"
_MAGIC = "holdfast-seal-1"
_LENGTH = 320
"""Always the same, and less than a sector, so that it is overwritten in place and never in part."""
_PLAIN, _CLOSED = 3, 4
_CHUNK = 1024 * 1024
ASIDE = "move the file and those beside it with the same name aside for a review, then start again"
"""What a person does with a damaged journal."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal says: the last row and its hash, and what the file was as it was closed, if it was."""

    seq: int
    hash: str
    digest: str = ""


def seal_of(path: Path) -> Path:
    """Where the seal of a journal is."""
    return path.with_name(path.name + SUFFIX)


def read_seal(path: Path) -> Sealed | None:
    """The seal of the journal at ``path``; ``None`` where it has none. ``JournalBroken`` if it is damaged."""
    try:
        data = seal_of(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not data:
        return None  # Cut off before the first word of it was written.
    words = data.decode("ascii", "replace").split()
    body, check = words[:-1], words[-1:]
    whole = body[:1] == [_MAGIC] and check == [_check(body)] and data == _text(body)
    if not whole or len(body) not in (_PLAIN, _CLOSED):
        raise JournalBroken(seal_of(path), "the seal of the journal is damaged", ASIDE)
    return Sealed(int(body[1]), *body[2:])


def digest_of(path: Path) -> str:
    """The hash of all bytes of a file."""
    hashing = blake2b(digest_size=32)
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            hashing.update(data)
    return hashing.hexdigest()


def refuse_lost(path: Path) -> None:
    """``JournalBroken`` where there is no journal and something beside it shows that there was one.

    To be asked before SQLite is: it deletes a log that has no database.
    """
    if path.exists() and path.stat().st_size > 0:
        return
    sealed = read_seal(path)
    if sealed is not None and sealed.seq > 0:
        found = f"the journal is gone: its seal says that it held {sealed.seq} rows"
        raise JournalBroken(path, found, "put it back, or move its seal aside too and start again")
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise JournalBroken(path, "the journal is gone and only its log is left", ASIDE)


def refuse_other_end(path: Path, sealed: Sealed | None, end: Head, hash_there: str, digest: str) -> None:
    """``JournalBroken`` where the journal is not the one that was sealed.

    ``hash_there`` is that of the row the seal names, ``digest`` that of the file before it was opened.
    """
    if sealed is None:
        return
    if end.seq < sealed.seq:
        found = f"rows after {end.seq} are missing: its seal says that it held {sealed.seq}"
    elif hash_there != sealed.hash:
        found = f"row {sealed.seq} is not the one that was sealed: this is another journal"
    elif sealed.digest and end.seq > sealed.seq:
        found = f"there are rows after {sealed.seq}, the last when it was closed"
    elif sealed.digest and digest != sealed.digest:
        found = "the file was changed after it was closed, outside of the rows"
    else:
        return
    raise JournalBroken(path, found, ASIDE)


class Seal:
    """The seal of a journal that is being written."""

    def __init__(self, path: Path) -> None:
        """Open it, created if need be."""
        self._path = path
        self._descriptor = os.open(seal_of(path), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def advance(self, head: Head) -> None:
        """The journal has been committed up to here. A failure is final: the rows are in the file."""
        try:
            os.pwrite(self._descriptor, _text([_MAGIC, str(head.seq), head.hash]), 0)
        except OSError as error:
            found = error.strerror or str(error)
            raise JournalError(seal_of(self._path), found, "check the disk, then start again") from error

    def break_open(self, head: Head) -> None:
        """From now on the file changes: what it was when it was closed is no longer said. Synced."""
        self.advance(head)
        os.fsync(self._descriptor)

    def close_over(self, head: Head) -> None:
        """The file is closed and stays as it is: say what it is."""
        body = [_MAGIC, str(head.seq), head.hash, digest_of(self._path)]
        os.pwrite(self._descriptor, _text(body), 0)
        os.fsync(self._descriptor)

    def let_go(self) -> None:
        """Close it."""
        with suppress(OSError):
            os.close(self._descriptor)


def _text(body: list[str]) -> bytes:
    line = " ".join([*body, _check(body)])
    return f"{line:<{_LENGTH - 1}}\n".encode("ascii", "replace")


def _check(body: list[str]) -> str:
    return blake2b(" ".join(body).encode("ascii", "replace"), digest_size=16).hexdigest()
