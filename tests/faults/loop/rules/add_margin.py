from __future__ import annotations

from bot.core.intents import AddMargin
from bot.core.view import View
from tests.faults.loop.drill import AMOUNT, Drill


class AddOnce(Drill):
    proposes = (AddMargin,)

    def intent(self, view: View) -> AddMargin:
        return AddMargin(id=view.id, amount=AMOUNT)
