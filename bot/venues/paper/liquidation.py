"""Liquidation on mark, as the venues do it.

All orders of the pool are cancelled first. Then, while the pool is at or below its requirement, the
position with the largest requirement goes: down to the tier below where the venue works in steps,
else whole. A position that is alone in its pool is taken over at its bankruptcy price, the price that
leaves nothing of what backs it. A position among several in a cross pool is sold into the market and the
liquidation fee is charged from what is left, but never does the pool end below zero: then it is taken
over at the price that leaves exactly nothing. What becomes of it then is the insurance fund's business (see
``insurance``); the fee is contained in its surplus. A long and a short of one symbol in one cross pool are
treated as the venue does (see ``hedges``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import Liquidated
from bot.core.margin.arithmetic import coordinate, direction, liquidation_fee, profit, unrealised
from bot.core.margin.assess import assess
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.requirement import maintenance, tier_index
from bot.core.margin.rules import TierUnit
from bot.core.types import ZERO, MarginMode, Order, Position, PositionId, Side, Symbol
from bot.venues.paper.books import Books, PoolKey, gain_of, marks_of, money_down, money_up
from bot.venues.paper.hedges import Due, due, offset
from bot.venues.paper.insurance import TakenOver, close_taken_over
from bot.venues.paper.matching import buys, sweep
from bot.venues.paper.trading import cover_empty_cross


def judge(books: Books, at_ms: int, key: PoolKey) -> bool:
    """Liquidate the pool as far as its state at the present marks demands; whether it did."""
    pool = books.pool(key)
    if pool is None or not assess(pool, marks_of(books, pool)).liquidatable:
        return False
    liquidate(books, at_ms, key)
    return True


def liquidate(books: Books, at_ms: int, key: PoolKey) -> None:
    """Liquidate a pool that has met its liquidation price, until what remains is safe or nothing does."""
    pool = books.pool(key)
    assert pool is not None, f"{key}: nothing to liquidate"
    _cancel_orders(books, key)
    while True:
        if not offset(books, at_ms, pool):
            _take(books, at_ms, pool, due(pool, lambda h: _requirement(books, h)))
        pool = books.pool(key)
        if pool is None or not assess(pool, marks_of(books, pool)).liquidatable:
            return


def pools_holding(books: Books, symbol: Symbol) -> list[PoolKey]:
    """The pools with a position in ``symbol``, in the order of the accounts."""
    keys: dict[PoolKey, None] = {}
    for account in books.accounts.values():
        for position in account.positions.values():
            if position.id.symbol == symbol:
                isolated = position.mode is MarginMode.ISOLATED
                keys[position.id if isolated else books.purse(position.id)] = None
    return list(keys)


def step_down(contract: Contract, quantity: Decimal, mark: Decimal) -> Decimal:
    """How much the venue takes at once: down to the tier below where it works in steps, else everything."""
    if not contract.rules.liquidation_steps:
        return quantity
    at = coordinate(contract, mark)
    counted = contract.rules.tier_unit is TierUnit.CONTRACTS
    for tier in contract.tiers[tier_index(contract, quantity, at) : 0 : -1]:
        kept = contract.quantity_down(tier.floor * contract.contract_size if counted else tier.floor / at)
        # A reciprocal price is rounded: what is at the edge of a tier may seem to be above it, by nothing.
        if kept < quantity:
            return quantity - kept
    return quantity


def _cancel_orders(books: Books, key: PoolKey) -> None:
    for order in list(books.accounts[key.account].orders.values()):
        if _belongs(books, order, key):
            books.drop(order)


def _belongs(books: Books, order: Order, key: PoolKey) -> bool:
    """Whether an order is part of the pool: its position's, or for a cross pool whatever is not isolated."""
    if isinstance(key, PositionId):
        return order.id == key
    if books.purse(order.id) != key:
        return False
    account = books.accounts[key.account]
    position = account.positions.get(order.id)
    if position is not None:
        return position.mode is MarginMode.CROSS
    terms = account.settings.get(order.id)
    return terms is not None and terms[1] is MarginMode.CROSS


def _requirement(books: Books, holding: Holding) -> Decimal:
    return maintenance(holding.position, holding.contract, books.quotes[holding.position.id.symbol].mark)


@dataclass(frozen=True, slots=True)
class _Liquidation:
    """What liquidating a part comes to: the owner's loss, and the price and fee that he is told."""

    loss: Decimal
    price: Decimal
    fee: Decimal


