"""Orders with our prefix that cannot be ours: two bots act on one account, or a memory was lost."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.accounts.books import Books
from bot.core.decisions import StateChanged
from bot.core.deeds.ledger import Ledger
from bot.core.intents import Level
from bot.core.provenance import Provenance, is_accepted, origin_of
from bot.core.types import AccountName

_WHOSE = "another bot acts here, or this journal is not the one that knows it"


class Strangers:
    """Halts an account where a stranger shows, and tells of each."""

    def __init__(self, books: Books, ledger: Ledger, *, shadow: bool) -> None:
        """Nobody is one in ``shadow``: nothing is sent, and another bot is what it may stand beside."""
        self._books = books
        self._ledger = ledger
        self._shadow = shadow

    def remembered(self, fact: Provenance) -> None:
        """What earlier runs gave, and what the exchange knows of ours."""
        self._ledger.given = {each.epoch: each.count for each in fact.given}
        for seen in fact.seen:
            self.doubt(seen.account, seen.client_id, "at the exchange", fact.at_ms)

    def doubt(self, name: AccountName, client_id: str, where: str, at_ms: int) -> None:
        """Halt the account if the order cannot be ours.

        Nothing is sent until a person has looked. Resuming accepts the orders that are there, and with each
        what the same epoch gave before it: of each epoch that shows while the account is halted already a
        person is told as well.
        """
        if self._shadow:
            return
        account = self._books.account(name)
        why = self._ledger.stranger(client_id)
        if why is None or is_accepted(client_id, account.strangers):
            return
        because = f"{client_id} {where}: {why}; {_WHOSE}"
        if account.halted and self._is_another(client_id, account.strangers):
            self._books.notes.append(_stranger(client_id, because, at_ms))
        account.strangers.add(client_id)
        account.halted = True
        self._books.settle(account, because, at_ms)

    def _is_another(self, client_id: str, strangers: Iterable[str]) -> bool:
        """Whether nobody was told of its epoch, nor of any stranger in this step: a lost journal has many."""
        epoch = _epoch_of(client_id)
        told = any(isinstance(note, StateChanged) and _WHOSE in note.because for note in self._books.notes)
        return not told and all(_epoch_of(other) != epoch for other in strangers)


def _epoch_of(client_id: str) -> int | None:
    origin = origin_of(client_id)
    return None if origin is None else origin[0]


def _stranger(client_id: str, because: str, at_ms: int) -> StateChanged:
    """That an order cannot be ours, where the account is halted already and becomes nothing else by it."""
    return StateChanged(
        at_ms=at_ms,
        subject=f"order:{client_id}",
        was="unseen",
        now="a stranger",
        because=because,
        level=Level.CRITICAL,
    )
