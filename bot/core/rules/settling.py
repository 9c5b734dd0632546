"""The next funding settlement as one position meets it: what it costs, and the marks at which it costs more.

It is a forecast: the rate last told, at the interval there was between the last settlements. A rate that
stands at the venue's cap would be beyond it, and venues have halved the interval then, and halved it again:
so such a rate is taken to be asked for twice as often as it is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.markets.funding import Funding, mark_where_it_costs
from bot.core.types import Position
from bot.core.view import View
from bot.core.wake import Above, Below, Metric

_OFTEN = 2
"""How many times as often a settlement is expected whose rate stands at the cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The next settlement of a position."""

    position: Position
    contract: Contract
    funding: Funding
    margin: Decimal
    """What stands behind the position: ``View.own_margin``."""
    capped: bool
    """Whether the rate stands at the venue's cap."""

    @property
    def at_ms(self) -> int:
        """When it is."""
        return self.funding.next_ms

    @property
    def began_ms(self) -> int:
        """When the one before it was, at the present interval."""
        return self.funding.next_ms - self.funding.interval_ms

    @property
    def rate(self) -> Decimal:
        """What the position pays, as a fraction of its value; below 0 it receives."""
        return self.funding.owed_by(self.position.id.side)

    def cost(self, mark: Decimal) -> Decimal:
        """What it costs in money at a mark; below 0 it is received."""
        return self.contract.notional(self.position.quantity, mark) * self.rate

    def at_most(self, per_day: Decimal) -> Decimal:
        """What one settlement may cost, in money, where a day may cost ``per_day``, a fraction of margin."""
        return per_day * self.margin / (self.funding.per_day * (_OFTEN if self.capped else 1))

    def dearer(self, money: Decimal) -> Above | Below:
        """True at the marks at which it costs more than ``money``; only of one that costs anything."""
        mark = mark_where_it_costs(self.position, self.contract, self.rate, money)
        return (Metric.MARK.above if self.contract.kind is ContractKind.LINEAR else Metric.MARK.below)(mark)


def settlement_of(view: View, cap: Decimal | None) -> Settlement | None:
    """The next settlement as last told, with ``Needs.funding``; ``None`` until then.

    ``cap`` is the highest rate that the venue asks for in one settlement, a fraction, where it is known.
    """
    funding = view.funding
    if funding is None:
        return None
    return Settlement(
        position=view.position,
        contract=view.contract,
        funding=funding,
        margin=view.own_margin,
        capped=cap is not None and abs(funding.rate) >= cap,
    )
