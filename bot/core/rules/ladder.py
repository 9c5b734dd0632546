"""A ladder of targets: each rung closes a part of a position so many R ahead of its entry.

One R is what was risked at first, from the entry to the stop the position began with: counted in it, targets
fit positions of any volatility (Tharp, Trade Your Way to Financial Freedom). What is closed already is told
by how much is left of the position at its largest, whoever closed it: a ladder remembers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, NamedTuple

from pydantic import Field

from bot.core.rule import Params, Share
from bot.core.types import ZERO
from bot.core.units import Unit
from bot.core.view import View


class Rung(Params):
    """Where a part of the position is closed, and how much."""

    at: Annotated[Decimal, Field(gt=0, le=1000), Unit("R")]
    """So far ahead of the entry."""
    close: Share
    """How much of the position as it was at its largest."""


Rungs = Annotated[tuple[Rung, ...], Field(min_length=1, max_length=10)]
"""At least one and at most ten of them; ``closed_by`` says whether they make a ladder."""


def closed_by(rungs: Sequence[Rung]) -> Decimal:
    """How much of the position the rungs close together, at most 1.

    Raises ValueError where they make no ladder: where they do not ascend, or close more than there is.
    """
    for one, two in pairwise(rungs):
        if two.at <= one.at:
            message = f"rungs must ascend: {two.at} R after {one.at} R"
            raise ValueError(message)
    total = sum((rung.close for rung in rungs), ZERO)
    if total > 1:
        message = f"rungs close {total} of the position, allowed is at most 1"
        raise ValueError(message)
    return total


class Scale(NamedTuple):
    """Prices counted in R from the entry on, in favour of the position."""

    entry: Decimal
    sign: int
    """+1 of a long, -1 of a short."""
    one: Decimal
    """One R in price, above 0."""

    def price(self, at: Decimal) -> Decimal:
        """The price ``at`` R ahead of the entry."""
        return self.entry + self.sign * at * self.one

    def ahead(self, price: Decimal) -> Decimal:
        """How many R a price is ahead of the entry; below 0 it is behind."""
        return self.sign * (price - self.entry) / self.one

    def farther(self, one: Decimal, two: Decimal) -> Decimal:
        """The one of two prices that is farther ahead."""
        return max(one, two, key=lambda price: self.sign * price)


def scale_of(view: View, risk: Decimal | None) -> Scale | None:
    """The scale of a position: by what was risked, else by ``risk`` as a fraction of the entry.

    ``None`` where neither is known.
    """
    entry, risked = view.position.entry, view.risked
    one = risked if risked is not None or risk is None else entry * risk
    return None if one is None else Scale(entry, view.id.side.sign, one)


def due(view: View, rungs: Sequence[Rung], ahead: Decimal) -> Decimal:
    """What is still to be closed where the mark is ``ahead`` R; 0 where that is less than the venue takes."""
    taken = sum((rung.close for rung in rungs if rung.at <= ahead), ZERO)
    left, contract = view.position.quantity - view.memory.lot.largest * (1 - taken), view.contract
    part = min(contract.quantity_down(left), view.position.quantity) if left > 0 else ZERO
    return part if part >= max(contract.lot, contract.min_quantity) else ZERO


def next_rung(view: View, rungs: Sequence[Rung]) -> Rung | None:
    """The first rung at which something is still to be closed."""
    return next((rung for rung in rungs if due(view, rungs, rung.at)), None)
