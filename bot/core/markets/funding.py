"""What is known of a symbol's funding, and what it costs.

Venues settle every eight hours, or more often: Binance moved SOL from 8 to 4 to 2 hours in November 2022,
and Hyperliquid settles every hour. A rate that stands at its cap would be beyond it, and that is when
intervals are shortened; so a rate alone says little without the time between settlements.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import FundingRate
from bot.core.types import ONE, Position, Side

DAY_MS = 86_400_000
_NO_BOUND = Decimal("1E+18")


class Funding(NamedTuple):
    """The rate expected for the next settlement, when that is, and how long it is between two of them."""

    rate: Decimal
    """A fraction of notional at mark; longs pay when it is positive."""
    next_ms: int
    interval_ms: int
    settled_ms: int | None = None
    """When the last settlement was that we saw announced."""

    @staticmethod
    def told(fact: FundingRate, known: Funding | None, usual_ms: int) -> Funding:
        """What is known after ``fact``; until a settlement has been seen the contract's ``usual_ms`` hold."""
        settled_ms = None if known is None else known.settled_ms
        if known is not None and fact.at_ms >= known.next_ms and fact.next_ms > known.next_ms:
            settled_ms = known.next_ms
        interval_ms = usual_ms if settled_ms is None else fact.next_ms - settled_ms
        if interval_ms <= 0:
            interval_ms = usual_ms
        return Funding(fact.rate, fact.next_ms, interval_ms, settled_ms)

    def owed_by(self, side: Side) -> Decimal:
        """What a position of that side pays at the next settlement, as a fraction of its notional."""
        return self.rate * side.sign

    @property
    def per_day(self) -> Decimal:
        """Settlements in a day, at the present interval."""
        return Decimal(DAY_MS) / self.interval_ms


def mark_where_it_costs(position: Position, contract: Contract, rate: Decimal, money: Decimal) -> Decimal:
    """The mark at which a settlement of ``rate``, above 0, costs ``money``.

    It is dearer above that mark; where the contract is inverse, below it: then there may be no bound.
    """
    assert rate > 0, f"{position.id}: a rate of {rate} costs nothing"
    value = money / (rate * position.quantity)
    if contract.kind is ContractKind.LINEAR:
        return value
    return ONE / value if value > 0 else _NO_BOUND
