"""The levels of an order book as exchanges tell them, best prices and the money behind them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.facts import Book
from bot.core.types import ZERO
from bot.venues.live.exact import positive
from bot.venues.live.rows import items
from bot.venues.live.terms import Instrument, Payload

Level = tuple[Decimal, Decimal]
"""Price and quantity."""


def levels(side: Payload, what: str, unit: Decimal = Decimal(1)) -> tuple[Level, ...]:
    """The levels of one side, each a list that begins with price and size; ``unit`` is what one of size is.

    ``ValueError`` for a side that is empty, and for a level that makes no sense.
    """
    found = [items(level, what) for level in items(side, what)]
    if not found or any(len(level) < 2 for level in found):  # noqa: PLR2004 - a price and a size
        raise ValueError(f"{what}: found {side!r:.80}, expected prices and sizes")
    return tuple((positive(level[0], what), positive(level[1], what) * unit) for level in found)


def book(instrument: Instrument, at_ms: int, bids: Iterable[Level], asks: Iterable[Level]) -> Book:
    """Best prices, and the money that stands in the levels that were told: no more than that is known."""
    contract, bids, asks = instrument.contract, tuple(bids), tuple(asks)
    bid, ask = max(price for price, _ in bids), min(price for price, _ in asks)
    if bid >= ask:
        raise ValueError(f"{contract.symbol}: best bid {bid} is not below best ask {ask}")
    return Book(
        at_ms=at_ms,
        symbol=contract.symbol,
        bid=bid,
        ask=ask,
        bid_depth=sum((contract.notional(quantity, price) for price, quantity in bids), ZERO),
        ask_depth=sum((contract.notional(quantity, price) for price, quantity in asks), ZERO),
    )
