"""What is remembered of a lot from the day it was opened, because nothing at the exchange tells it later.

How large it once was, which stop it began with, and what it paid for being held: by these a profit is counted
in multiples of what was risked. A restart hands them on with everything else that was done for a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.types import ZERO, Order, Position, RuleName


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """The past of the present lot of a position."""

    since_ms: int = 0
    """When it was first seen here; venues that tell when it was opened say so in ``Position.opened_ms``."""
    largest: Decimal = ZERO
    """The most that was held of it, as a quantity."""
    first_stop: Decimal | None = None
    """The trigger of the first stop on its losing side, whoever placed it; the seatbelt's does not count."""
    first_stop_by: RuleName | None = None
    """The rule that placed it; ``None`` where it was the trader."""
    first_target: Decimal | None = None
    """The trigger of the first take-profit, whoever placed it."""
    funding_each: Decimal = ZERO
    """Funding received (negative: paid) per unit of quantity, in money."""

    def seen(self, position: Position, at_ms: int) -> Lot:
        """The position was reported. What was added since has not paid what the rest did."""
        if position.quantity <= self.largest:
            return self
        share = self.largest / position.quantity
        since_ms = self.since_ms if self.largest else at_ms
        return replace(
            self, since_ms=since_ms, largest=position.quantity, funding_each=self.funding_each * share
        )

    def aimed(self, targets: Iterable[Order]) -> Lot:
        """These take-profits rest for the position."""
        if self.first_target is not None:
            return self
        triggers = [order.trigger for order in targets if order.trigger is not None]
        return replace(self, first_target=triggers[0]) if triggers else self

    def stopped(self, position: Position, stops: Iterable[Order], placed: Mapping[str, RuleName]) -> Lot:
        """These stops rest for the position: the one nearest to the entry is what the lot began with.

        ``placed`` tells which rule placed an order of ours.
        """
        if self.first_stop is not None:
            return self
        sign, entry = position.id.side.sign, position.entry
        triggers = [(sign * stop.trigger, stop) for stop in stops if stop.trigger is not None]
        losing = [each for each in triggers if each[0] < sign * entry]
        if not losing:
            return self
        _, nearest = max(losing, key=lambda each: each[0])
        by = placed.get(nearest.client_id)
        return replace(self, first_stop=nearest.trigger, first_stop_by=by)

    def paid(self, amount: Decimal, quantity: Decimal) -> Lot:
        """Funding of ``amount`` was received on ``quantity``; below 0 it was paid."""
        return replace(self, funding_each=self.funding_each + amount / quantity)


NO_LOT = Lot()
