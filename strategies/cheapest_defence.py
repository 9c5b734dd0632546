"""Move liquidation away by whatever costs least: margin, a smaller position, or some of both."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.core.intents import AddMargin, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Times
from bot.core.rules.planner import Planner, Prices
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Metric, Never, Wake

_FINISHES_MS = 600_000
"""What takes two steps is finished within this time, although the first one may have ended the danger."""


class CheapestDefenceParams(Params):
    """When to act, how far to go, and what money and losses count for."""

    tightens = ("below", "restore_to")
    rising = (("below", "restore_to"),)

    below: Ratio = Decimal("0.06")
    """Act when the distance to liquidation is less than this fraction of the mark price."""
    restore_to: Ratio = Decimal("0.1")
    """Bring the distance back to this fraction; above ``below``."""
    days: Annotated[int, Field(ge=1, le=365), Unit("days")] = 7
    """For how long margin would be locked and funding paid."""
    capital_per_day: Annotated[Decimal, Field(ge=0, lt=1), Unit("fraction")] = Decimal("0.0005")
    """What locked margin costs a day, as a fraction of it: what else you would make of it."""
    loss_counts: Annotated[Decimal, Field(ge=0, le=1), Unit("fraction")] = Decimal("0.25")
    """How much of a loss counts as a cost that a close makes final: what is closed does not come back."""
    max_times: Times = 8
    """Steps per position."""


class CheapestDefence(Rule[CheapestDefenceParams]):
    """Weighs fee, spread and depth, funding, locked margin and losses made final; ``explain`` shows how."""

    proposes = (AddMargin, ReducePosition)

    def needs(self) -> Needs:
        """Order book and funding, which are part of the price."""
        return Needs(book=True, funding=True)

    def wake(self, view: View) -> Wake:
        """Below the trigger distance, and below the target while a way of two steps is half gone."""
        if view.times_acted >= self.params.max_times:
            return Never(f"it took {view.times_acted} steps already")
        return Metric.DISTANCE.below(self._trigger(view))

    def decide(self, view: View) -> Decisions:
        """The first step of the cheapest way."""
        if view.distance >= self._trigger(view):
            return
        near, best = f"liquidation {view.distance:.2%} away", self._plan(view).cheapest
        if best is None:
            whole = ReducePosition(id=view.id, quantity=view.position.quantity)
            yield whole, f"{near}, nothing less reaches {self.params.restore_to:.2%}"
            return
        cost = f"cheapest at {best.cost.total:.2f}"
        if best.margin:
            then = f", then closing {best.quantity}" if best.quantity else ""
            yield AddMargin(id=view.id, amount=best.margin), f"{near}, {cost}: adding {best.margin}{then}"
        elif best.quantity:
            closes = ReducePosition(id=view.id, quantity=best.quantity, then_add=best.put_back)
            yield closes, f"{near}, {cost}: closing {best.quantity}, putting back {best.put_back}"

    def table(self, view: View) -> tuple[tuple[str, ...], ...]:
        """What each lever would cost now; nothing where liquidation is far enough away."""
        return self._plan(view).table() if view.distance < self.params.restore_to else ()

    def _trigger(self, view: View) -> Decimal:
        unfinished = view.memory.acted_after(view.now_ms - _FINISHES_MS)
        return self.params.restore_to if unfinished else self.params.below

    def _plan(self, view: View) -> Planner:
        params, funding, days = self.params, view.funding, Decimal(self.params.days)
        owed = Decimal(0) if funding is None else funding.owed_by(view.id.side) * funding.per_day * days
        prices = Prices(
            capital=params.capital_per_day * days, loss=params.loss_counts, funding=owed, book=view.book
        )
        return view.plan(params.restore_to, prices)
