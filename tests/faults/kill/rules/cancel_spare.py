from __future__ import annotations

from bot.core.intents import CancelStop
from bot.core.rule import Decisions
from bot.core.view import View
from tests.faults.kill.prices import SPARE
from tests.faults.loop.drill import Drill


class CancelSpare(Drill):
    """Takes the nearer stop away whenever the mark is there and it rests."""

    proposes = (CancelStop,)

    def decide(self, view: View) -> Decisions:
        nearest = view.stops.ours
        rests = nearest is not None and nearest.trigger == SPARE
        if self.params.above <= view.mark <= self.params.below and nearest is not None and rests:
            yield CancelStop(id=view.id, client_id=nearest.client_id), "the drill"
