"""How the exchange answers: what a request gets before it is looked at, and the batch that ends an event."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.contracts import Contract
from bot.core.facts import (
    AccountRead,
    Fact,
    InstrumentChanged,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.types import ClientId, PositionId, Symbol
from bot.venues.paper.books import Books, CrossKey, balance_fact
from bot.venues.paper.matching import order_book
from bot.venues.paper.model import PaperError
from bot.venues.paper.orders import Fills
from bot.venues.paper.path import end_event
from bot.venues.paper.refusals import Reason, Refused, code
from bot.venues.paper.wires import rewire
from bot.venues.port import Batch

PROOF = "paper books"


def traded(books: Books, symbol: Symbol) -> Contract:
    """The contract of that symbol; ``PaperError`` if there is none."""
    contract = books.contracts.get(symbol)
    if contract is None:
        raise PaperError(f"{symbol}: not traded here")
    return contract


def require_price(books: Books, id_: PositionId) -> None:
    """``PaperError`` unless the account is here and the symbol has a price."""
    if id_.account not in books.accounts:
        raise PaperError(f"{id_}: no such account")
    if id_.symbol not in books.quotes:
        raise PaperError(f"{id_}: not traded here")
    if not books.quotes[id_.symbol].known:
        raise PaperError(f"{id_}: no price yet")


def unanswered(books: Books, at_ms: int, id_: PositionId, client_id: ClientId) -> Sequence[Batch]:
    """What a request gets in an outage; nothing if the venue is there."""
    overloaded = code(books.contracts[id_.symbol], Reason.OVERLOADED)
    outcome = books.outages.answer(at_ms, id_, client_id, overloaded)
    return () if outcome is None else ((outcome,),)


def answer(
    books: Books, at_ms: int, id_: PositionId, client_id: ClientId, result: Fills | Refused
) -> Sequence[Batch]:
    """The outcome of an order or action, in front of what it did."""
    if not isinstance(result, Refused):
        done = Outcome(
            at_ms=at_ms,
            id=id_,
            client_id=client_id,
            kind=OutcomeKind.VERIFIED,
            proof=PROOF,
            fills=result,
        )
        return end(books, at_ms, done)
    refused = Outcome(
        at_ms=at_ms,
        id=id_,
        client_id=client_id,
        kind=OutcomeKind.REJECTED,
        code=code(books.contracts[id_.symbol], result.reason),
        proof=result.text,
    )
    return ((refused,),)


def end(books: Books, at_ms: int, *first: Fact) -> Sequence[Batch]:
    """Close the event: its facts in one batch behind ``first``, and the wires laid anew."""
    batches: list[Batch] = []
    end_event(books, at_ms, batches)
    rewire(books)
    facts = (*first, *(fact for batch in batches for fact in batch))
    return books.outages.told(at_ms, (facts,) if facts else ())


def whole(books: Books, at_ms: int) -> Batch:
    """Everything as it is now: contracts, balances, open positions, resting orders."""
    facts: list[Fact] = [InstrumentChanged(at_ms=at_ms, contract=c) for c in books.contracts.values()]
    for contract in books.contracts.values():
        quote = books.quotes[contract.symbol]
        if quote.known:
            facts += (book for (book,) in order_book(books.model, contract, at_ms, quote.last))
    for account in books.accounts.values():
        keys = [CrossKey(account.name, currency) for currency in account.wallets]
        facts += [balance_fact(at_ms, key, books.backing(key), books.free(key)) for key in keys]
        facts += [PositionChanged(at_ms=at_ms, id=i, position=p) for i, p in account.positions.items()]
        ids = dict.fromkeys(account.positions) | dict.fromkeys(o.id for o in account.orders.values())
        facts += [OrdersChanged(at_ms=at_ms, id=i, orders=books.orders(i)) for i in ids]
        facts.append(AccountRead(at_ms=at_ms, account=account.name))
    return tuple(facts)
