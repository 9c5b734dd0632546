"""What is kept of alerts over restarts: notes in the journal, and reading them again.

Each matter that people are to hear of is a note when it becomes news, and so is each message, acknowledgement
and end. A run begins with what the last one left open: untold, or told and seen by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Protocol

from bot.core.intents import Level
from bot.runtime.alerts.desk import Telling
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.thread import Thread
from bot.runtime.alerts.wording import position
from bot.runtime.journal import Journal, JournalQuery, JournalRow

NOTICED, TOLD, ACKNOWLEDGED = "Alert", "AlertTold", "AlertAcknowledged"
KEPT_MS = 3 * 24 * 60 * 60_000
"""What is older and was not settled is no alert any more, but history."""


class Notes(Protocol):
    """What of the journal is written to here."""

    def note(self, kind: str, body: Mapping[str, str], at_ms: int) -> None:
        """Take a row about the run."""
        ...


def keep_noticed(journal: Notes, thread: Thread, now_ms: int) -> None:
    """A matter became news."""
    notice = thread.notice
    body = {
        "number": str(thread.number),
        "key": notice.key,
        "state": notice.state,
        "level": notice.level.value,
        "text": notice.text,
        "about": "" if notice.about is None else str(notice.about),
        "lasts": "yes" if notice.lasts else "",
        "over": "yes" if notice.over else "",
        "since_ms": str(thread.since_ms),
    }
    journal.note(NOTICED, body, now_ms)


def keep_told(journal: Notes, telling: Telling, now_ms: int, *, took_ms: int, wrong: str) -> None:
    """What became of a message, and how long that took."""
    body = {
        "channel": telling.channel,
        "numbers": " ".join(str(thread.number) for thread in telling.threads),
        "took_ms": str(took_ms),
        "wrong": wrong,
    }
    journal.note(TOLD, body, now_ms)


def keep_acknowledged(journal: Notes, numbers: Iterable[int], by: str, now_ms: int) -> None:
    """Somebody has seen these matters."""
    journal.note(ACKNOWLEDGED, {"numbers": " ".join(map(str, numbers)), "by": by}, now_ms)


async def recalled(journal: Journal, now_ms: int) -> list[Thread]:
    """Every matter that earlier runs told of, as it was left, in the order of their numbers."""
    threads: dict[int, Thread] = {}
    for row in await _rows(journal, now_ms - KEPT_MS):
        body: dict[str, str] = json.loads(row.body)
        if row.kind == NOTICED:
            _noticed(threads, row.at_ms, body)
            continue
        for thread in (threads[number] for number in _numbers(body) if number in threads):
            if row.kind == ACKNOWLEDGED:
                thread.acknowledged_by = body["by"]
            elif not body["wrong"]:
                thread.told_ms[body["channel"]] = row.at_ms
    return [threads[number] for number in sorted(threads)]


async def _rows(journal: Journal, since_ms: int) -> list[JournalRow]:
    rows: list[JournalRow] = []
    for kind in (NOTICED, TOLD, ACKNOWLEDGED):
        page = await journal.read(JournalQuery(kind=kind, since_ms=since_ms))
        while page:
            rows += page
            after = page[-1].seq
            page = await journal.read(JournalQuery(kind=kind, since_ms=since_ms, after_seq=after))
    return sorted(rows, key=lambda row: row.seq)


def _noticed(threads: dict[int, Thread], at_ms: int, body: Mapping[str, str]) -> None:
    notice = Notice(
        at_ms=at_ms,
        key=body["key"],
        state=body["state"],
        level=Level(body["level"]),
        text=body["text"],
        about=position(body["about"]),
        lasts=bool(body["lasts"]),
        over=bool(body["over"]),
    )
    number = int(body["number"])
    known = threads.get(number)
    if known is None:
        threads[number] = Thread(
            number=number, notice=notice, since_ms=int(body["since_ms"]), last_ms=at_ms, is_over=notice.over
        )
    else:
        known.takes(notice)


def _numbers(body: Mapping[str, str]) -> list[int]:
    return [int(number) for number in body["numbers"].split()]
