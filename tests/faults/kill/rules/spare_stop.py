from __future__ import annotations

from bot.core.intents import PlaceStop
from bot.core.rule import Decisions
from bot.core.view import View
from tests.faults.kill.prices import SPARE
from tests.faults.loop.drill import Drill


class SpareStop(Drill):
    """Places a nearer stop whenever the mark is there and it does not rest."""

    proposes = (PlaceStop,)

    def decide(self, view: View) -> Decisions:
        nearest = view.stops.ours
        rests = nearest is not None and nearest.trigger == SPARE
        if self.params.above <= view.mark <= self.params.below and nearest is not None and not rests:
            yield PlaceStop(id=view.id, trigger=SPARE), "the drill"
