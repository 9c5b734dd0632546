"""Wake conditions: when a rule wants to be asked, as data rather than as code.

From one condition come three things: the tripwire (a band of marks inside which nobody need be asked),
``explain`` (the condition with its present value and how far away it is), and the recorded reason for
staying quiet. A wake is a promise: while its conditions do not hold and no state changes, ``decide``
would yield nothing. Waking early is harmless, waking late is a defect.

Two families. *Levels* (``Below``, ``Above``) are true or false at every moment. *Events* (``BarClose``,
``Told``, ``At``, ``Changed``) happen; after a change of the position's state they count as having happened,
because the promise does not reach past such a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.core.danger.situation import Situation
    from bot.core.types import Side

_ENDLESS = Decimal("Infinity")
"""Below this is every liquidation price that there is."""


class Metric(StrEnum):
    """What a level is measured on."""

    MARK = "mark"
    """The mark price of the position's symbol."""
    DISTANCE = "distance"
    """|mark - liquidation| / mark, a fraction; infinite without a liquidation price."""
    MARGIN_RATIO = "margin_ratio"
    """Maintenance / equity of the position's pool; 1 is liquidation."""
    LIQUIDATION = "liquidation"
    """The liquidation price, which moves by itself in cross pools."""

    def below(self, threshold: Decimal) -> Below:
        """True while the metric is strictly below ``threshold``."""
        return Below(self, threshold)

    def above(self, threshold: Decimal) -> Above:
        """True while the metric is strictly above ``threshold``."""
        return Above(self, threshold)


@dataclass(frozen=True, slots=True)
class Below:
    """A level: ``metric < threshold``."""

    metric: Metric
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class Above:
    """A level: ``metric > threshold``."""

    metric: Metric
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class BarClose:
    """An event: a bar of this timeframe closed."""

    timeframe_ms: int


class Figure(StrEnum):
    """What is told of a symbol now and then, beside its prices."""

    FUNDING = "funding"
    """The rate of the next settlement, or its time; and what was paid at the last."""
    OPEN_INTEREST = "open_interest"


@dataclass(frozen=True, slots=True)
class Told:
    """An event: a figure that the rule declared it needs was told anew."""

    figure: Figure


@dataclass(frozen=True, slots=True)
class At:
    """An event: the time is ``at_ms`` or later."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Changed:
    """An event: position, balance, orders or the state of the bot changed."""


@dataclass(frozen=True, slots=True)
class Always:
    """Every fact. The default, and the slow one."""


@dataclass(frozen=True, slots=True)
class Never:
    """Not before the state changes, and why."""

    because: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions."""

    conditions: tuple[Wake, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the conditions."""

    conditions: tuple[Wake, ...]


class Asked(Protocol):
    """Something that holds or does not, and can be found out by looking only."""

    def holds(self, situation: Situation) -> bool:
        """Whether it holds now."""
        ...


@dataclass(frozen=True, slots=True)
class Expressed:
    """A level that no band is known for: every mark has to be looked at. Of the configuration alone.

    ``holding`` false means the opposite, for those who wait for its end.
    """

    asked: Asked
    holding: bool = True


@dataclass(frozen=True, slots=True)
class Watching:
    """To be looked at where ``condition`` holds, and never a reason to act. Of the configuration alone."""

    condition: Wake


Wake = Below | Above | BarClose | Told | At | Changed | Always | Never | AnyOf | AllOf | Expressed | Watching


def any_of(*conditions: Wake) -> AnyOf:
    """At least one of ``conditions``."""
    return AnyOf(conditions)


def all_of(*conditions: Wake) -> AllOf:
    """Every one of ``conditions``."""
    return AllOf(conditions)


def beyond(side: Side, price: Decimal) -> Below | Above:
    """True while the mark is beyond ``price`` in favour of a position of that side."""
    return Metric.MARK.above(price) if side.sign > 0 else Metric.MARK.below(price)


def flaw(wake: Wake) -> str | None:
    """What is no condition in a wake; ``None`` if all of it is.

    A rule is foreign code: a float, NaN or text for a number would raise wherever it is compared first, long
    after the rule has answered.
    """
    match wake:
        case Below(metric, threshold) | Above(metric, threshold):
            if not _is_a(Metric, metric):
                return f"metric is {metric!r}, expected one of {', '.join(Metric)}"
            if not (_is_a(Decimal, threshold) and (threshold.is_finite() or _whether_any(metric, threshold))):
                return f"threshold is {threshold!r}, expected a finite Decimal"
        case BarClose(when_ms) | At(when_ms):
            if not _is_a(int, when_ms):
                return f"{type(wake).__name__} of {when_ms!r}, expected whole milliseconds"
        case Told(figure):
            if not _is_a(Figure, figure):
                return f"Told of {figure!r}, expected one of {', '.join(Figure)}"
        case AnyOf(conditions) | AllOf(conditions):
            if not _is_a(tuple, conditions):
                return f"{type(wake).__name__} of {conditions!r}, expected a tuple of conditions"
            return next((found for found in map(flaw, conditions) if found is not None), None)
        case _:
            return None if _is_a((Changed, Always, Never), wake) else f"{wake!r} is no wake condition"
    return None


def _whether_any(metric: Metric, threshold: Decimal) -> bool:
    """Whether it asks if there is a liquidation price."""
    return metric is Metric.LIQUIDATION and threshold == _ENDLESS


def _is_a(kind: type | tuple[type, ...], value: object) -> bool:
    """Whether it is what its annotation says, which nobody checks for users."""
    return isinstance(value, kind)


def timeframes(wake: Wake) -> frozenset[int]:
    """The timeframes whose closing bars a wake waits for."""
    match wake:
        case BarClose(timeframe_ms):
            return frozenset((timeframe_ms,))
        case AnyOf(conditions) | AllOf(conditions):
            return frozenset().union(*(timeframes(c) for c in conditions))
        case _:
            return frozenset()


def figures(wake: Wake) -> frozenset[Figure]:
    """The figures a wake waits to be told."""
    match wake:
        case Told(figure):
            return frozenset((figure,))
        case AnyOf(conditions) | AllOf(conditions):
            return frozenset().union(*(figures(c) for c in conditions))
        case _:
            return frozenset()
