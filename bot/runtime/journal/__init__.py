"""The journal: the port, and what it is kept in.

The one in a file is imported from ``bot.runtime.journal.sqlite`` by those who need it, so that a replay
in memory does not wait for a database library.
"""

from bot.runtime.journal.memory import MemoryJournal
from bot.runtime.journal.port import (
    PAGE,
    Journal,
    JournalBroken,
    JournalBusy,
    JournalError,
    JournalForeign,
    JournalFull,
    JournalMissing,
    JournalQuery,
    JournalRow,
    JournalVersion,
    Part,
)

__all__ = [
    "PAGE",
    "Journal",
    "JournalBroken",
    "JournalBusy",
    "JournalError",
    "JournalForeign",
    "JournalFull",
    "JournalMissing",
    "JournalQuery",
    "JournalRow",
    "JournalVersion",
    "MemoryJournal",
    "Part",
]
