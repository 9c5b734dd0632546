"""What is told of a market beside its prices: order books, open interest, funding. Rules may wait for it."""

from __future__ import annotations

from bot.core.accounts.books import Books
from bot.core.danger.conditions import Events
from bot.core.facts import Book, FundingPaid, FundingRate, OpenInterest
from bot.core.types import Symbol
from bot.core.wake import Figure

_FUNDING_TOLD = Events(changed=False, bars_ms=frozenset(), told=frozenset((Figure.FUNDING,)))
_INTEREST_TOLD = Events(changed=False, bars_ms=frozenset(), told=frozenset((Figure.OPEN_INTEREST,)))


class Hearing:
    """Takes what is told into the market, and lets those hear of it who hold the symbol."""

    def __init__(self, books: Books) -> None:
        """Tell the positions in ``books``."""
        self._market = books.market
        self._news = books.bars

    def book(self, fact: Book) -> None:
        """An order book was told: nobody waits for that."""
        self._market.books[fact.symbol] = fact

    def interest(self, fact: OpenInterest) -> None:
        """Open interest was told."""
        self._market.open_interest(fact)
        self.tell(fact.symbol, _INTEREST_TOLD)

    def funding(self, fact: FundingRate) -> None:
        """The next settlement was told; nothing of it where nothing has changed."""
        if self._market.fund(fact):
            self.tell(fact.symbol, _FUNDING_TOLD)

    def paid(self, fact: FundingPaid) -> None:
        """Funding was paid: who goes by it goes by what was paid so far as well."""
        self.tell(fact.id.symbol, _FUNDING_TOLD)

    def tell(self, symbol: Symbol, news: Events) -> None:
        """Those who hold the symbol have something to hear."""
        told = self._news
        told[symbol] = told[symbol] | news if symbol in told else news
