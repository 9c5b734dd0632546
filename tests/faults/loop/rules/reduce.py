from __future__ import annotations

from bot.core.intents import ReducePosition
from bot.core.view import View
from tests.faults.loop.drill import CLOSED, Drill


class ReduceOnce(Drill):
    proposes = (ReducePosition,)

    def intent(self, view: View) -> ReducePosition:
        return ReducePosition(id=view.id, quantity=CLOSED)
