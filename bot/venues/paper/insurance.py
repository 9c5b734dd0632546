"""The insurance fund: it closes in the market what was taken over, keeps the surplus and bears the deficit.

It never goes below zero. What it cannot pay for is not sold but matched, at the bankruptcy price, with the
other side of the symbol: first by rank among the accounts here (auto-deleveraging), and what they do not hold
with the rest of the market, which holds the other side of everything and is deleveraged likewise without a
name. A loss that arises without a liquidation, from a stop filled beyond the bankruptcy price, is borne by
the same market where the fund ends (see ``trading``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.margin.arithmetic import coordinate, direction
from bot.core.types import ZERO, Position, PositionId, Side
from bot.venues.paper.books import Books, gain_of
from bot.venues.paper.deleveraging import Matching, deleverage
from bot.venues.paper.matching import buys, sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """Part of a position that the fund has, and the ``loss`` its owner paid for it (negative: was paid).

    ``spared`` are the positions of the same pool: they stand for what is left of the owner.
    """

    position: Position
    quantity: Decimal
    loss: Decimal
    spared: frozenset[PositionId]


def close_taken_over(books: Books, at_ms: int, taken: TakenOver) -> None:
    """Sell it as far as the fund can pay for that, and deleverage the other side for the rest."""
    position, quantity = taken.position, taken.quantity
    symbol, side = position.id.symbol, position.id.side
    contract, market = books.contracts[symbol], books.markets[symbol]
    pots = books.pots[contract.settlement]
    buy = buys(side, reduces=True)
    last = books.quotes[symbol].last
    sold_at = sweep(books.model, contract, quantity, last, buy=buy)
    gain = gain_of(position, contract, quantity, sold_at)
    result = taken.loss + gain
    if pots.insurance_fund + result >= 0:
        market.trade(contract, quantity, sold_at, gain, buy=buy)
        pots.insurance_fund += result
        return
    sold = contract.quantity_down(quantity * pots.insurance_fund / -result)
    matched = quantity - sold
    sold_at = sweep(books.model, contract, sold, last, buy=buy) if sold else sold_at
    price = matching_price(contract, position, taken.loss / quantity)
    left = pots.insurance_fund + taken.loss
    for part, at in ((sold, sold_at), (matched, price)):
        gain = gain_of(position, contract, part, at)
        market.trade(contract, part, at, gain, buy=buy)
        left += gain
    # Profits of inverse contracts are rounded: a hair may be missing, and the market bears it.
    pots.insurance_fund = max(ZERO, left)
    market.borne += pots.insurance_fund - left
    call = Matching(symbol=symbol, side=side.opposite, quantity=matched, price=price, spared=taken.spared)
    deleverage(books, at_ms, call)


def matching_price(contract: Contract, position: Position, loss_per_unit: Decimal) -> Decimal:
    """The bankruptcy price on the tick that costs the fund nothing: toward entry, unlike the one shown."""
    at = coordinate(contract, position.entry) - direction(position, contract) * loss_per_unit
    price = coordinate(contract, at) if at > 0 else contract.tick
    if position.id.side is Side.LONG:
        return max(contract.tick, contract.price_up(price))
    return max(contract.tick, contract.price_down(price))
