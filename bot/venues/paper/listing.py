"""What the venue changes in the contracts that are traded: new ones, their tiers, their funding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import InstrumentChanged
from bot.core.types import Symbol
from bot.venues.paper.answering import end, traded
from bot.venues.paper.books import Books, Market, Quote
from bot.venues.paper.liquidation import pools_holding
from bot.venues.paper.model import MarketModel, PaperError
from bot.venues.port import Batch


class VenueListing:
    """The contracts of one exchange, as the venue changes them while it runs."""

    def __init__(self, books: Books) -> None:
        """Over the books of the exchange."""
        self._books = books

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
        books.model = model
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
