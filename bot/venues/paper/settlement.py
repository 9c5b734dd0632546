"""Funding: at each settlement longs pay shorts ``rate`` of their notional at mark, or the other way round.

An isolated position pays from its own margin, which moves its liquidation price without any trade; a
cross position pays from the wallet.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.facts import FundingPaid
from bot.core.margin.arithmetic import funding
from bot.core.types import MarginMode, Symbol
from bot.venues.paper.books import Books, money_near
from bot.venues.paper.funding import capped
from bot.venues.paper.model import PaperError


def settle(books: Books, at_ms: int, symbol: Symbol, rate: Decimal) -> None:
    """Pay funding on every position in ``symbol``; whom that kills is liquidated at the end of the event.

    The rate is capped where a cap is set; what is told is what was charged.
    """
    rate = capped(rate, books.funding_caps.get(symbol))
    contract = books.contracts[symbol]
    if contract.expiry_ms is not None:
        raise PaperError(f"{symbol}: no funding is paid on a dated contract")
    mark = books.quotes[symbol].mark
    for account in books.accounts.values():
        for position in [p for p in account.positions.values() if p.id.symbol == symbol]:
            amount = money_near(funding(position, contract, mark, rate))
            books.pots[contract.settlement].funding -= amount
            books.totals(position.id).funding += amount
            if position.mode is MarginMode.ISOLATED:
                books.put(position.with_margin(position.margin + amount))
            else:
                books.pay(books.purse(position.id), amount)
            books.facts.append(FundingPaid(at_ms=at_ms, id=position.id, rate=rate, amount=amount))
