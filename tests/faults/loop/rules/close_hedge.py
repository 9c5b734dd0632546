from __future__ import annotations

from bot.core.intents import CloseHedge
from bot.core.view import View
from tests.faults.loop.drill import HEDGED, Drill


class UnhedgeOnce(Drill):
    proposes = (CloseHedge,)

    def intent(self, view: View) -> CloseHedge | None:
        legs = view.pair.legs
        return CloseHedge(id=view.id, symbol=legs[0].symbol, quantity=HEDGED) if legs else None
