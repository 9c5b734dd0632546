"""Say, reduce or step aside before a settlement when funding costs too much of a position's margin."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.core.durations import Span
from bot.core.intents import Level, Notify, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Proportion, Ratio, Rule, Share
from bot.core.rules.settling import Settlement, settlement_of
from bot.core.types import ONE, ZERO
from bot.core.view import View
from bot.core.wake import At, Figure, Told, Wake, all_of, any_of


class FundingGuardParams(Params):
    """How much of the margin funding may cost in a day, and what is done beyond that."""

    rising = (("warn", "reduce", "aside"),)

    warn: Proportion = Decimal("0.02")
    """Say so, once per settlement, when a day's funding costs more than this fraction of the margin."""
    reduce: Proportion | None = None
    """Close a part before a settlement while a day's funding costs more than this fraction of the margin."""
    fraction: Share = Decimal("0.5")
    """How much of the position such a close takes; its share of the margin leaves with it."""
    aside: Proportion | None = None
    """Close all of it before a settlement while a day's funding costs more than this part of the margin."""
    spent: Ratio | None = None
    """Close all of it before the settlement that would bring what was paid so far, received set against it,
    above this fraction of the margin."""
    lead: Span = 10 * 60_000
    """So long before a settlement it is closed."""
    cap: Ratio | None = None
    """The venue's cap per settlement: a rate that stands there is counted twice, as the venue may settle more
    often from then on."""


class FundingGuard(Rule[FundingGuardParams]):
    """Counts on the rate that is told for the next settlement, and on the interval between the last ones.

    Closing and coming back costs two fees and the spread, so it pays only against the rates of a squeeze.
    """

    proposes = (Notify, ReducePosition)

    def needs(self) -> Needs:
        """The rate of the next settlement and when it is."""
        return Needs(funding=True)

    def wake(self, view: View) -> Wake:
        """When funding is told anew, and where and when the mark makes it too dear."""
        told, due = Told(Figure.FUNDING), settlement_of(view, self.params.cap)
        if due is None or due.rate <= 0:
            return told
        warn_ms = due.at_ms if self._said(view, due) else due.began_ms
        wakes: list[Wake] = [told, all_of(At(warn_ms), due.dearer(due.at_most(self.params.warn)))]
        closes_ms = due.at_ms - self.params.lead
        if not self._closed(view, closes_ms):
            limits = (limit for limit, _, _ in self._limits(view, due))
            wakes += [all_of(At(closes_ms), due.dearer(limit)) for limit in limits]
        return any_of(*wakes)

    def decide(self, view: View) -> Decisions:
        """Close what the first limit that is passed asks for, shortly before the settlement; else say so."""
        params, due = self.params, settlement_of(view, self.params.cap)
        if due is None or view.now_ms >= due.at_ms:
            return
        cost, closes_ms = due.cost(view.mark), due.at_ms - params.lead
        why = f"funding {due.rate:.4%} at {due.at_ms} costs {cost:.2f} of a margin of {due.margin:.2f}"
        if view.now_ms >= closes_ms and not self._closed(view, closes_ms):
            for limit, fraction, text in self._limits(view, due):
                if cost > limit:
                    quantity = view.position.quantity * fraction
                    yield ReducePosition(id=view.id, quantity=quantity), f"{why}: {text}"
                    return
        if cost > due.at_most(params.warn) and not self._said(view, due):
            yield Notify(id=view.id, level=Level.WARNING, text=why), f"more than {params.warn:.1%} in a day"

    def _limits(self, view: View, due: Settlement) -> Iterator[tuple[Decimal, Decimal, str]]:
        """What a settlement may cost, and which fraction is closed beyond that; the whole comes first."""
        params = self.params
        if params.spent is not None:
            left = params.spent * due.margin + view.memory.funding_received
            yield max(left, ZERO), ONE, f"more than {params.spent:.1%} since it was opened"
        for limit, fraction in ((params.aside, ONE), (params.reduce, params.fraction)):
            if limit is not None:
                yield due.at_most(limit), fraction, f"more than {limit:.1%} in a day"

    def _closed(self, view: View, closes_ms: int) -> bool:
        """Whether something was closed for this settlement."""
        return view.memory.acted_ms is not None and view.memory.acted_ms >= closes_ms

    def _said(self, view: View, due: Settlement) -> bool:
        """Whether this settlement was spoken of."""
        return view.memory.said is not None and view.memory.said.at_ms >= due.began_ms
