"""Close everything in a pool when its final line is passed."""

from __future__ import annotations

from decimal import Decimal

from bot.core.intents import ReducePosition
from bot.core.rule import Decisions, Params, Ratio, Rule
from bot.core.view import View
from bot.core.wake import Always, Metric, Wake, any_of

_GOES_ON_MS = 10 * 60_000


class LastStandParams(Params):
    """Where the final lines are."""

    below: Ratio = Decimal("0.01")
    """Close when the distance to liquidation is less than this fraction of the mark price."""
    ratio: Ratio = Decimal("0.9")
    """Close when maintenance is more than this fraction of the pool's equity; at 1 it is liquidated."""


class LastStand(Rule[LastStandParams]):
    """Gives up: a close costs a fee and the spread, a liquidation all that is left and its own fee on top.

    In a cross pool one position goes after the other, the one first whose end relieves most risk per cost,
    and it goes on for ten minutes, until nothing is left of what was held when it began. What closes slowly,
    or cannot be closed now, keeps the others waiting no longer than to the next mark.
    """

    proposes = (ReducePosition,)

    def wake(self, view: View) -> Wake:
        """Past either line, or while a stand that has begun goes on."""
        if self._goes_on(view):
            return Always()
        params = self.params
        return any_of(Metric.DISTANCE.below(params.below), Metric.MARGIN_RATIO.above(params.ratio))

    def decide(self, view: View) -> Decisions:
        """Close this position whole, if it is its turn."""
        near = view.distance < self.params.below and view.endangered
        turn = view.exits(pool=True)[:1] == (view.id,)
        if near or turn:
            yield ReducePosition(id=view.id, quantity=view.position.quantity), self._why(view, near=near)

    def _why(self, view: View, *, near: bool) -> str:
        if near:
            return f"liquidation {view.distance:.2%} away"
        where = "all of the pool goes" if self._goes_on(view) else "beyond the last line"
        return f"margin ratio {view.margin_ratio:.3f}, {where}"

    def _goes_on(self, view: View) -> bool:
        began_ms = view.memory.exit_ms
        return (
            began_ms is not None
            and view.position.opened_ms <= began_ms
            and view.now_ms < began_ms + _GOES_ON_MS
        )
