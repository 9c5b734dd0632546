"""Take added margin back when the position is safe again."""

from __future__ import annotations

from decimal import Decimal

from bot.core.durations import Span
from bot.core.intents import WithdrawMargin
from bot.core.rule import Decisions, Params, Ratio, Rule, Share
from bot.core.types import MarginMode
from bot.core.view import View
from bot.core.wake import At, Metric, Never, Wake, all_of

_HOUR_MS = 60 * 60_000


class MarginWithdrawParams(Params):
    """When a position is safe again, and how slowly margin leaves it."""

    tightens = ("above", "keep")
    rising = (("keep", "above"),)
    not_falling = (("share", "cap"),)

    above: Ratio = Decimal("0.25")
    """Act when the distance to liquidation is more than this fraction of the mark price."""
    keep: Ratio = Decimal("0.20")
    """Leave at least this distance; below ``above``, and well above where others add."""
    share: Share = Decimal("0.25")
    """Take at most this fraction of all that was added at a time."""
    cap: Share = Decimal(1)
    """Take back at most this fraction of all that was added, in the life of the position."""
    quiet: Span = 6 * _HOUR_MS
    """So long after the last addition nothing is taken."""
    every: Span = _HOUR_MS
    """Time between two withdrawals."""


class MarginWithdraw(Rule[MarginWithdrawParams]):
    """Returns to the free balance what the bot itself has added, and never the trader's own margin.

    Budgets are not refilled by it. The guard refuses what would wake another rule or pass a stop.
    """

    proposes = (WithdrawMargin,)

    def wake(self, view: View) -> Wake:
        """Far from liquidation, long enough after margin was last added and last taken."""
        if view.position.mode is not MarginMode.ISOLATED:
            return Never("only isolated positions have a margin of their own")
        memory, params = view.memory, self.params
        if memory.margin_added_ms is None or self._left(view) <= 0:
            return Never("nothing that was added is left to take back")
        since_ms = memory.margin_added_ms + params.quiet
        if memory.acted_ms is not None:
            since_ms = max(since_ms, memory.acted_ms + params.every)
        return all_of(Metric.DISTANCE.above(params.above), At(since_ms))

    def decide(self, view: View) -> Decisions:
        """Take a share of what was added, or as much of it as leaves the distance to be kept."""
        params = self.params
        amount = view.contract.margin_down(min(self._left(view), params.share * view.memory.margin_added))
        after = view.after(WithdrawMargin(id=view.id, amount=amount))
        if after is not None:
            amount -= after.margin_for_distance(params.keep)
        if amount > 0:
            why = f"liquidation {view.distance:.2%} away, {self._left(view)} may be taken back"
            yield WithdrawMargin(id=view.id, amount=amount), why

    def _left(self, view: View) -> Decimal:
        memory = view.memory
        return memory.margin_added * self.params.cap - memory.margin_withdrawn
