"""What a run is judged by afterwards: every decision with what came of it, and what befell the positions.

A replay and a demonstration keep the same record, so what either says of a run means the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.facts import Deleveraged, Delivered, Fact, Liquidated, Outcome, OutcomeKind
from bot.core.step import Step
from bot.core.types import PositionId, RuleName
from bot.venues.port import Batch

_NOTICED = frozenset({Outcome, Liquidated, Deleveraged, Delivered})


@dataclass(slots=True)
class Done:
    """An action and what came of it."""

    action: Action
    outcome: Outcome | None = None
    distance_after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Triggered:
    """A resting order that was met. ``rule`` placed it; ``None`` for an order of the trader's own."""

    outcome: Outcome
    rule: RuleName | None


@dataclass(slots=True, repr=False)
class Record:
    """What a replay is judged by afterwards. Too long to be printed, which event loops do when they end."""

    done: list[Done] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    liquidations: list[Liquidated] = field(default_factory=list)
    deleveraged: list[Deleveraged] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    triggered: list[Triggered] = field(default_factory=list)
    changes: list[StateChanged] = field(default_factory=list)
    evaluations: int = 0
    marks: int = 0


class Recorder:
    """Writes the record. A batch is noticed once it has been folded, a step is taken after its batch."""

    def __init__(self, distance: Callable[[PositionId], Decimal | None]) -> None:
        """``distance`` tells how far a position's liquidation is now."""
        self.record = Record()
        self._distance = distance
        self._by_client_id: dict[str, Done] = {}

    def rule_of(self, client_id: str) -> RuleName | None:
        """The rule whose action has this id; ``None`` where it is not ours."""
        done = self._by_client_id.get(client_id)
        return done.action.rule if done is not None else None

    def take(self, step: Step) -> Sequence[Action]:
        """Record a step; the actions in it."""
        self.record.evaluations += 1
        if not step.decisions:
            return ()
        actions = []
        for decision in step.decisions:
            if isinstance(decision, Action):
                actions.append(decision)
                done = Done(decision)
                self.record.done.append(done)
                self._by_client_id[decision.client_id] = done
            elif isinstance(decision, Refusal):
                self.record.refusals.append(decision)
            else:
                self.record.changes.append(decision)
        return actions

    def notice(self, batch: Batch) -> None:
        """Record what became of actions and positions."""
        for fact in batch:
            if type(fact) in _NOTICED:
                self._notice(fact)

    def _notice(self, fact: Fact) -> None:
        if isinstance(fact, Outcome):
            done = self._by_client_id.get(fact.client_id)
            if done is None or (done.outcome is not None and done.outcome.kind is not OutcomeKind.UNKNOWN):
                rule = done.action.rule if done is not None else None
                self.record.triggered.append(Triggered(fact, rule))
            else:
                done.outcome = fact
                if fact.kind is OutcomeKind.VERIFIED:
                    done.distance_after = self._distance(fact.id)
        elif isinstance(fact, Liquidated):
            self.record.liquidations.append(fact)
        elif isinstance(fact, Deleveraged):
            self.record.deleveraged.append(fact)
        elif isinstance(fact, Delivered):
            self.record.deliveries.append(fact)
