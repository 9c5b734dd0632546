from __future__ import annotations

from bot.core.intents import PlaceStop
from bot.core.view import View
from tests.faults.loop.drill import STOP, Drill


class PlaceOnce(Drill):
    proposes = (PlaceStop,)

    def intent(self, view: View) -> PlaceStop:
        return PlaceStop(id=view.id, trigger=STOP)
