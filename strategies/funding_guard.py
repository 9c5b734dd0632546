"""Say, reduce or step aside before a settlement when funding costs too much of a position's margin."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from bot.core.contracts import ContractKind
from bot.core.durations import Span
from bot.core.funding import Funding, mark_where_it_costs
from bot.core.intents import Level, Notify, ReducePosition
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Share
from bot.core.types import ZERO
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import Above, At, Below, Figure, Metric, Told, Wake, all_of, any_of

_OFTEN = 2
"""Venues have halved the interval while a rate stood at its cap, and halved it again."""


class FundingGuardParams(Params):
    """How much of the margin funding may cost in a day, and what is done beyond that."""

    warn: Annotated[Decimal, Field(gt=0, le=10), Unit("fraction")] = Decimal("0.02")
    """Say so, once per settlement, when a day's funding costs more than this fraction of the margin."""
    reduce: Annotated[Decimal, Field(gt=0, le=10), Unit("fraction")] | None = None
    """Close a part before a settlement while a day's funding costs more than this fraction of the margin."""
    fraction: Share = Decimal("0.5")
    """How much of the position such a close takes; its share of the margin leaves with it."""
    aside: Annotated[Decimal, Field(gt=0, le=10), Unit("fraction")] | None = None
    """Close all of it before a settlement while a day's funding costs more than this part of the margin."""
    spent: Ratio | None = None
    """Close all of it before the settlement that would bring what was paid so far, received set against it,
    above this fraction of the margin."""
    lead: Span = 10 * 60_000
    """So long before a settlement it is closed."""
    cap: Ratio | None = None
    """The venue's cap per settlement: a rate that stands there is counted twice, as the venue may settle more
    often from then on."""

    @model_validator(mode="after")
    def _in_order(self) -> FundingGuardParams:
        given = [("warn", self.warn), ("reduce", self.reduce), ("aside", self.aside)]
        rising = [(name, limit) for name, limit in given if limit is not None]
        for (name, limit), (later, beyond) in pairwise(rising):
            if limit >= beyond:
                message = f"{later} {beyond} must be above {name} {limit}"
                raise ValueError(message)
        return self


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
        told, funding = Told(Figure.FUNDING), view.funding
        if funding is None or funding.owed_by(view.id.side) <= 0:
            return told
        wakes: list[Wake] = [told]
        said, closed_ms = view.memory.said, view.memory.acted_ms
        began_ms, closes_ms = funding.next_ms - funding.interval_ms, funding.next_ms - self.params.lead
        again_ms = funding.next_ms if said is not None and said.at_ms >= began_ms else began_ms
        wakes.append(all_of(At(again_ms), self._dearer(view, funding, self._a_day(view, self.params.warn))))
        if closed_ms is None or closed_ms < closes_ms:
            limits = [limit for limit, _, _ in self._limits(view)]
            wakes += [all_of(At(closes_ms), self._dearer(view, funding, limit)) for limit in limits]
        return any_of(*wakes)

    def decide(self, view: View) -> Decisions:
        """Close what the first limit that is passed asks for, shortly before the settlement; else say so."""
        funding, params, memory = view.funding, self.params, view.memory
        if funding is None or view.now_ms >= funding.next_ms:
            return
        rate = funding.owed_by(view.id.side)
        cost = view.contract.notional(view.position.quantity, view.mark) * rate
        closes_ms = funding.next_ms - params.lead
        why = f"funding {rate:.4%} at {funding.next_ms} costs {cost:.2f} of a margin of {view.own_margin:.2f}"
        if view.now_ms >= closes_ms and (memory.acted_ms is None or memory.acted_ms < closes_ms):
            for limit, fraction, text in self._limits(view):
                if cost > limit:
                    quantity = view.position.quantity * fraction
                    yield ReducePosition(id=view.id, quantity=quantity), f"{why}: {text}"
                    return
        said = memory.said
        if cost > self._a_day(view, params.warn) and (
            said is None or said.at_ms < funding.next_ms - funding.interval_ms
        ):
            yield Notify(id=view.id, level=Level.WARNING, text=why), f"more than {params.warn:.1%} in a day"

    def _limits(self, view: View) -> list[tuple[Decimal, Decimal, str]]:
        """What a settlement may cost, and which fraction is closed beyond that; the whole comes first."""
        params, whole = self.params, Decimal(1)
        limits = []
        if params.spent is not None:
            left = params.spent * view.own_margin + view.memory.funding_received
            limits.append((max(left, ZERO), whole, f"more than {params.spent:.1%} since it was opened"))
        if params.aside is not None:
            limits.append((self._a_day(view, params.aside), whole, f"more than {params.aside:.1%} in a day"))
        if params.reduce is not None:
            text = f"more than {params.reduce:.1%} in a day"
            limits.append((self._a_day(view, params.reduce), params.fraction, text))
        return limits

    def _a_day(self, view: View, limit: Decimal) -> Decimal:
        """What one settlement may cost where a day may cost ``limit`` of the margin."""
        funding, cap = view.funding, self.params.cap
        assert funding is not None, f"{view.id}: no funding was told"
        often = _OFTEN if cap is not None and abs(funding.rate) >= cap else 1
        return limit * view.own_margin / (funding.per_day * often)

    def _dearer(self, view: View, funding: Funding, limit: Decimal) -> Above | Below:
        """The marks at which a settlement costs more than ``limit``."""
        mark = mark_where_it_costs(view.position, view.contract, funding.owed_by(view.id.side), limit)
        if view.contract.kind is ContractKind.LINEAR:
            return Metric.MARK.above(mark)
        return Metric.MARK.below(mark)