def _take(books: Books, at_ms: int, pool: Pool, part: Due) -> None:
    """Liquidate the due part of one position and book who gets what."""
    position, contract = part.holding.position, part.holding.contract
    id_ = position.id
    mark = books.quotes[id_.symbol].mark
    quantity = min(part.quantity, step_down(contract, position.quantity, mark))
    left = position.quantity - quantity
    done = _sold(books, pool, position, quantity)
    taken = None
    if done is None:
        done = _taken_over(books, pool, position, quantity)
        spared = frozenset(h.position.id for h in pool.holdings)
        taken = TakenOver(position=position, quantity=quantity, loss=done.loss, spared=spared)
    books.totals(id_).liquidations += 1
    _book_loss(books, position, left, done.loss)
    books.facts.append(Liquidated(at_ms=at_ms, id=id_, quantity=quantity, price=done.price, fee=done.fee))
    if taken is not None:
        close_taken_over(books, at_ms, taken)
    cover_empty_cross(books, id_)


def _sold(books: Books, pool: Pool, position: Position, quantity: Decimal) -> _Liquidation | None:
    """Sell it into the market, if others are in the pool and it does not end below zero by that.

    The fee is charged from what is left and goes to the fund.
    """
    if len(pool.holdings) == 1:
        return None
    contract, totals = books.contracts[position.id.symbol], books.totals(position.id)
    buy, sold_at, gain = _sale(books, position, quantity)
    left = position.quantity - quantity
    mark = books.quotes[position.id.symbol].mark
    remains = _backing(books, pool, position) + gain
    remains += profit(position, contract, left, mark) if left else ZERO
    if remains < 0:
        return None
    fee = min(money_down(liquidation_fee(contract, quantity, sold_at)), money_down(remains))
    books.pots[contract.settlement].insurance_fund += fee
    totals.fees += fee
    totals.realised += gain
    books.markets[position.id.symbol].trade(contract, quantity, sold_at, gain, buy=buy)
    return _Liquidation(fee - gain, sold_at, fee)


def _taken_over(books: Books, pool: Pool, position: Position, quantity: Decimal) -> _Liquidation:
    """This part of all that backs the position is lost; the fee is what the fund may call its own of it."""
    contract = books.contracts[position.id.symbol]
    _, sold_at, gain = _sale(books, position, quantity)
    left = position.quantity - quantity
    backing = _backing(books, pool, position)
    loss = backing if not left else backing * quantity / position.quantity
    loss = money_up(loss) if left or len(pool.holdings) > 1 else loss
    fee = money_down(liquidation_fee(contract, quantity, sold_at))
    books.totals(position.id).realised -= loss
    price = _take_over_price(contract, position, quantity, loss) or sold_at
    return _Liquidation(loss, price, min(fee, max(ZERO, money_down(loss + gain))))


def _sale(books: Books, position: Position, quantity: Decimal) -> tuple[bool, Decimal, Decimal]:
    """Whether closing it buys, at which price the market takes it, and the profit before fees of that."""
    contract = books.contracts[position.id.symbol]
    buy = buys(position.id.side, reduces=True)
    sold_at = sweep(books.model, contract, quantity, books.quotes[position.id.symbol].last, buy=buy)
    return buy, sold_at, gain_of(position, contract, quantity, sold_at)


def _backing(books: Books, pool: Pool, position: Position) -> Decimal:
    """What stands behind one position: the pool's wallet and the profit of all the others."""
    others = (h for h in pool.holdings if h.position.id != position.id)
    return pool.wallet + sum(
        (unrealised(h.position, h.contract, books.quotes[h.position.id.symbol].mark) for h in others), ZERO
    )


def _book_loss(books: Books, position: Position, left: Decimal, loss: Decimal) -> None:
    """Take ``loss`` from the isolated margin or the cross wallet and shrink the position to ``left``."""
    isolated = position.mode is MarginMode.ISOLATED
    if left:
        margin = position.margin - loss if isolated else ZERO
        books.put(replace(position, quantity=left, margin=margin))
    else:
        books.remove(position.id)
    if not isolated:
        books.pay(books.purse(position.id), -loss)


def _take_over_price(
    contract: Contract, position: Position, quantity: Decimal, loss: Decimal
) -> Decimal | None:
    """The price at which ``quantity`` loses ``loss``: the bankruptcy price, rounded away from entry.

    ``None`` for an inverse short that could lose as much at no price.
    """
    at = coordinate(contract, position.entry) - direction(position, contract) * loss / quantity
    if contract.kind is ContractKind.INVERSE:
        if at <= 0:
            return None
        at = coordinate(contract, at)
    if position.id.side is Side.LONG:
        return max(contract.tick, contract.price_down(at))
    return contract.price_up(at)
