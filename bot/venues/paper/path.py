"""What a new price does: the way from the old prices to the new ones, and what is met on it.

On a continuous leg mark and last travel together on straight lines, and what is met first acts first, at
the prices of that moment; a liquidation and an order at one moment: the liquidation first. After a
gap there was no way: liquidation is judged at the new mark, then orders act at the new prices.

A stop fills around its trigger on a leg, and around the new price of its trigger kind after a gap. If it
triggers on mark and the traded price is worse at that moment, it fills around the traded price, because
that is where trades happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.margin.liquidation import exact_liquidation_prices
from bot.core.margin.pool import Pool
from bot.core.margin.rules import MaintenanceAt
from bot.core.types import ZERO, ClientId, Order, PriceKind, Symbol
from bot.venues.paper.books import Books, PoolKey, marks_of
from bot.venues.paper.liquidation import judge, liquidate, pools_holding
from bot.venues.paper.matching import buys, level_of, worse
from bot.venues.paper.orders import act
from bot.venues.paper.waiting import follow, waiting
from bot.venues.port import Batch


@dataclass(frozen=True, slots=True)
class Meeting:
    """Something met on a leg: how far along (0 to 1), at which prices, and what acts."""

    along: Decimal
    mark: Decimal
    last: Decimal
    actor: Order | PoolKey


def travel(
    books: Books, at_ms: int, symbol: Symbol, prices: tuple[Decimal, Decimal], *, gap: bool
) -> list[Batch]:
    """Move to ``prices`` (mark, last) and return what happened, one batch per event."""
    quote = books.quotes[symbol]
    batches: list[Batch] = []
    acted: set[ClientId] = set()
    if not gap and quote.known:
        while (meeting := _first(books, symbol, prices, acted)) is not None:
            quote.mark, quote.last = meeting.mark, meeting.last
            actor = meeting.actor
            if isinstance(actor, Order):
                acted.add(actor.client_id)
                act(books, at_ms, actor, _basis(level_of(actor).by, actor, meeting.mark, meeting.last))
            else:
                liquidate(books, at_ms, actor)
            end_event(books, at_ms, batches)
    quote.mark, quote.last = prices
    for key in pools_holding(books, symbol):
        judge(books, at_ms, key)
        end_event(books, at_ms, batches)
    follow(books, symbol, prices)
    for order, level in list(waiting(books, symbol)):
        current = books.accounts[order.id.account].orders.get(order.client_id)
        if current is order and order.client_id not in acted and level.met(*prices):
            act(books, at_ms, order, _basis(level.by, order, *prices))
            end_event(books, at_ms, batches)
    for key in pools_holding(books, symbol):
        books.stale_pools[key] = None
    books.stale_wires[symbol] = None
    return batches


def end_event(books: Books, at_ms: int, batches: list[Batch]) -> None:
    """Liquidate whom the event has pushed over, and put all its facts into one batch."""
    # Who is deleveraged at a price worse than the mark may be pushed over in turn.
    while any(judge(books, at_ms, key) for key in tuple(books.stale_pools)):
        pass
    books.pay_debts()
    facts = books.collect(at_ms)
    if facts:
        batches.append(tuple(facts))


def _first(
    books: Books, symbol: Symbol, end: tuple[Decimal, Decimal], acted: set[ClientId]
) -> Meeting | None:
    """What is met first on the way to ``end``. Of equals the one listed first: liquidations, then orders."""
    first: Meeting | None = None
    for meeting in _meetings(books, symbol, end, acted):
        if first is None or meeting.along < first.along:
            first = meeting
    return first


def _meetings(
    books: Books, symbol: Symbol, end: tuple[Decimal, Decimal], acted: set[ClientId]
) -> Iterator[Meeting]:
    quote = books.quotes[symbol]
    start = quote.mark, quote.last
    for key in pools_holding(books, symbol):
        for price in _liquidation_prices(books, key, symbol):
            if end[0] <= price < start[0] or start[0] < price <= end[0]:
                yield _meeting(PriceKind.MARK, price, start, end, key)
    for order, level in waiting(books, symbol):
        if order.client_id in acted or not level.met(*end):
            continue
        if level.met(*start):
            yield Meeting(ZERO, *start, order)
        else:
            yield _meeting(level.by, level.price, start, end, order)


def _meeting(
    by: PriceKind,
    price: Decimal,
    start: tuple[Decimal, Decimal],
    end: tuple[Decimal, Decimal],
    actor: Order | PoolKey,
) -> Meeting:
    """The moment the price of kind ``by`` is at ``price``, and the other price at that moment."""
    this, other = (0, 1) if by is PriceKind.MARK else (1, 0)
    along = (price - start[this]) / (end[this] - start[this])
    together = start[0] == start[1] and end[0] == end[1]
    beside = price if together else start[other] + (end[other] - start[other]) * along
    return Meeting(along, price, beside, actor) if not this else Meeting(along, beside, price, actor)


def _basis(by: PriceKind, order: Order, mark: Decimal, last: Decimal) -> Decimal:
    """The price an order that acts now, on the price of kind ``by``, fills around."""
    if by is PriceKind.LAST:
        return last
    return worse((mark, last), buy=buys(order.id.side, reduces=order.reduces))


def _liquidation_prices(books: Books, key: PoolKey, symbol: Symbol) -> Sequence[Decimal]:
    pool = books.pool(key)
    assert pool is not None, f"{key}: holds nothing"
    moving = _moving(pool)
    id_ = next(h.position.id for h in moving.holdings if h.position.id.symbol == symbol)
    return exact_liquidation_prices(moving, id_, marks_of(books, moving))


def _moving(pool: Pool) -> Pool:
    """The pool with maintenance that follows the mark.

    Some venues show a liquidation price with maintenance frozen at the present mark; while the mark travels
    it does not stay frozen.
    """
    if not any(MaintenanceAt.MARK in _points(h.contract) for h in pool.holdings):
        return pool
    return replace(pool, holdings=tuple(replace(h, contract=_following(h.contract)) for h in pool.holdings))


def _points(contract: Contract) -> tuple[MaintenanceAt | None, ...]:
    return contract.rules.maintenance_at, contract.rules.cross_maintenance_at


def _following(contract: Contract) -> Contract:
    rules = contract.rules
    at, cross = (MaintenanceAt.LIQUIDATION if p is MaintenanceAt.MARK else p for p in _points(contract))
    assert at is not None, f"{contract.symbol}: no place to charge maintenance at"
    return replace(contract, rules=replace(rules, maintenance_at=at, cross_maintenance_at=cross))
