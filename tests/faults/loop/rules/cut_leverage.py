from __future__ import annotations

from bot.core.intents import CutLeverage
from bot.core.view import View
from tests.faults.loop.drill import CUT_TO, Drill


class CutOnce(Drill):
    proposes = (CutLeverage,)

    def intent(self, view: View) -> CutLeverage:
        return CutLeverage(id=view.id, leverage=CUT_TO)
