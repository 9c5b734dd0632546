"""A hedge in dated contracts: in which it is held, how much of it is missing, and when it is rolled.

A later contract takes the place of every nearer one of its coin (``bot.core.rules.covering``): so a hedge is
never added to in a later one for a part only, and what stands in contracts still to be replaced counts for
nothing beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.markets.funding import DAY_MS
from bot.core.types import ZERO
from bot.core.view import Quarterly, View
from bot.core.wake import At


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """How such a hedge is kept; with ``Needs.quarterlies``."""

    ratio: Decimal
    """How much of the position is hedged; what the other leg of its contract offsets is left out."""
    days: int
    """A contract is delivered in so many days at least when a hedge is opened in it."""
    roll_days: int
    """So many days before delivery the hedge goes into a later one; fewer than ``days``."""

    def suitable(self, view: View) -> list[Quarterly]:
        """The contracts to hedge with, nearest first: the one a hedge is held in, while it lasts long enough.

        A later one takes the place of every nearer one, and is no place for a part of a hedge.
        """
        least_ms = view.now_ms + self.days * DAY_MS
        lasting = [quarterly for quarterly in view.quarterlies if quarterly.expiry_ms >= least_ms]
        if not view.pair.legs:
            return lasting
        last = view.pair.legs[-1]
        held = [quarterly for quarterly in lasting if quarterly.contract.symbol == last.symbol]
        return held or [quarterly for quarterly in lasting if not _outlasts(last.expiry_ms, quarterly)]

    def rolls(self, view: View) -> list[At]:
        """When each hedge that is held begins to count as missing."""
        ends = (leg.expiry_ms for leg in view.pair.legs)
        return [At(end_ms - self.roll_days * DAY_MS) for end_ms in ends if end_ms is not None]

    def missing(self, view: View, quarterly: Quarterly) -> Decimal:
        """How much is wanted of a contract and not held in those that stay for a while."""
        lasting = [
            leg.quantity
            for leg in view.pair.legs
            if leg.expiry_ms is None or leg.expiry_ms - self.roll_days * DAY_MS > view.now_ms
        ]
        return self._wanted(view, quarterly, lasting)

    def opening(self, view: View, quarterly: Quarterly) -> Decimal:
        """How much of a contract to open: beside what stays, and in place of what it takes over from."""
        beside = [leg.quantity for leg in view.pair.legs if _outlasts(leg.expiry_ms, quarterly)]
        return self._wanted(view, quarterly, beside)

    def _wanted(self, view: View, quarterly: Quarterly, held: Iterable[Decimal]) -> Decimal:
        """How much of a contract is wanted beside hedges of these quantities."""
        contract, kept = quarterly.contract, sum(held, ZERO)
        share = view.exposed * self.ratio
        if kept:
            rest = contract.quantity_down(share) - kept
            return rest if rest >= contract.min_quantity else ZERO
        # Too little for one lot is asked for all the same: the guard says that it cannot be had.
        return contract.quantity_down(share) or share


def _outlasts(expiry_ms: int | None, quarterly: Quarterly) -> bool:
    """Whether a hedge delivered then stays beside one in ``quarterly``, which replaces every nearer one."""
    return expiry_ms is None or expiry_ms >= quarterly.expiry_ms
