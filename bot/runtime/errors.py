"""What ends a run on purpose: every failure a person can act on is one line and an exit code.

A line says where (file, row, socket), what was found, and what to do about it, in that order.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

FAILED = 1
USAGE = 2
"""Somebody named what is not there."""
CONFIG = 4
"""The configuration is not usable as it stands."""
REFUSED = 6
"""A limit or the state of the account forbids it."""
CRASHED = 70
"""A defect or a broken promise of the machine; the supervisor may start us again (EX_SOFTWARE)."""
HUNG = 71
"""The loop stood still and could not be waited for any longer; to be started again."""
SPENT = 72
"""It ended in order because it used up too much of the machine; to be started again."""
BUSY = 75
"""Another instance is at work; trying again later may help (EX_TEMPFAIL)."""


class ShellError(Exception):
    """A failure with a place, a finding and a remedy; ``exit_code`` is what the process ends with."""

    exit_code: ClassVar[int] = FAILED

    def __init__(self, place: Path | str, found: str, remedy: str) -> None:
        """Keep the three parts apart for callers and join them, without line breaks, for people."""
        self.place = place
        self.found = found
        self.remedy = remedy
        super().__init__(" ".join(f"{place}: {found}; {remedy}".split()))


def one_line(error: BaseException) -> str:
    """An error as one line: its kind where the text alone would not say it, no line breaks."""
    text = str(error) if isinstance(error, ShellError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
