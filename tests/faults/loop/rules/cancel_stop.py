from __future__ import annotations

from bot.core.intents import CancelStop
from bot.core.view import View
from tests.faults.loop.drill import STOP, Drill


class CancelOnce(Drill):
    proposes = (CancelStop,)

    def intent(self, view: View) -> CancelStop | None:
        nearest = view.stops.ours
        if nearest is None or nearest.trigger != STOP:
            return None
        return CancelStop(id=view.id, client_id=nearest.client_id)
