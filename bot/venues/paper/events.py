"""What befalls a market from outside, as data: what a replay may schedule, and how the exchange is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from bot.core.types import Side, Symbol
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.model import Share
from bot.venues.port import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleveraging:
    """The rest of the market deleverages ``side`` by rank, at ``price`` or, if ``None``, at the mark."""

    symbol: Symbol
    side: Side
    quantity: Decimal | Share
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralPrice:
    """A collateral asset costs ``price`` in settlement currency from now on: a de-peg, usually."""

    asset: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingTerms:
    """The venue changes the interval of a symbol's funding, or its cap, or both; ``None`` leaves it."""

    symbol: Symbol
    interval_ms: int | None = None
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An outage begins or ends: the exchange knows which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidity:
    """Order books from now on, in multiples of what they began with: ``spread`` wide and ``depth`` deep."""

    spread: Decimal
    depth: Decimal


VenueEvent = Deleveraging | CollateralPrice | FundingTerms | Connection | Liquidity


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEvent:
    """Something that befalls the market at ``at_ms``, whatever anybody does."""

    at_ms: int
    event: VenueEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledFunding:
    """From ``start_ms`` and before ``end_ms`` a symbol settles ``rate`` every ``interval_ms``.

    Settlements are at whole multiples of the interval, after ``start_ms``; those of a tape in that time are
    left out.
    """

    symbol: Symbol
    start_ms: int
    end_ms: int
    interval_ms: int
    rate: Decimal

    def covers(self, symbol: Symbol, at_ms: int) -> bool:
        """Whether it stands for what a tape says."""
        return symbol == self.symbol and self.start_ms <= at_ms < self.end_ms

    def times(self) -> range:
        """When it settles."""
        first = (self.start_ms // self.interval_ms + 1) * self.interval_ms
        return range(first, self.end_ms, self.interval_ms)


def befall(exchange: PaperExchange, at_ms: int, event: VenueEvent) -> Sequence[Batch]:
    """Let an event happen to an exchange; its effects, as from any of its methods."""
    match event:
        case Deleveraging(symbol=symbol, side=side, quantity=quantity, price=price):
            return exchange.deleverage(at_ms, symbol, side, quantity, price)
        case CollateralPrice(asset=asset, price=price):
            return exchange.collateral_price(at_ms, asset, price)
        case FundingTerms(symbol=symbol, interval_ms=interval_ms, cap=cap):
            return exchange.listing.change_funding(at_ms, symbol, interval_ms=interval_ms, cap=cap)
        case Connection():
            return exchange.connect(at_ms)
        case Liquidity(spread=spread, depth=depth):
            return exchange.listing.change_books(at_ms, spread=spread, depth=depth)
        case _:
            assert_never(event)
