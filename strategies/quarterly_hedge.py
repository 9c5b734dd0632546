"""An opposite position in a quarterly, while liquidation is near."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.intents import CloseHedge, OpenHedge
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Share
from bot.core.types import ZERO
from bot.core.units import Unit
from bot.core.view import Quarterly, View
from bot.core.wake import At, Metric, Never, Wake, any_of

_DAY_MS = 24 * 60 * 60_000


class QuarterlyHedgeParams(Params):
    """When a hedge is opened and given up, how large it is, and in which contract."""

    tightens = ("below", "calm")

    below: Ratio = Decimal("0.10")
    """Hedge when liquidation is nearer than this fraction of the mark."""
    calm: Ratio = Decimal("0.20")
    """Close the hedge when liquidation is farther away than this."""
    ratio: Share = Decimal(1)
    """How much of the position is hedged; what the other leg of its contract offsets is left out."""
    days: Annotated[int, Field(ge=1, le=180), Unit("days")] = 14
    """The contract is delivered in so many days at least."""
    roll_days: Annotated[int, Field(ge=0, le=90), Unit("days")] = 3
    """So many days before delivery the hedge is rolled into a later contract, if there is one."""
    basis: Ratio = Decimal("0.03")
    """How far the quarterly may stand on the wrong side of the position's mark, as a fraction."""
    leverage: Annotated[Decimal, Field(ge=1, le=125), Unit("times the margin")] = Decimal(3)
    """Leverage of the hedge: lower locks more margin and stands more against the hedge's own liquidation."""

    @model_validator(mode="after")
    def _in_order(self) -> QuarterlyHedgeParams:
        if self.calm <= self.below:
            message = f"calm {self.calm} must be above below {self.below}"
            raise ValueError(message)
        if self.roll_days >= self.days:
            message = f"roll_days {self.roll_days} must be below days {self.days}"
            raise ValueError(message)
        return self


class QuarterlyHedge(Rule[QuarterlyHedgeParams]):
    """Sets a contract that earns against one that loses. An isolated position may die all the same."""

    proposes = (OpenHedge, CloseHedge)
    may_increase = True

    def needs(self) -> Needs:
        """The dated contracts beside the position's own."""
        return Needs(quarterlies=True, book=True)

    def wake(self, view: View) -> Wake:
        """Near liquidation while something is unhedged; with a hedge, when it is calm or about to expire."""
        missing = Metric.DISTANCE.below(self.params.below)
        calm = Metric.DISTANCE.above(self.params.calm)
        suitable = self._suitable(view)
        if not suitable:  # As time goes by there are only fewer, and a new listing is a change.
            return calm if view.pair.legs else Never("no quarterly expires late enough")
        if not view.pair.legs:
            return missing if view.exposed else Never("the other leg of its contract offsets it")
        expiries = [At(leg.expiry_ms - self._roll_ms) for leg in view.pair.legs if leg.expiry_ms is not None]
        incomplete = self._missing(view, suitable[0]) > 0
        return any_of(calm, *expiries, missing) if incomplete else any_of(calm, *expiries)

    def decide(self, view: View) -> Decisions:
        """Open, enlarge or roll the hedge; close it when it is calm."""
        params, away = self.params, f"liquidation {view.distance:.2%} away"
        if view.distance > params.calm:
            for leg in view.pair.legs:
                yield CloseHedge(id=view.id, symbol=leg.symbol, quantity=leg.quantity), f"calm: {away}"
            return
        known = [quarterly for quarterly in self._suitable(view) if quarterly.basis is not None]
        if not known or self._missing(view, known[0]) <= 0:
            return
        # Where none has a fair price the nearest is proposed all the same: the guard says what is wrong.
        chosen = next((quarterly for quarterly in known if self._fair(view, quarterly)), known[0])
        beside = [leg.quantity for leg in view.pair.legs if _outlasts(leg.expiry_ms, chosen)]
        quantity = self._wanted(view, chosen, beside)
        why = f"{away}, hedging {quantity} in {chosen.contract.symbol} at a basis of {chosen.basis:.2%}"
        yield self._opening(view, chosen, quantity), why

    def _fair(self, view: View, quarterly: Quarterly) -> bool:
        """Whether what the hedge would cost when its basis is gone is within bounds."""
        return quarterly.basis is not None and view.id.side.sign * quarterly.basis >= -self.params.basis

    def _opening(self, view: View, quarterly: Quarterly, quantity: Decimal) -> OpenHedge:
        return OpenHedge(
            id=view.id,
            symbol=quarterly.contract.symbol,
            quantity=quantity,
            leverage=self.params.leverage,
            limit=view.mark * (1 - view.id.side.sign * self.params.basis),
        )

    @property
    def _roll_ms(self) -> int:
        return self.params.roll_days * _DAY_MS

    def _suitable(self, view: View) -> list[Quarterly]:
        """The contracts to hedge with, nearest first: the one a hedge is held in, while it lasts long enough.

        A later one takes the place of every nearer one, and is no place for a part of a hedge.
        """
        least_ms = view.now_ms + self.params.days * _DAY_MS
        lasting = [quarterly for quarterly in view.quarterlies if quarterly.expiry_ms >= least_ms]
        if not view.pair.legs:
            return lasting
        last = view.pair.legs[-1]
        held = [quarterly for quarterly in lasting if quarterly.contract.symbol == last.symbol]
        return held or [quarterly for quarterly in lasting if not _outlasts(last.expiry_ms, quarterly)]

    def _missing(self, view: View, quarterly: Quarterly) -> Decimal:
        """What is wanted and not held in contracts that stay for a while."""
        lasting = [
            leg.quantity
            for leg in view.pair.legs
            if leg.expiry_ms is None or leg.expiry_ms - self._roll_ms > view.now_ms
        ]
        return self._wanted(view, quarterly, lasting)

    def _wanted(self, view: View, quarterly: Quarterly, held: Iterable[Decimal]) -> Decimal:
        """How much of a contract is wanted beside hedges of these quantities."""
        contract, kept = quarterly.contract, sum(held, ZERO)
        share = view.exposed * self.params.ratio
        if kept:
            rest = contract.quantity_down(share) - kept
            return rest if rest >= contract.min_quantity else ZERO
        # Too little for one lot is asked for all the same: the guard says that it cannot be had.
        return contract.quantity_down(share) or share


def _outlasts(expiry_ms: int | None, quarterly: Quarterly) -> bool:
    """Whether a hedge delivered then stays beside one in ``quarterly``, which replaces every nearer one."""
    return expiry_ms is None or expiry_ms >= quarterly.expiry_ms
