from __future__ import annotations

from bot.core.intents import OpenHedge
from bot.core.rule import Needs
from bot.core.view import View
from tests.faults.loop.drill import CUT_TO, HEDGED, Drill


class HedgeOnce(Drill):
    proposes = (OpenHedge,)
    may_increase = True

    def needs(self) -> Needs:
        return Needs(quarterlies=True, book=True)

    def intent(self, view: View) -> OpenHedge | None:
        dated = [each.contract.symbol for each in view.quarterlies if each.basis is not None]
        if not dated:
            return None
        limit = view.contract.price_down(view.mark * 97 / 100)
        return OpenHedge(id=view.id, symbol=dated[0], quantity=HEDGED, leverage=CUT_TO, limit=limit)
