"""Cut the leverage when liquidation comes near, or add the same margin where a cut cannot help."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from bot.core.intents import AddMargin, CutLeverage, Intent
from bot.core.rule import Decisions, Params, Ratio, Rule, Times
from bot.core.types import MarginMode
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Metric, Never, Wake


class LeverageCutParams(Params):
    """When to cut, to what, and how often at most."""

    tightens = ("below",)

    below: Ratio = Decimal("0.07")
    """Act when the distance to liquidation is less than this fraction of the mark price."""
    leverage: Annotated[Decimal, Field(ge=1, le=1000), Unit("times the margin")] = Decimal(5)
    """Cut to this; what it asks of margin at the position's entry is the most that is ever added."""
    max_times: Times = 2
    """Cuts and additions per position; one does it, unless the balance allowed only a part."""


class LeverageCut(Rule[LeverageCutParams]):
    """Gives an isolated position the margin of a lower leverage, by the lever that works at its venue.

    A cut is refused by some venues; at others it resets the margin, or does nothing once margin was added. If
    one was made and brought no margin after all, the margin is added the next time.
    """

    proposes = (CutLeverage, AddMargin)
    substitutes = MappingProxyType({CutLeverage: AddMargin})

    def wake(self, view: View) -> Wake:
        """Below the trigger distance, while a lower leverage asks for more margin than there is."""
        position, leverage = view.position, self.params.leverage
        if position.mode is not MarginMode.ISOLATED:
            return Never("in cross a lower leverage only locks balance, liquidation stays where it is")
        if view.times_acted >= self.params.max_times:
            return Never(f"acted {view.times_acted} times already")
        if not view.margin_for_leverage(leverage):
            return Never(f"{leverage}x asks for no more margin than the {position.margin} that are there")
        return Metric.DISTANCE.below(self.params.below)

    def settled(self, view: View) -> tuple[type[Intent], ...]:
        """What a leverage asks for is counted at the entry, and a liquidation price that stands decides."""
        return self.proposes if view.stands else ()

    def decide(self, view: View) -> Decisions:
        """Cut where liquidation would be farther away afterwards, else add the same margin."""
        leverage, near = self.params.leverage, f"liquidation {view.distance:.2%} away"
        cut, able = CutLeverage(id=view.id, leverage=leverage), view.capability(CutLeverage)
        after = view.after(cut) if able.works else None
        if after is not None and after.distance > view.distance:
            yield cut, f"{near}, cutting {view.position.leverage}x to {leverage}x"
            return
        futile = f"from {view.position.leverage}x that moves liquidation no further away"
        amount, why = view.margin_for_leverage(leverage), futile if able.works else able.because
        instead = f"instead of cutting to {leverage}x ({why}): adding {amount}"
        yield AddMargin(id=view.id, amount=amount), f"{near}, {instead}"
