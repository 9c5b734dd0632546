"""Orders that are good till a date: the venue cancels what rests of them when it has come (GTD).

Venues look at this by the clock, which an exchange without one cannot: whoever has the clock calls
``PaperExchange.expire``.
"""

from __future__ import annotations

from bot.core.held.losses import Ending
from bot.core.types import Order
from bot.venues.paper.books import Books
from bot.venues.paper.orders import tell_end


def expire(books: Books, at_ms: int) -> bool:
    """Drop the resting orders whose time has come; whether there were any."""
    due = [
        account.orders[client_id]
        for account in books.accounts.values()
        for client_id, until_ms in account.expiries.items()
        if until_ms <= at_ms
    ]
    for order in due:
        _end(books, at_ms, order)
    return bool(due)


def _end(books: Books, at_ms: int, order: Order) -> None:
    books.drop(order)
    tell_end(books, at_ms, order, Ending.ENDED)
