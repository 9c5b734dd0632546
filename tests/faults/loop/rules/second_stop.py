from __future__ import annotations

from bot.core.intents import PlaceStop
from bot.core.view import View
from tests.faults.loop.drill import WORSE_STOP, Drill


class PlaceAnother(Drill):
    proposes = (PlaceStop,)

    def intent(self, view: View) -> PlaceStop:
        return PlaceStop(id=view.id, trigger=WORSE_STOP)
