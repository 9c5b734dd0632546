"""One process per folder: two bots on one account undo each other's work, two fetches each other's tape.

The lock is the kernel's, so it ends with the process however that ends. The file stays behind and means
nothing by itself; its text is the process id of the last holder, for messages.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.runtime.errors import BUSY, ShellError

LOCK_FILE = "holdfast.lock"
_OTHERWISE = "name a file in another folder as journal.path"


class AlreadyRunning(ShellError):  # noqa: N818  # it says what is the matter
    """Another process holds the data directory; ``pid`` is its number where it could be read."""

    exit_code = BUSY

    def __init__(self, data_dir: Path, pid: int | None, otherwise: str = _OTHERWISE) -> None:
        """Name the directory, the process, and what to do ``otherwise`` than stopping it."""
        self.pid = pid
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            data_dir,
            f"{who} is already running here",
            f"stop it, or {otherwise}",
        )


@contextmanager
def hold(data_dir: Path, otherwise: str = _OTHERWISE) -> Iterator[None]:
    """Hold ``data_dir``, created if need be; ``AlreadyRunning`` where another process has it."""
    path = data_dir / LOCK_FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        found = error.strerror or str(error)
        raise ShellError(data_dir, found, "name a folder this user may write to") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(data_dir, _holder(descriptor), otherwise) from None
        except OSError as error:
            raise _unlockable(path, error) from error
        # The number is for messages only; a full disk must not keep us from holding the lock.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> int | None:
    """The number in the file; none if the holder has not come to write it yet."""
    text = os.pread(descriptor, 20, 0)
    return int(text) if text.isdigit() else None


def _unlockable(path: Path, error: OSError) -> ShellError:
    found = error.strerror or str(error)
    if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):
        found = "this file system has no locks"
    return ShellError(path, found, "put the data directory on a local disk")
