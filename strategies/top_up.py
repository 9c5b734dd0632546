"""Add isolated margin when liquidation comes near."""

from __future__ import annotations

from decimal import Decimal

from bot.core.intents import AddMargin
from bot.core.rule import Decisions, Params, Ratio, Rule, Times
from bot.core.types import MarginMode, RuleName
from bot.core.view import View
from bot.core.wake import Metric, Never, Wake


class TopUpParams(Params):
    """When to add margin, how much, and how often at most."""

    tightens = ("below", "restore_to")
    rising = (("below", "restore_to"),)

    below: Ratio = Decimal("0.08")
    """Act when the distance to liquidation is less than this fraction of the mark price."""
    restore_to: Ratio = Decimal("0.12")
    """Add what brings the distance back to this fraction; above ``below``."""
    max_times: Times = 3
    """Additions per position; after that only de-risking is left."""


class TopUp(Rule[TopUpParams]):
    """Feeds an isolated position from the free balance, a limited number of times."""

    proposes = (AddMargin,)

    def __init__(self, name: RuleName, params: TopUpParams) -> None:
        """Say once when liquidation is near."""
        super().__init__(name, params)
        self._near = Metric.DISTANCE.below(params.below)

    def wake(self, view: View) -> Wake:
        """Below the trigger distance, unless it cannot or may not help any more."""
        if view.position.mode is not MarginMode.ISOLATED:
            return Never("margin can be added to isolated positions only")
        if view.times_acted >= self.params.max_times:
            return Never(f"margin was added {view.times_acted} times already")
        return self._near

    def decide(self, view: View) -> Decisions:
        """Add the smallest margin that restores the target distance."""
        amount = view.margin_for_distance(self.params.restore_to)
        yield AddMargin(id=view.id, amount=amount), f"liquidation {view.distance:.2%} away"
