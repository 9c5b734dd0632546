from __future__ import annotations

from bot.core.intents import WithdrawMargin
from bot.core.view import View
from tests.faults.loop.drill import TAKEN, Drill


class WithdrawOnce(Drill):
    proposes = (WithdrawMargin,)

    def intent(self, view: View) -> WithdrawMargin:
        return WithdrawMargin(id=view.id, amount=TAKEN)
