"""Orders from a person: pause, resume, halt, flatten, acknowledge, reset. None loosens a resting stop."""

from __future__ import annotations

from bot.core.accounts.book import Account, Armed, Parked
from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.deeds.ledger import Ledger
from bot.core.facts import Command, CommandKind
from bot.core.intake.leaving import turned
from bot.core.intents import Level
from bot.core.settings import FLATTEN, MINUTE_MS
from bot.core.types import AccountName, RuleName

PAUSE_MS = 30 * MINUTE_MS
"""How long a pause lasts that names no end: a forgotten pause must not leave positions alone for ever."""


def obey(command: Command, books: Books, ledger: Ledger, parked: Parked) -> None:
    """Carry out a command. Every position is asked again afterwards."""
    if command.kind is CommandKind.RESET:
        _release(command, books, ledger)
    if command.kind is CommandKind.FLATTEN:
        _begin_flattening(command, books)
    for account in books.accounts.values():
        if command.subject:
            _obey_about(command, parked)
        else:
            _obey_for_all(command, account, books, parked)
        books.touch(account)


def end_flattening(books: Books, ledger: Ledger, at_ms: int) -> None:
    """An account is flat when it is known that it holds nothing, and nothing is on its way to be held.

    To be asked between events: while a snapshot is being told, what it has not named yet is not gone.
    """
    for account in books.accounts.values():
        if account.flattening is None or account.holders or not account.known or account.links_down:
            continue
        if not ledger.openings(account.name):
            _leave_off(account, books, "flat", "nothing is held any more", at_ms)


# -- inside -----------------------------------------------------------------------------------------


def _obey_about(command: Command, parked: Parked) -> None:
    """A command about one rule or one position."""
    if command.kind is CommandKind.PAUSE:
        parked.paused_until_ms[command.subject] = _until_ms(command)
    elif command.kind is CommandKind.RESUME:
        parked.paused_until_ms.pop(command.subject, None)


def _obey_for_all(command: Command, account: Account, books: Books, parked: Parked) -> None:
    """A command about everything."""
    match command.kind:
        case CommandKind.PAUSE:
            account.paused_until_ms = _until_ms(command)
        case CommandKind.RESUME:
            account.paused_until_ms, account.halted = -1, False
            parked.paused_until_ms.clear()
            because = f"resumed by {command.by}"
            if account.flattening is not None:
                _leave_off(account, books, "left off", because, command.at_ms)
            books.settle(account, because, command.at_ms)
        case CommandKind.HALT:
            account.halted = True
            books.settle(account, f"halted by {command.by}", command.at_ms)
        case CommandKind.ACKNOWLEDGE:
            account.reducing = False
            books.settle(account, f"acknowledged by {command.by}", command.at_ms)
        case CommandKind.RESET | CommandKind.FLATTEN:
            pass


def _release(command: Command, books: Books, ledger: Ledger) -> None:
    """Release latches. A seatbelt that was left off, or could keep no stop, begins anew."""
    before = {id_: history.losses for id_, history in ledger.histories.items()}
    ledger.reset(RuleName(command.subject) if command.subject else None)
    for id_, losses in before.items():
        turned(books, id_, losses, ledger.histories[id_].losses, command.at_ms)


def _until_ms(command: Command) -> int:
    return command.until_ms if command.until_ms is not None else command.at_ms + PAUSE_MS


def _begin_flattening(command: Command, books: Books) -> None:
    """Close everything of an account, or of all of them. Whoever sent the command has had it confirmed."""
    named = books.accounts.get(AccountName(command.subject))
    if command.subject and named is None:
        because = f"there is no account {command.subject!r}"
        books.notes.append(_change(command.subject, "asked", "not carried out", because, command.at_ms))
    for account in books.accounts.values() if not command.subject else filter(None, (named,)):
        if account.flattening is not None:
            continue
        account.flattening = command.by or "somebody"
        for holder in account.holders.values():
            if not holder.hedges:
                holder.armed = (Armed(books.flatten_entry), *holder.armed)
        because = f"flatten ordered by {account.flattening}"
        books.notes.append(_change(account.name, "held", "flattening", because, command.at_ms))
        books.settle(account, because, command.at_ms)


def _leave_off(account: Account, books: Books, now: str, because: str, at_ms: int) -> None:
    """Flattening is over. Positions that are held from now on are guarded as before."""
    account.flattening = None
    for holder in account.holders.values():
        holder.armed = tuple(armed for armed in holder.armed if armed.name != FLATTEN)
    books.notes.append(_change(account.name, "flattening", now, because, at_ms))
    books.settle(account, because, at_ms)


def _change(account: str, was: str, now: str, because: str, at_ms: int) -> StateChanged:
    return StateChanged(
        at_ms=at_ms,
        subject=f"flatten:{account}",
        was=was,
        now=now,
        because=because,
        level=Level.CRITICAL,
    )
