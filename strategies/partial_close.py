"""Close a part of the position when liquidation comes near."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from pydantic import model_validator

from bot.core.intents import Intent, ReducePosition
from bot.core.rule import Decisions, Money, Params, Ratio, Rule, Share, Times
from bot.core.types import MarginMode, RuleName
from bot.core.view import View
from bot.core.wake import Metric, Never, Wake


class PartialCloseParams(Params):
    """When to close, and by which of three measures how much. Exactly one target may be given."""

    tightens = ("below", "restore_to")
    rising = (("below", "restore_to"),)

    below: Ratio = Decimal("0.05")
    """Act when the distance to liquidation is less than this fraction of the mark price."""
    restore_to: Ratio | None = None
    """Close and re-add the released margin until the distance is this fraction; above ``below``."""
    fraction: Share | None = None
    """Close this fraction of the position; an isolated position's liquidation price stays where it is."""
    loss_cap: Money | None = None
    """Close the smallest part after which no more than this much money is lost at liquidation."""
    max_times: Times = 10
    """Closes per position."""

    @model_validator(mode="after")
    def _one_target(self) -> PartialCloseParams:
        given = [name for name in ("restore_to", "fraction", "loss_cap") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            message = f"give exactly one of restore_to, fraction, loss_cap (got {found})"
            raise ValueError(message)
        return self


class PartialClose(Rule[PartialCloseParams]):
    """Makes the position smaller, and says by which measure."""

    proposes = (ReducePosition,)
    example = MappingProxyType({"restore_to": Decimal("0.08")})

    def __init__(self, name: RuleName, params: PartialCloseParams) -> None:
        """Say once when liquidation is near."""
        super().__init__(name, params)
        self._near = Metric.DISTANCE.below(params.below)

    def wake(self, view: View) -> Wake:
        """Below the trigger distance."""
        if view.times_acted >= self.params.max_times:
            return Never(f"a part was closed {view.times_acted} times already")
        if not view.endangered:
            return Never("liquidation comes from the larger leg of a hedge, or from what both have to keep")
        return self._near

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        """A fraction of the position is the same at every mark."""
        return self.proposes if self.params.fraction is not None else ()

    def decide(self, view: View) -> Decisions:
        """Close by the configured target."""
        params, near = self.params, f"liquidation {view.distance:.2%} away"
        if params.fraction is not None:
            quantity = view.position.quantity * params.fraction
            yield ReducePosition(id=view.id, quantity=quantity), f"{near}, closing {params.fraction:.0%}"
        elif params.loss_cap is not None:
            quantity = view.close_for_loss(params.loss_cap)
            if quantity > 0:
                yield (
                    ReducePosition(id=view.id, quantity=quantity),
                    f"{near}, capping the loss at {params.loss_cap}",
                )
        elif params.restore_to is not None:
            yield self._restore(view, params.restore_to, near)

    def _restore(self, view: View, target: Decimal, near: str) -> tuple[ReducePosition, str]:
        found = view.close_for_distance(target)
        if found is None:
            whole = view.position.quantity
            return ReducePosition(
                id=view.id, quantity=whole
            ), f"{near}, no smaller close reaches {target:.2%}"
        quantity, margin = found
        how = "" if view.position.mode is MarginMode.CROSS else f", re-adding {margin}"
        intent = ReducePosition(id=view.id, quantity=quantity, then_add=margin)
        return intent, f"{near}, closing {quantity} to reach {target:.2%}{how}"
