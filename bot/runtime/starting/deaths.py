"""Notices a bot that is started again and again because it dies each time.

Whoever supervises it starts it anew for as long as it takes, and must. But what makes it die may be what
makes it act, and each new life begins without knowing what is wrong. So a bot that has died too often of late
spends nothing: it reduces, until a person has looked.
"""

from __future__ import annotations

from itertools import pairwise

from bot.runtime.journal import Journal, JournalQuery
from bot.runtime.journal.port import PAGE

WITHIN_MS = 600_000
"""What counts as of late."""
KIND = "DiedOften"
"""The kind of the note that tells of it."""


async def deaths(journal: Journal, now_ms: int) -> int:
    """How many runs that began of late guarded and did not end in order.

    A start that never came to guard is none: while an exchange cannot be reached, there are many of those.
    """
    since_ms = now_ms - WITHIN_MS
    found: list[tuple[int, str]] = []
    for kind in ("Started", "Stopped"):
        query = JournalQuery(kind=kind, since_ms=since_ms, latest=True, limit=PAGE)
        found += [(row.seq, kind) for row in await journal.read(query)]
    kinds = [kind for _, kind in sorted(found)]
    ended = sum(pair == ("Started", "Stopped") for pair in pairwise(kinds))
    return kinds.count("Started") - ended


async def died_often(journal: Journal, now_ms: int, limit: int) -> str:
    """That it died ``limit`` times of late or more often, noted in the journal too; empty if it did not."""
    died = await deaths(journal, now_ms)
    if died < limit:
        return ""
    text = (
        f"{died} runs of the last {WITHIN_MS // 60_000} minutes did not end in order: "
        "only exits and stops are sent until holdfast acknowledge"
    )
    journal.note(KIND, {"because": text}, now_ms)
    await journal.commit()
    return text
