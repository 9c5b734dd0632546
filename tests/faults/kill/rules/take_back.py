from __future__ import annotations

from decimal import Decimal

from bot.core.intents import WithdrawMargin
from bot.core.rule import Decisions
from bot.core.view import View
from tests.faults.loop.drill import Drill

SOME = Decimal(25)


class TakeBack(Drill):
    """Takes out some of what was added, again and again while the mark is there."""

    proposes = (WithdrawMargin,)

    def decide(self, view: View) -> Decisions:
        if self.params.above <= view.mark <= self.params.below:
            yield WithdrawMargin(id=view.id, amount=SOME), "the drill"
