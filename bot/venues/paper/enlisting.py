"""A contract that comes to be traded while the exchange runs: the next quarterly."""

from __future__ import annotations

from bot.core.contracts import Contract
from bot.venues.paper.books import Books, Market, Quote
from bot.venues.paper.model import MarketModel, PaperError


def enlist(books: Books, contract: Contract, model: MarketModel) -> None:
    """Trade ``contract`` from now on; ``model`` says what trading costs everywhere.

    ``PaperError`` for one that is traded, or that settles in money no account has a wallet for.
    """
    symbol = contract.symbol
    if symbol in books.contracts:
        raise PaperError(f"{symbol}: traded here already")
    if contract.settlement not in books.pots:
        raise PaperError(f"{symbol}: nothing settles in {contract.settlement} here")
    books.contracts[symbol] = contract
    books.markets[symbol], books.quotes[symbol] = Market(), Quote()
    books.model = model
