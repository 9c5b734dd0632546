"""What the process tells of itself: the core can do nothing about it but believe less of what it knows."""

from __future__ import annotations

from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.facts import ProcessChanged, StoodStill
from bot.core.intents import Level


def stand_still(books: Books, fact: StoodStill) -> None:
    """What is known was known before: everything is read anew before anything is done."""
    stood = f"nothing happened here for {fact.for_ms} ms"
    books.notes.append(
        StateChanged(
            at_ms=fact.at_ms,
            subject="process:loop",
            was="turning",
            now="stood still",
            because=f"{stood}: the process was held up, stopped or suspended",
            level=Level.WARNING,
        )
    )
    for account in books.accounts.values():
        account.forget(fact.at_ms)
        books.settle(account, f"{stood}, and it has to be read anew", fact.at_ms)


def note(books: Books, fact: ProcessChanged) -> None:
    """Keep it and say it like everything else."""
    books.notes.append(
        StateChanged(
            at_ms=fact.at_ms,
            subject=f"process:{fact.part}",
            was=fact.was,
            now=fact.now,
            because=fact.because,
            level=fact.level,
        )
    )
