"""How much an account stands to win or lose with its prices: the delta of each position.

A delta is the value of what is held, in settlement currency and above 0 where a rise earns: so much is won
or lost for each whole by which the price moves. Of linear contracts that is exact for any move, of inverse
ones for a small one. Coins held outright have one too, and are worth something besides; the settlement
currency itself has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from bot.core.held.spot import pricing
from bot.core.intents import CloseHedge, OpenHedge, ReducePosition
from bot.core.types import Symbol

if TYPE_CHECKING:
    from bot.core.accounts.book import Account
    from bot.core.markets.market import Market

_TRADES = (OpenHedge, CloseHedge, ReducePosition)


class Delta(NamedTuple):
    """What one position, a hedge of ours or coins held outright add to the delta of their account."""

    symbol: Symbol
    """What is held; of coins the perpetual that prices them."""
    value: Decimal
    """In settlement currency; below 0 a fall earns."""
    outright: bool = False
    """Whether it is coins: then this is what they are worth, and no wallet counts it."""


def deltas_of(account: Account, currency: str, market: Market, *, spot: bool) -> tuple[Delta, ...] | None:
    """The deltas of all that settles in ``currency``, and with ``spot`` of the coins held outright.

    ``None`` while a mark is missing, or while a trade of ours is on its way: what is held afterwards is not
    known yet, and who counted on it would trade twice for one reason. With ``spot`` also until the coins were
    told. A coin of which no perpetual is known here is left out.
    """
    found = []
    for holder in account.holders.values():
        if holder.contract.settlement != currency:
            continue
        mark, flying = market.marks.get(holder.id.symbol), holder.history.in_flight
        if mark is None or (flying is not None and isinstance(flying.action.intent, _TRADES)):
            return None
        value = holder.contract.notional(holder.position.quantity, mark)
        found.append(Delta(holder.id.symbol, holder.id.side.sign * value))
    if not spot:
        return tuple(found)
    if account.spot is None:
        return None
    for symbol, quantity in priced(account.spot, currency, market).items():
        mark = market.marks.get(symbol)
        if mark is None:
            return None
        found.append(Delta(symbol, quantity * mark, outright=True))
    return tuple(found)


def priced(spot: Mapping[str, Decimal], currency: str, market: Market) -> dict[Symbol, Decimal]:
    """How much there is of the coins that a perpetual prices in ``currency``, by its symbol."""
    named = {pricing(asset, currency): quantity for asset, quantity in spot.items() if asset != currency}
    return {symbol: quantity for symbol, quantity in named.items() if symbol in market.contracts}
