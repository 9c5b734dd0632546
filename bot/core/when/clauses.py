"""Comparisons, and how they are joined: what is true or not, and when that may change.

A clause has no *not*: it was pushed down into the comparisons when the text was read (``opposite``). So a
comparison of something unknown can simply count as one that does not hold, whatever stands around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import assert_never

from bot.core.danger.situation import Situation
from bot.core.types import ONE, ZERO
from bot.core.wake import AllOf, Always, AnyOf, Expressed, Metric, Never, Wake
from bot.core.when.measures import Measure
from bot.core.when.terms import Reading, Term, Unknown, measures, moves, text, value

HAIR = Decimal("1E-9")
"""How much wider a level is asked for than it is meant, where the threshold itself counts."""


class Relation(StrEnum):
    """How two terms may compare."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="


_COMPARES: dict[Relation, Callable[[Decimal, Decimal], bool]] = {
    Relation.BELOW: lt,
    Relation.AT_MOST: le,
    Relation.ABOVE: gt,
    Relation.AT_LEAST: ge,
    Relation.EQUAL: eq,
    Relation.UNEQUAL: ne,
}
_OPPOSITE = {
    Relation.BELOW: Relation.AT_LEAST,
    Relation.AT_MOST: Relation.ABOVE,
    Relation.ABOVE: Relation.AT_MOST,
    Relation.AT_LEAST: Relation.BELOW,
    Relation.EQUAL: Relation.UNEQUAL,
    Relation.UNEQUAL: Relation.EQUAL,
}
_MIRRORED = {
    Relation.BELOW: Relation.ABOVE,
    Relation.AT_MOST: Relation.AT_LEAST,
    Relation.ABOVE: Relation.BELOW,
    Relation.AT_LEAST: Relation.AT_MOST,
    Relation.EQUAL: Relation.EQUAL,
    Relation.UNEQUAL: Relation.UNEQUAL,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms and how they are meant to compare."""

    left: Term
    relation: Relation
    right: Term

    def __str__(self) -> str:
        return f"{text(self.left)} {self.relation} {text(self.right)}"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it speaks of, each once."""
        named = {m.name: m for m in (*measures(self.left), *measures(self.right))}
        return tuple(named.values())

    def unknown(self, situation: Situation) -> str | None:
        """Why nothing can be said; ``None`` where both sides have a value."""
        for side in (self.left, self.right):
            found = value(side, situation)
            if isinstance(found, Unknown):
                return found.because
        return None

    def holds(self, situation: Situation) -> bool:
        """Whether it holds now; not where a side is unknown."""
        left, right = value(self.left, situation), value(self.right, situation)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return False
        return _COMPARES[self.relation](left, right)


@dataclass(frozen=True, slots=True)
class Every:
    """All of these."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these."""

    clauses: tuple[Clause, ...]


Clause = Comparison | Every | Some


def opposite(clause: Clause) -> Clause:
    """What holds where ``clause`` does not, as far as everything is known."""
    match clause:
        case Comparison(left, relation, right):
            return Comparison(left, _OPPOSITE[relation], right)
        case Every(clauses):
            return Some(tuple(map(opposite, clauses)))
        case Some(clauses):
            return Every(tuple(map(opposite, clauses)))
        case _:
            assert_never(clause)


def comparisons(clause: Clause) -> Iterator[Comparison]:
    """The comparisons a clause is made of, from left to right."""
    if isinstance(clause, Comparison):
        yield clause
        return
    for each in clause.clauses:
        yield from comparisons(each)


def holds(clause: Clause, situation: Situation) -> bool:
    """Whether it holds now."""
    match clause:
        case Comparison():
            return clause.holds(situation)
        case Every(clauses):
            return all(holds(each, situation) for each in clauses)
        case Some(clauses):
            return any(holds(each, situation) for each in clauses)
        case _:
            assert_never(clause)


def wake_of(clause: Clause, situation: Situation) -> Wake:
    """The wake that holds exactly where the clause does, until the state changes, a bar closes or news come.

    What stands still until then is worked out now, so that ``mark < entry * 0.9`` is a level of the mark.
    """
    match clause:
        case Comparison():
            return _compared(clause, situation)
        case Every(clauses):
            return every(*(wake_of(each, situation) for each in clauses))
        case Some(clauses):
            return _some([wake_of(each, situation) for each in clauses])
        case _:
            assert_never(clause)


def every(*wakes: Wake) -> Wake:
    """All of ``wakes``, without those that say nothing."""
    never = next((wake for wake in wakes if isinstance(wake, Never)), None)
    if never is not None:
        return never
    left = [wake for wake in wakes if not isinstance(wake, Always)]
    if len(left) < 2:  # noqa: PLR2004 - nothing to join
        return left[0] if left else Always()
    # What no band is known for comes last: while another is false it need not be looked at.
    return AllOf(tuple(sorted(left, key=lambda wake: isinstance(wake, Expressed))))


def _some(wakes: list[Wake]) -> Wake:
    if any(isinstance(wake, Always) for wake in wakes):
        return Always()
    left = [wake for wake in wakes if not isinstance(wake, Never)]
    if len(left) < 2:  # noqa: PLR2004 - nothing to join
        return left[0] if left else wakes[0]
    return AnyOf(tuple(left))


def _compared(comparison: Comparison, situation: Situation) -> Wake:
    left, relation, right = comparison.left, comparison.relation, comparison.right
    if moves(left) and moves(right):
        return Expressed(comparison)
    if moves(right):
        left, relation, right = right, _MIRRORED[relation], left
    fixed = value(right, situation)
    if isinstance(fixed, Unknown):
        return Never(fixed.because)
    if not moves(left):
        return _settled(comparison, situation)
    if isinstance(left, Reading) and left.measure.nearer is not None:
        return _likelihood(comparison, left.measure, relation, fixed, situation)
    level = left.measure.level if isinstance(left, Reading) else None
    found = None if level is None else _level(level, relation, fixed)
    if found is None:
        return Expressed(comparison)
    exact = relation in (Relation.BELOW, Relation.ABOVE)
    return found if exact else every(found, Expressed(comparison))


def _likelihood(
    comparison: Comparison, measure: Measure, relation: Relation, threshold: Decimal, situation: Situation
) -> Wake:
    """A probability is a distance to liquidation: it is greater where that is nearer."""
    if measure.read(situation) is None:
        return Never(measure.unknown)
    inside = ZERO < threshold < ONE and relation not in (Relation.EQUAL, Relation.UNEQUAL)
    distance = measure.nearer(situation, threshold) if inside and measure.nearer is not None else None
    if distance is None or not ZERO < distance < ONE - HAIR:
        return Expressed(comparison)
    if relation in (Relation.ABOVE, Relation.AT_LEAST):
        return Metric.DISTANCE.below(distance)
    return Metric.DISTANCE.above(distance)


def _settled(comparison: Comparison, situation: Situation) -> Wake:
    """Nothing in it moves: it holds until something else happens, or it does not."""
    unknown = comparison.unknown(situation)
    if unknown is None and comparison.holds(situation):
        return Always()
    return Never(unknown or f"{comparison} does not hold")


def _level(metric: Metric, relation: Relation, threshold: Decimal) -> Wake | None:
    """The level of a wake that holds wherever the comparison does; ``None`` where no band would be right."""
    if not threshold.is_finite() or threshold <= 0 or (metric is Metric.DISTANCE and threshold >= 1 - HAIR):
        return None
    match relation:
        case Relation.BELOW:
            return metric.below(threshold)
        case Relation.AT_MOST:
            return metric.below(threshold * (ONE + HAIR))
        case Relation.ABOVE:
            return metric.above(threshold)
        case Relation.AT_LEAST:
            return metric.above(threshold * (ONE - HAIR))
        case Relation.EQUAL | Relation.UNEQUAL:
            return None
        case _:
            assert_never(relation)
