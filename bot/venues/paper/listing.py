"""What the venue changes in the contracts that are traded: new ones, tiers, funding, order books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import InstrumentChanged
from bot.core.types import Symbol
from bot.venues.paper.answering import end, traded
from bot.venues.paper.books import Books
from bot.venues.paper.entries import Market, Quote
from bot.venues.paper.liquidation import pools_holding
from bot.venues.paper.matching import order_book
from bot.venues.paper.model import MarketModel, PaperError
from bot.venues.port import Batch

WIDEST = Decimal("0.5")
"""No spread is wider than this, as a fraction of the price: there would be no bid left."""


class VenueListing:
    """The contracts of one exchange, as the venue changes them while it runs."""

    def __init__(self, books: Books) -> None:
        """Over the books of the exchange."""
        self._books = books
        self._calm = books.model
        """What trading costs while nothing befalls the order books."""

    def enlist(self, at_ms: int, contract: Contract, model: MarketModel) -> Sequence[Batch]:
        """The venue lists a contract more; ``model`` says what trading costs from now on, there too.

        ``PaperError`` for one that is traded, or that settles in money no account has a wallet for.
        """
        books, symbol = self._books, contract.symbol
        if symbol in books.contracts:
            raise PaperError(f"{symbol}: traded here already")
        if contract.settlement not in books.pots:
            raise PaperError(f"{symbol}: nothing settles in {contract.settlement} here")
        books.contracts[symbol] = contract
        books.markets[symbol], books.quotes[symbol] = Market(), Quote()
        books.model = self._calm = model
        return end(books, at_ms, InstrumentChanged(at_ms=at_ms, contract=contract))

    def change_tiers(self, at_ms: int, contract: Contract) -> Sequence[Batch]:
        """The venue changes a contract (tiers, steps, leverage); whom that pushes over is liquidated."""
        books, symbol = self._books, contract.symbol
        traded(books, symbol)
        books.amend(contract)
        for key in pools_holding(books, symbol):
            books.stale_pools[key] = None
        return end(self._books, at_ms, InstrumentChanged(at_ms=at_ms, contract=contract))

    def change_funding(
        self, at_ms: int, symbol: Symbol, *, interval_ms: int | None = None, cap: Decimal | None = None
    ) -> Sequence[Batch]:
        """The venue changes a symbol's funding: its interval, told as ``InstrumentChanged``, or its cap.

        When settlements happen is up to who calls ``settle_funding``.
        """
        if symbol not in self._books.contracts:
            raise PaperError(f"{symbol}: not traded here")
        if cap is not None:
            self._books.funding_caps[symbol] = cap
        if interval_ms is None:
            return ()
        return self.change_tiers(
            at_ms, replace(self._books.contracts[symbol], funding_interval_ms=interval_ms)
        )

    def change_books(self, at_ms: int, *, spread: Decimal, depth: Decimal) -> Sequence[Batch]:
        """Order books are ``spread`` times as wide and ``depth`` times as deep as in calm, in every contract.

        Those of dated contracts are told, because of them alone anybody wants to know.
        """
        books, calm = self._books, self._calm
        depths = None if calm.depth is None else {s: money * depth for s, money in calm.depth.items()}
        books.model = replace(calm, spread=min(calm.spread * spread, WIDEST), depth=depths)
        quotes = [(contract, books.quotes[contract.symbol]) for contract in books.contracts.values()]
        shown = [order_book(books.model, c, at_ms, quote.last) for c, quote in quotes if quote.known]
        return end(books, at_ms, *(book for batches in shown for (book,) in batches))
