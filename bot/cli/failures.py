"""How a command ends when something is wrong: one clear line on stderr, and an exit code scripts can rely on.

Only what a person can act on is shortened to a line. A defect of ours keeps its traceback.
"""

from __future__ import annotations

import errno
import sys
from enum import IntEnum
from typing import IO, Any

import click


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    CONFIG = 4
    TIMEOUT = 5
    REFUSED = 6
    DANGER = 7
    INTERRUPTED = 130


class Failure(click.ClickException):
    """An error message that needs no word before it, because it begins with a file and a line."""

    def __init__(self, message: str, exit_code: int = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = int(exit_code)  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr."""
        click.echo(self.format_message(), file=file or sys.stderr)


_KNOWN = (
    ("bot.config.errors", "ConfigError", ExitCode.CONFIG),
    ("bot.venues.live.registry", "UnknownVenueError", ExitCode.USAGE),
    ("bot.lab.tapes.errors", "TapeError", ExitCode.FAILED),
    ("bot.lab.store.errors", "StoreError", ExitCode.FAILED),
    ("bot.lab.sweep.errors", "ParameterError", ExitCode.USAGE),
    ("bot.lab.sweep.errors", "SweepError", ExitCode.FAILED),
    ("bot.venues.paper.model", "PaperError", ExitCode.FAILED),
    ("bot.venues.tier_files", "TierFileError", ExitCode.FAILED),
    ("bot.runtime.errors", "ShellError", ExitCode.FAILED),
)
"""Errors that a person can act on. An exception of a module that was never imported cannot have been raised,
so nothing is imported to find out."""

_FILE_ERRORS = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EFBIG,
        errno.EISDIR,
        errno.ENOENT,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)


def failure(error: Exception) -> Failure | None:
    """The line and exit code for ``error``; None for a defect."""
    for module, name, exit_code in _KNOWN:
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return Failure(str(error), getattr(error, "exit_code", exit_code))
    if isinstance(error, OSError) and error.errno in _FILE_ERRORS:
        place = f"{error.filename}: " if error.filename else ""
        return Failure(f"{place}{error.strerror}; {_remedy(error.errno)}")
    return None


def _remedy(code: int) -> str:
    if code in {errno.ENOSPC, errno.EDQUOT}:
        return "make room on the disk and start again"
    if code == errno.EFBIG:
        return "allow larger files (ulimit -f) and start again"
    if code in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "use a place this user may write to and read from"
    if code == errno.EEXIST:
        return "a folder is wanted there, so name another path"
    return "check the path"
