from __future__ import annotations

from bot.core.intents import PlaceTakeProfit
from bot.core.view import View
from tests.faults.loop.drill import CLOSED, PROFIT, Drill


class TakeProfitOnce(Drill):
    proposes = (PlaceTakeProfit,)

    def intent(self, view: View) -> PlaceTakeProfit:
        return PlaceTakeProfit(id=view.id, trigger=PROFIT, quantity=CLOSED)
