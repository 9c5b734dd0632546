"""Flattening: a fixed rule that closes every position of an account, because a person ordered it.

It is armed only while the order stands, before all other rules, and goes through guard and journal like any
of them. What it asks for is the safest thing there is, so it does not wait for fresh marks, for a halt to end
or for a yardstick; it waits for the outcome of what is on its way, and after a refusal as long as the other
fixed rules do. Of a pair it closes the guarded leg: the hedge protects until then, and the keeper closes it
once that is gone. The seatbelt goes on too: what cannot be closed at once is not left without a stop.
"""

from __future__ import annotations

from bot.core.intents import ReducePosition
from bot.core.rule import Decisions, Params, Rule
from bot.core.settings import FLATTEN, RuleEntry
from bot.core.view import View
from bot.core.wake import Always, Wake


class FlattenParams(Params):
    """There is nothing to choose."""


class Flatten(Rule[FlattenParams]):
    """Every position is closed whole."""

    proposes = (ReducePosition,)

    def wake(self, view: View) -> Wake:
        """Until the position is gone."""
        return Always()

    def decide(self, view: View) -> Decisions:
        """Close it, at market."""
        yield ReducePosition(id=view.id, quantity=view.position.quantity), "a person wants everything closed"


FLATTEN_ENTRY = RuleEntry(rule=Flatten(FLATTEN, FlattenParams()))
"""Flattening as a configured rule."""
