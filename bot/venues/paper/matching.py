"""Where an order fills, and when a resting one is met. Pure: it knows prices and the model, no accounts.

A fill happens around a *basis*, the traded price at that moment: half the spread and the impact of its
own size away from it. Prices are rounded to the tick against the order, so rounding never flatters.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import Book
from bot.core.types import Order, PriceKind, Side
from bot.venues.paper.model import DEPTH_DISTANCE, MarketModel

TWO = Decimal(2)
BOTTOMLESS = Decimal(10) ** 12
"""What rests in a book without a configured depth, in quote currency."""


@dataclass(frozen=True, slots=True)
class Match:
    """What the book gave: the quantity, and its average price."""

    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Level:
    """The price a resting order waits for: met at or above it if ``rising``, else at or below it."""

    by: PriceKind
    price: Decimal
    rising: bool

    def met(self, mark: Decimal, last: Decimal) -> bool:
        """Whether the order acts at these prices."""
        price = mark if self.by is PriceKind.MARK else last
        return price >= self.price if self.rising else price <= self.price


def buys(side: Side, *, reduces: bool) -> bool:
    """Whether an order on that side of position is a buy."""
    return (side is Side.LONG) is not reduces


def level_of(order: Order) -> Level:
    """What a resting order waits for: its trigger, or its limit on the last price once it has none.

    The trigger of a trailing stop arms it; where it is met, its ``Trail`` knows.
    """
    buy = buys(order.id.side, reduces=order.reduces)
    if order.trigger is not None:
        return Level(order.trigger_by, order.trigger, buy is order.kind.is_stop)
    assert order.limit is not None, f"{order.client_id}: rests without trigger or limit"
    return Level(PriceKind.LAST, order.limit, not buy)


def worse(buy_prices: tuple[Decimal, Decimal], *, buy: bool) -> Decimal:
    """The worse of two prices for the order: the higher for a buy."""
    return max(buy_prices) if buy else min(buy_prices)


def match(
    model: MarketModel,
    contract: Contract,
    quantity: Decimal,
    basis: Decimal,
    *,
    buy: bool,
    limit: Decimal | None = None,
) -> Match | None:
    """Fill as much of ``quantity`` as the book holds, no worse than ``limit``; ``None`` if nothing.

    ``limit`` must be a multiple of the tick. The marginal price of the last unit is within the limit, the
    average is half the impact better.
    """
    sign = 1 if buy else -1
    touch = basis + sign * basis * model.spread / TWO
    depth = model.depth_of(contract.symbol)
    if depth is None:
        if limit is not None and sign * (limit - touch) < 0:
            return None
        return Match(quantity, _tick(contract, touch, buy=buy))
    reach = model.max_impact
    if limit is not None:
        reach = min(reach, sign * (limit - touch) / basis)
    if reach < 0:
        return None
    held = _for_quote(contract, reach / DEPTH_DISTANCE * depth, basis)
    filled = min(quantity, contract.quantity_down(held))
    if filled <= 0:
        return None
    impact = DEPTH_DISTANCE * _in_quote(contract, filled, basis) / depth / TWO
    return Match(filled, _tick(contract, touch + sign * basis * impact, buy=buy))


def sweep(model: MarketModel, contract: Contract, quantity: Decimal, basis: Decimal, *, buy: bool) -> Decimal:
    """The average price of a quantity that must be sold or bought whole, as the liquidation engine must.

    What the book does not hold goes at its far end, which is why the average is capped at ``max_impact``.
    """
    sign = 1 if buy else -1
    touch = basis + sign * basis * model.spread / TWO
    depth = model.depth_of(contract.symbol)
    if depth is not None:
        impact = min(DEPTH_DISTANCE * _in_quote(contract, quantity, basis) / depth / TWO, model.max_impact)
        touch += sign * basis * impact
    return _tick(contract, touch, buy=buy)


def order_book(model: MarketModel, contract: Contract, at_ms: int, basis: Decimal) -> tuple[tuple[Book], ...]:
    """What a dated contract's book holds, told with its first price; a perpetual's only if it is shown."""
    if contract.expiry_ms is None and contract.symbol not in model.shown:
        return ()
    depth = model.depth_of(contract.symbol)
    rests = BOTTOMLESS if depth is None else depth
    bid, ask = (_tick(contract, basis + sign * basis * model.spread / TWO, buy=sign > 0) for sign in (-1, 1))
    told = Book(at_ms=at_ms, symbol=contract.symbol, bid=bid, ask=ask, bid_depth=rests, ask_depth=rests)
    return ((told,),)


def _in_quote(contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """The value of a quantity in quote currency; the quantity of an inverse contract is one already."""
    return quantity * price if contract.kind is ContractKind.LINEAR else quantity


def _for_quote(contract: Contract, value: Decimal, price: Decimal) -> Decimal:
    """The quantity that is worth ``value`` in quote currency."""
    return value / price if contract.kind is ContractKind.LINEAR else value


def _tick(contract: Contract, price: Decimal, *, buy: bool) -> Decimal:
    """``price`` on the tick against the order, and never at or below zero."""
    return contract.price_up(price) if buy else max(contract.price_down(price), contract.tick)
