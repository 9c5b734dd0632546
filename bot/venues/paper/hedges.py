"""What goes first when a cross pool that holds a long and a short of one symbol is liquidated.

Isolated legs are pools of their own and die one by one: of a hedge one leg stays, which is what people call
being left with the wrong half. In cross the venues differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from bot.core.contracts import Contract
from bot.core.facts import Liquidated
from bot.core.margin.pool import Holding, Pool
from bot.core.types import ZERO, PositionId
from bot.venues.paper.books import Books
from bot.venues.paper.refusals import family
from bot.venues.paper.trading import reduce


class HedgeFirst(StrEnum):
    """Which part of a hedged pair a venue liquidates first."""

    LARGEST = "largest"
    """The position with the largest requirement, as if they did not belong together."""
    OFFSET = "offset"
    """The pair is closed against itself at the mark, without the market and without a fee."""
    NET = "net"
    """Only what one leg is larger by; the hedged part is left alone while anything else is there."""


HEDGE_FIRST: Mapping[str, HedgeFirst] = MappingProxyType(
    {
        # OKX help, liquidation in cross margin: opposite positions are closed against each other first.
        "okx": HedgeFirst.OFFSET,
        # bybit.eu "liquidation-summarize": only the net long or net short position may be liquidated, fully
        # hedged portions will not be. A pair that cannot keep its requirement goes by its largest here.
        "bybit": HedgeFirst.NET,
    }
)
"""By venue family; of the others nothing is known and the largest requirement goes first."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be liquidated next, at most."""

    holding: Holding
    quantity: Decimal


def hedge_first(contract: Contract) -> HedgeFirst:
    """What the venue of a contract does."""
    return HEDGE_FIRST.get(family(contract), HedgeFirst.LARGEST)


def due(pool: Pool, requirement: Callable[[Holding], Decimal]) -> Due:
    """The holding with the largest requirement of those that may go, and how much of it."""
    parts = [Due(holding, _net(pool, holding)) for holding in pool.holdings]
    free = [part for part in parts if part.quantity > 0]
    parts = free or [Due(holding, holding.position.quantity) for holding in pool.holdings]
    return max(parts, key=lambda part: requirement(part.holding))


def offset(books: Books, at_ms: int, pool: Pool) -> bool:
    """Close pairs of the pool against themselves where the venue does that; whether there were any."""
    found = False
    for holding in pool.holdings:
        position, other = holding.position, _other(pool, holding)
        if (
            other is None
            or position.id.side.sign < 0
            or hedge_first(holding.contract) is not HedgeFirst.OFFSET
        ):
            continue
        found = True
        mark = books.quotes[position.id.symbol].mark
        quantity = min(position.quantity, other.position.quantity)
        for id_ in (position.id, other.position.id):
            reduce(books, id_, quantity, mark, ZERO)
            books.totals(id_).liquidations += 1
            books.facts.append(Liquidated(at_ms=at_ms, id=id_, quantity=quantity, price=mark, fee=ZERO))
    return found


def _net(pool: Pool, holding: Holding) -> Decimal:
    """How much of it may go now."""
    other = _other(pool, holding)
    quantity = holding.position.quantity
    if other is None or hedge_first(holding.contract) is not HedgeFirst.NET:
        return quantity
    return quantity - other.position.quantity


def _other(pool: Pool, holding: Holding) -> Holding | None:
    id_ = holding.position.id
    opposite = PositionId(id_.account, id_.symbol, id_.side.opposite)
    return next((h for h in pool.holdings if h.position.id == opposite), None)
