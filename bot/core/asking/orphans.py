"""Stops of ours that outlived their position: whoever closed it, nobody needs them any more.

Where a position was closed by hand its stops may go on resting, and would close or even open something the
day another position is held there. They are cancelled, ours alone, and not before the exchange has shown in a
later reading that there is no position: one that was only overlooked would lose its protection.

There is no position to ask rules, guard and yardsticks about. What is left of the guard's questions is asked
here: may anything be sent, is nothing on its way, is the order really one of this journal.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.accounts.book import Account
from bot.core.accounts.books import Books
from bot.core.decisions import Action
from bot.core.deeds.ledger import Ledger
from bot.core.guarding.patience import patience
from bot.core.intents import CancelStop
from bot.core.settings import SEATBELT, EngineSettings
from bot.core.states import allows
from bot.core.types import OUR_PREFIX, ZERO, Order

OUTLIVED_MS = 10_000
"""So much later at least the account has to have been read again."""


class Orphans:
    """Finds what outlived its position, and has it cancelled."""

    def __init__(self, settings: EngineSettings, books: Books, ledger: Ledger) -> None:
        """Look into ``books``; what is sent is entered into ``ledger``."""
        self._settings = settings
        self._books = books
        self._ledger = ledger

    def removed(self, now_ms: int) -> Iterator[Action]:
        """The removal of each, one at a time for each position."""
        if self._settings.shadow:
            return
        for account, order in self._outlived():
            if self._may_go(account, order, now_ms):
                yield self._removal(order, now_ms)

    def _outlived(self) -> Iterator[tuple[Account, Order]]:
        """What has been without a position for long enough."""
        for id_, unheld in self._books.unheld.items():
            account = self._books.accounts[id_.account]
            if account.told_ms < unheld.since_ms + OUTLIVED_MS:
                continue
            for order in unheld.orders:
                if order.reduces and order.trigger is not None:
                    yield account, order

    def _may_go(self, account: Account, order: Order, now_ms: int) -> bool:
        ours = order.client_id.startswith(OUR_PREFIX) and self._ledger.stranger(order.client_id) is None
        history = self._ledger.history(order.id)
        waits = history.in_flight is not None or patience(history, SEATBELT, now_ms) is not None
        return ours and not waits and allows(account.state, CancelStop)

    def _removal(self, order: Order, now_ms: int) -> Action:
        market, intent = self._books.market, CancelStop(id=order.id, client_id=order.client_id)
        action = Action(
            at_ms=now_ms,
            client_id=self._ledger.next_client_id(),
            rule=SEATBELT,
            intent=intent,
            reason="its position is gone: it protects nothing",
            mark=market.marks.get(order.id.symbol, order.trigger or ZERO),
            distance_before=None,
            distance_after=None,
            deadline_ms=now_ms + self._settings.limits.deadline_ms,
        )
        currency = market.contracts[order.id.symbol].settlement
        self._ledger.prepare(action, None, currency, ZERO, follow_up=False)
        return action
