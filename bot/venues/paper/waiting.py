"""What resting orders wait for: where each acts, and between which prices none of them has anything to do.

Most wait for one price, a trailing stop for two, one of which moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.core.types import Order, OrderKind, Symbol
from bot.venues.paper.books import Books
from bot.venues.paper.entries import Account
from bot.venues.paper.in_force import InForce
from bot.venues.paper.matching import Level, buys, level_of
from bot.venues.paper.model import OrderRequest
from bot.venues.paper.trailing import Trail


def rest_conditional(books: Books, order: Order, request: OrderRequest) -> None:
    """Rest an order that waits for its trigger; a trailing one begins to follow the price here."""
    books.rest(order)
    account = books.accounts[order.id.account]
    if request.in_force is not InForce.GTC:
        account.in_force[order.client_id] = request.in_force
    if request.callback is None:
        return
    assert order.trigger is not None, f"{order.client_id}: a trailing stop that nothing arms"
    quote = books.quotes[order.id.symbol]
    trail = Trail(
        by=order.trigger_by,
        buy=buys(order.id.side, reduces=order.reduces),
        callback=request.callback,
        activation=order.trigger,
    )
    account.trails[order.client_id] = trail.after(quote.mark, quote.last)


def waiting(books: Books, symbol: Symbol) -> Iterator[tuple[Order, Level]]:
    """The resting orders of a symbol with the price each acts at; trailing ones once they are armed."""
    for account in books.accounts.values():
        for order in account.orders.values():
            if order.id.symbol != symbol:
                continue
            if order.kind is not OrderKind.TRAILING_STOP_MARKET:
                yield order, level_of(order)
            elif (stop := account.trails[order.client_id].stop) is not None:
                yield order, stop


def levels(account: Account, order: Order) -> tuple[Level, ...]:
    """Strictly between which prices nothing happens to a resting order."""
    if order.kind is OrderKind.TRAILING_STOP_MARKET:
        return account.trails[order.client_id].levels
    return (level_of(order),)


def follow(books: Books, symbol: Symbol, prices: tuple[Decimal, Decimal]) -> None:
    """Let the trailing stops of a symbol follow its prices (mark, last)."""
    for account in books.accounts.values():
        for client_id, trail in account.trails.items():
            if account.orders[client_id].id.symbol == symbol:
                account.trails[client_id] = trail.after(*prices)
