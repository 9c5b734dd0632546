"""An opposite position in a quarterly, while liquidation is near."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.core.intents import CloseHedge, Intent, OpenHedge
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Share
from bot.core.rules.reconsidering import another_look
from bot.core.rules.rolling import Rolling
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import Quarterly, View
from bot.core.wake import Metric, Never, Wake, all_of, any_of


class QuarterlyHedgeParams(Params):
    """When a hedge is opened and given up, how large it is, and in which contract."""

    tightens = ("below", "calm")
    rising = (("below", "calm"), ("roll_days", "days"))

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


class QuarterlyHedge(Rule[QuarterlyHedgeParams]):
    """Sets a contract that earns against one that loses. An isolated position may die all the same."""

    proposes = (OpenHedge, CloseHedge)
    may_increase = True

    def __init__(self, name: RuleName, params: QuarterlyHedgeParams) -> None:
        """Say once how the hedge is kept."""
        super().__init__(name, params)
        self._rolling = Rolling(ratio=params.ratio, days=params.days, roll_days=params.roll_days)

    def needs(self) -> Needs:
        """The dated contracts beside the position's own."""
        return Needs(quarterlies=True, book=True)

    def wake(self, view: View) -> Wake:
        """Near liquidation while something is unhedged; with a hedge, when it is calm or about to expire.

        What the account was too small for, or not safer with, is asked for again after a move of a quarter of
        a percent, five minutes, or a change of the position or the balance.
        """
        near, again = Metric.DISTANCE.below(self.params.below), another_look(view)
        missing = near if again is None else all_of(near, again)
        calm = Metric.DISTANCE.above(self.params.calm)
        suitable = self._rolling.suitable(view)
        if not suitable:  # As time goes by there are only fewer, and a new listing is a change.
            return calm if view.pair.legs else Never("no quarterly expires late enough")
        if not view.pair.legs:
            return missing if view.exposed else Never("the other leg of its contract offsets it")
        rolls, incomplete = self._rolling.rolls(view), self._rolling.missing(view, suitable[0]) > 0
        return any_of(calm, *rolls, missing) if incomplete else any_of(calm, *rolls)

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        """Without a hedge there is none to close."""
        return () if view.pair.legs else (CloseHedge,)

    def decide(self, view: View) -> Decisions:
        """Open, enlarge or roll the hedge; close it when it is calm."""
        params, away = self.params, f"liquidation {view.distance:.2%} away"
        if view.distance > params.calm:
            for leg in view.pair.legs:
                yield CloseHedge(id=view.id, symbol=leg.symbol, quantity=leg.quantity), f"calm: {away}"
            return
        known = [quarterly for quarterly in self._rolling.suitable(view) if quarterly.basis is not None]
        if not known or self._rolling.missing(view, known[0]) <= 0:
            return
        # Where none has a fair price the nearest is proposed all the same: the guard says what is wrong.
        chosen = next((quarterly for quarterly in known if self._fair(view, quarterly)), known[0])
        quantity = self._rolling.opening(view, chosen)
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
