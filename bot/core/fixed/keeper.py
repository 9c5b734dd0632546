"""The keeper: the one fixed rule on a hedge of ours. The hedge follows what it stands against, at once.

If the guarded position shrinks, is liquidated, deleveraged, delivered or closed by hand, what is too much of
the hedge is closed; so is the older one of two when a hedge has been rolled. No other rule and no seatbelt
looks at a hedge: a stop of its own would leave the pair one-legged. What the trader adds to one by hand is
his own: it stays, and is guarded like any position of his once nothing of ours is left in it. As with the
seatbelt, no pause stops it: a hedge left alone is exposure that nobody asked for, and nothing rests that
would protect it.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.intents import ReducePosition
from bot.core.rule import Decisions, Params, Rule
from bot.core.settings import KEEPER, RuleEntry
from bot.core.types import ZERO
from bot.core.view import View
from bot.core.wake import Always, Changed, Wake


class KeeperParams(Params):
    """There is nothing to choose."""


class Keeper(Rule[KeeperParams]):
    """A hedge is never larger than its share of what it guards."""

    proposes = (ReducePosition,)

    def wake(self, view: View) -> Wake:
        """While something is too much; else nothing but a change can make it so."""
        return Always() if self._too_much(view) else Changed()

    def decide(self, view: View) -> Decisions:
        """Close what has nothing to stand against."""
        if self._too_much(view):
            over, guarded = view.contract.quantity_down(view.pair.excess), view.pair.guarded
            yield ReducePosition(id=view.id, quantity=_closable(view)), f"{over} more than {guarded} needs"

    def _too_much(self, view: View) -> bool:
        contract, excess = view.contract, view.pair.excess
        return excess >= max(contract.lot, contract.min_quantity) or ZERO < excess == view.pair.ours


def _closable(view: View) -> Decimal:
    """The excess, and what would be left of the hedge too if the venue never took an order for so little."""
    ours, excess = view.pair.ours, view.pair.excess
    rest = ours - view.contract.quantity_down(excess)
    return ours if rest < view.contract.min_quantity else excess


KEEPER_ENTRY = RuleEntry(rule=Keeper(KEEPER, KeeperParams()))
"""The keeper as a configured rule."""
