"""Orders from a person: pause, resume, halt, acknowledge, reset. None of them loosens a resting stop."""

from __future__ import annotations

from bot.core.book import Account, Parked
from bot.core.books import Books
from bot.core.decisions import StateChanged
from bot.core.facts import Command, CommandKind
from bot.core.intents import Level
from bot.core.ledger import Ledger
from bot.core.settings import MINUTE_MS
from bot.core.types import RuleName

PAUSE_MS = 30 * MINUTE_MS
"""How long a pause lasts that names no end: a forgotten pause must not leave positions alone for ever."""


def obey(command: Command, books: Books, ledger: Ledger, parked: Parked) -> None:
    """Carry out a command. Every position is asked again afterwards."""
    if command.kind is CommandKind.RESET:
        ledger.reset(RuleName(command.subject) if command.subject else None)
    if command.kind is CommandKind.FLATTEN:
        books.notes.append(_not_carried_out(command))
    for account in books.accounts.values():
        if command.subject:
            _obey_about(command, parked)
        else:
            _obey_for_all(command, account, books, parked)
        books.touch(account)


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
            books.settle(account, f"resumed by {command.by}", command.at_ms)
        case CommandKind.HALT:
            account.halted = True
            books.settle(account, f"halted by {command.by}", command.at_ms)
        case CommandKind.ACKNOWLEDGE:
            account.reducing = False
            books.settle(account, f"acknowledged by {command.by}", command.at_ms)
        case CommandKind.RESET | CommandKind.FLATTEN:
            pass


def _until_ms(command: Command) -> int:
    return command.until_ms if command.until_ms is not None else command.at_ms + PAUSE_MS


def _not_carried_out(command: Command) -> StateChanged:
    """Flattening is confirmed at the surface that offers it; the core alone has nobody to ask."""
    return StateChanged(
        at_ms=command.at_ms,
        subject=f"command:{command.kind}",
        was="asked",
        now="not carried out",
        because="nothing confirmed it: close the positions at the exchange, or halt the bot",
        level=Level.CRITICAL,
    )
