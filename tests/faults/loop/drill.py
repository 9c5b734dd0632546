"""What the rules of the drill have in common: each wants one thing done, once, when the mark is somewhere.

They are rules like any trader's and go through the guard. What is proven not done they want again, because
the ledger takes it back; so every cell of the matrix ends with exactly one effect.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.intents import Intent
from bot.core.rule import Decisions, Params, Rule
from bot.core.view import View

AMOUNT = Decimal(10)
"""Margin that is added."""
TAKEN = Decimal(5)
"""How much of it is taken out again."""
CUT_TO = Decimal(5)
"""The leverage that is set."""
CLOSED = Decimal(4)
"""How much of a position of ten is closed."""
HEDGED = Decimal(5)
"""How much of it is hedged."""
STOP, WORSE_STOP, BETTER_STOP, PROFIT = Decimal(93), Decimal(92), Decimal(94), Decimal(120)
"""Where orders rest: all stops lie between liquidation, near 91, and the mark in danger, 97."""


class DrillParams(Params):
    """Where the mark has to be."""

    below: Decimal
    """Act at a mark of this or less."""
    above: Decimal = Decimal(0)
    """And of this or more."""


class Drill(Rule[DrillParams]):
    """Asks once."""

    def intent(self, view: View) -> Intent | None:
        """What to do; ``None`` while it is not possible."""
        raise NotImplementedError

    def decide(self, view: View) -> Decisions:
        if view.times_acted or not self.params.above <= view.mark <= self.params.below:
            return
        intent = self.intent(view)
        if intent is not None:
            yield intent, "the drill"
