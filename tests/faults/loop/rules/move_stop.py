from __future__ import annotations

from bot.core.intents import MoveStop
from bot.core.view import View
from tests.faults.loop.drill import BETTER_STOP, Drill


class MoveOnce(Drill):
    proposes = (MoveStop,)

    def intent(self, view: View) -> MoveStop:
        return MoveStop(id=view.id, trigger=BETTER_STOP)
