"""What the holder of an account does with it beside trading: margin by hand, margin mode, position mode.

The bot needs none of it; a person at an exchange does, and so does whoever stands in for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.types import AccountName, ClientId, MarginMode, PositionId, PositionMode
from bot.venues.paper.answering import answer, require_price, unanswered
from bot.venues.paper.books import Books
from bot.venues.paper.leverage import terms_of
from bot.venues.paper.levers import move_margin
from bot.venues.paper.refusals import Reason, Refused
from bot.venues.port import Batch

BY_HAND = ClientId("by hand")


class AccountDesk:
    """The settings of the accounts of one exchange, and the margin of their isolated positions."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def terms(self, id_: PositionId) -> tuple[Decimal, MarginMode]:
        """Leverage and margin mode of the open position, else those set for the next one."""
        return terms_of(self._books, id_)

    def position_mode(self, account: AccountName) -> PositionMode:
        """Whether the account keeps a long and a short of one symbol side by side."""
        return PositionMode.HEDGE if self._books.accounts[account].hedge else PositionMode.ONE_WAY

    def move_margin(
        self, at_ms: int, id_: PositionId, amount: Decimal, *, client_id: ClientId = BY_HAND
    ) -> Sequence[Batch]:
        """Move ``amount`` from the wallet into an isolated position; a negative amount takes it out."""
        require_price(self._books, id_)
        silent = unanswered(self._books, at_ms, id_, client_id)
        if silent:
            return silent
        refused = move_margin(self._books, id_, abs(amount), inward=amount > 0)
        return answer(self._books, at_ms, id_, client_id, refused or ())

    def set_margin_mode(
        self, at_ms: int, id_: PositionId, mode: MarginMode, *, client_id: ClientId = BY_HAND
    ) -> Sequence[Batch]:
        """Change the margin mode of the next position; refused while one is open or an order rests.

        Both sides of the symbol change, as at the venues.
        """
        require_price(self._books, id_)
        account = self._books.accounts[id_.account]
        sides = (id_, PositionId(id_.account, id_.symbol, id_.side.opposite))
        if any(side in account.positions for side in sides):
            refused = Refused(Reason.MODE_POSITION, f"{id_}: a position is open")
            return answer(self._books, at_ms, id_, client_id, refused)
        if any(order.id in sides for order in account.orders.values()):
            refused = Refused(Reason.MODE_ORDERS, f"{id_}: an order rests")
            return answer(self._books, at_ms, id_, client_id, refused)
        for side in sides:
            account.settings[side] = (terms_of(self._books, side)[0], mode)
        return answer(self._books, at_ms, id_, client_id, ())

    def set_position_mode(self, account: AccountName, mode: PositionMode) -> Refused | None:
        """Keep two sides of a symbol apart or not; refused while anything is open or rests."""
        kept = self._books.accounts[account]
        if kept.positions:
            return Refused(Reason.MODE_POSITION, f"{account}: {len(kept.positions)} positions are open")
        if kept.orders:
            return Refused(Reason.MODE_ORDERS, f"{account}: {len(kept.orders)} orders rest")
        kept.hedge = mode is PositionMode.HEDGE
        return None
