"""How much an account stands to win or lose with its prices: the delta of each position.

A delta is the value of what is held, in settlement currency and above 0 where a rise earns: so much is won
or lost for each whole by which the price moves. Of linear contracts that is exact for any move, of inverse
ones for a small one.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from bot.core.contracts import Contract
from bot.core.intents import CloseHedge, OpenHedge, ReducePosition
from bot.core.margin.pool import Marks

if TYPE_CHECKING:
    from bot.core.book import Holder

_TRADES = (OpenHedge, CloseHedge, ReducePosition)


class Delta(NamedTuple):
    """What one position, or a hedge of ours, adds to the delta of its account."""

    contract: Contract
    value: Decimal
    """In settlement currency; below 0 a fall earns."""


def deltas_of(holders: Iterable[Holder], currency: str, marks: Marks) -> tuple[Delta, ...] | None:
    """The deltas of all that settles in ``currency``.

    ``None`` while a mark is missing, or while a trade of ours is on its way: what is held afterwards is not
    known yet, and who counted on it would trade twice for one reason.
    """
    found = []
    for holder in holders:
        if holder.contract.settlement != currency:
            continue
        mark, flying = marks.get(holder.id.symbol), holder.history.in_flight
        if mark is None or (flying is not None and isinstance(flying.action.intent, _TRADES)):
            return None
        value = holder.contract.notional(holder.position.quantity, mark)
        found.append(Delta(holder.contract, holder.id.side.sign * value))
    return tuple(found)
