"""A condition with the present values of what it speaks of: what ``holdfast explain`` shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.danger.situation import Situation
from bot.core.when.clauses import Comparison
from bot.core.when.condition import When


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReading:
    """One comparison: what it says, what its measures say, and whether it holds."""

    text: str
    values: tuple[tuple[str, str], ...]
    """Each measure with its present value; ``unknown`` where there is none."""
    holds: bool
    unknown: str | None
    """Why nothing can be said, where nothing can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenReading:
    """The condition as a whole, and its parts."""

    text: str
    holds: bool
    parts: tuple[PartReading, ...]


def read_when(when: When, situation: Situation) -> WhenReading:
    """The condition with its parts as they are now."""
    parts = tuple(_part(each, situation) for each in when.comparisons)
    return WhenReading(text=when.text, holds=when.holds(situation), parts=parts)


def _part(comparison: Comparison, situation: Situation) -> PartReading:
    values = tuple((m.name, _shown(m.read(situation))) for m in comparison.measures)
    return PartReading(
        text=str(comparison),
        values=values,
        holds=comparison.holds(situation),
        unknown=comparison.unknown(situation),
    )


def _shown(value: Decimal | None) -> str:
    """Six significant digits are plenty to see how far something is away."""
    if value is None:
        return "unknown"
    if not value.is_finite():
        return "none"
    return f"{Decimal(f'{value:.6g}'):f}"
