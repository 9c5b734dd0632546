from __future__ import annotations

from bot.core.intents import PlaceTakeProfit
from bot.core.rule import Decisions
from bot.core.view import View
from tests.faults.kill.prices import PROFIT
from tests.faults.loop.drill import Drill


class TakeProfit(Drill):
    """Places another one, as often as it may, while the mark is there."""

    proposes = (PlaceTakeProfit,)

    def decide(self, view: View) -> Decisions:
        if self.params.above <= view.mark <= self.params.below:
            half = view.contract.quantity_down(view.position.quantity / 2)
            yield PlaceTakeProfit(id=view.id, trigger=PROFIT, quantity=half), "the drill"
