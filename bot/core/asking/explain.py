"""Why it acts, and why it does not: each rule's named conditions with their present values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.accounts.book import Account, Armed, Holder, Parked
from bot.core.danger.conditions import QUIET, holds, reading
from bot.core.danger.situation import Situation
from bot.core.decisions import Action, Because, Refusal
from bot.core.rule import Table
from bot.core.settings import RESERVED_NAMES
from bot.core.timeframe import format_timeframe
from bot.core.types import PositionId, RuleName, Symbol
from bot.core.view import View
from bot.core.wake import (
    Above,
    AllOf,
    Always,
    AnyOf,
    At,
    BarClose,
    Below,
    Changed,
    Expressed,
    Metric,
    Never,
    Told,
    Wake,
    Watching,
)
from bot.core.when.reading import WhenReading, read_when

_PLACES = Decimal("0.0001")
TIME_COMES = "time comes"
"""What a condition on the time says: its figures are in milliseconds UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionReading:
    """One named condition: what it says, the metric's value, and how far that is from the threshold."""

    text: str
    value: str | None
    threshold: str | None
    away: str | None
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExplanation:
    """One rule on one position."""

    rule: RuleName
    conditions: tuple[ConditionReading, ...]
    verdict: str
    last_refusal: Refusal | None
    times_acted: int
    parked: bool
    paused_until_ms: int | None
    """The end of a pause that holds now."""
    latched: bool
    """Whether it waits for a person's release: its actions were equal and without effect."""
    shadow: bool
    when: WhenReading | None
    """The condition the configuration put on it."""
    confirms_for_ms: int
    """How long everything has to hold before it acts; 0: not at all."""
    confirmed_in_ms: int | None
    """How much of that is left; ``None`` while not everything holds."""
    table: Table
    """What the rule itself shows of how it sees things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeReading:
    """A hedge of ours as it is held: how much, and whether its contract's prices are modelled."""

    symbol: Symbol
    quantity: Decimal
    synthetic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExplanation:
    """All rules on one position, and how it stands. ``hedges`` are ours against it."""

    id: PositionId
    mark: Decimal | None
    liquidation: Decimal | None
    distance: Decimal | None
    margin_ratio: Decimal | None
    protected_by: str | None
    naked_since_ms: int | None
    synthetic: bool
    """Whether the contract's prices are modelled."""
    hedges: tuple[HedgeReading, ...]
    rules: tuple[RuleExplanation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionStatus:
    """One line of a table: how a position stands, what protects it, who speaks next."""

    id: PositionId
    quantity: Decimal
    mark: Decimal | None
    liquidation: Decimal | None
    distance: Decimal | None
    margin_ratio: Decimal | None
    protected_by: str | None
    naked_since_ms: int | None
    next_rule: RuleName | None
    next_away: str | None
    synthetic: bool
    """Whether the contract's prices are modelled."""
    last_action: Action | None
    last_refusal: Refusal | None


def explain_holder(
    account: Account,
    holder: Holder,
    situation: Situation | None,
    parked: Parked,
    rule_of_stop: Mapping[str, RuleName] | None = None,
) -> PositionExplanation:
    """Explain every rule on one position; without a situation (no mark yet) conditions have no values.

    With ``rule_of_stop``, who placed each stop, rules show their tables too.
    """
    rules = tuple(
        _explain_rule(account, holder, armed, situation, parked, rule_of_stop) for armed in holder.armed
    )
    return PositionExplanation(
        id=holder.id,
        mark=situation.mark if situation is not None else None,
        liquidation=situation.liquidation if situation is not None else None,
        distance=_finite(situation.distance) if situation is not None else None,
        margin_ratio=_finite(situation.margin_ratio) if situation is not None else None,
        protected_by=holder.protected_by,
        naked_since_ms=holder.naked_since_ms,
        synthetic=holder.contract.synthetic_prices,
        hedges=_hedges(situation),
        rules=rules,
    )


def _hedges(situation: Situation | None) -> tuple[HedgeReading, ...]:
    legs = situation.pair.legs if situation is not None else ()
    return tuple(
        HedgeReading(symbol=leg.symbol, quantity=leg.quantity, synthetic=leg.contract.synthetic_prices)
        for leg in legs
    )


def status_of(holder: Holder, situation: Situation | None, parked: Parked) -> PositionStatus:
    """The same in one line: the nearest level condition of a rule that may still act names the next rule.

    It is asked for all the time, and so explains nothing.
    """
    nearest = nearest_of(holder, situation, parked)
    refusals = [armed.last_refusal for armed in holder.armed if armed.last_refusal is not None]
    return PositionStatus(
        id=holder.id,
        quantity=holder.position.quantity,
        mark=situation.mark if situation is not None else None,
        liquidation=situation.liquidation if situation is not None else None,
        distance=_finite(situation.distance) if situation is not None else None,
        margin_ratio=_finite(situation.margin_ratio) if situation is not None else None,
        protected_by=holder.protected_by,
        naked_since_ms=holder.naked_since_ms,
        next_rule=nearest[1] if nearest is not None else None,
        synthetic=holder.contract.synthetic_prices,
        next_away=str(nearest[0]) if nearest is not None else None,
        last_action=holder.last_action,
        last_refusal=max(refusals, default=None, key=lambda refusal: refusal.at_ms),
    )


def nearest_of(
    holder: Holder, situation: Situation | None, parked: Parked
) -> tuple[Decimal, RuleName] | None:
    """How far away the nearest level condition of a rule that may still act is, and whose it is."""
    speaking = [armed for armed in holder.armed if _may_speak(holder, armed, situation, parked)]
    nearest = min(_distances(speaking, situation), default=None, key=lambda item: item[0])
    return None if nearest is None else (nearest[0].quantize(_PLACES), nearest[1])


def _may_speak(holder: Holder, armed: Armed, situation: Situation | None, parked: Parked) -> bool:
    """Whether the rule could act if its level came: not parked, not latched, its budget not spent."""
    name, refusal = armed.entry.name, armed.last_refusal
    if name in parked.broken or name in holder.history.latched or _is_never(armed.wake):
        return False
    if refusal is None or refusal.because is not Because.BUDGET or situation is None:
        return True
    # A spent budget stays spent whatever the state is, until it renews or the position is another one.
    renewed = refusal.until_ms is not None and situation.now_ms >= refusal.until_ms
    return renewed or refusal.at_ms < (holder.position.opened_ms or 0)


def _is_never(wake: Wake) -> bool:
    return isinstance(wake, Never) or (isinstance(wake, AllOf) and any(map(_is_never, wake.conditions)))


def _distances(speaking: Iterable[Armed], situation: Situation | None) -> Iterator[tuple[Decimal, RuleName]]:
    """For each distance condition that does not hold: how much further it is, and whose it is."""
    if situation is None:
        return
    for armed in speaking:
        for condition in _leaves(armed.asks_for):
            if isinstance(condition, Below) and condition.metric is Metric.DISTANCE:
                away = situation.distance - condition.threshold
                if away.is_finite() and away >= 0:
                    yield away, armed.entry.name


def _explain_rule(
    account: Account,
    holder: Holder,
    armed: Armed,
    situation: Situation | None,
    parked: Parked,
    rule_of_stop: Mapping[str, RuleName] | None,
) -> RuleExplanation:
    name = armed.entry.name
    broken = parked.broken.get(name)
    readings = () if situation is None else tuple(_read(c, situation) for c in _leaves(armed.asks_for))
    when = armed.entry.when
    return RuleExplanation(
        rule=name,
        conditions=readings,
        verdict=_verdict(armed, situation, broken),
        last_refusal=armed.last_refusal,
        times_acted=holder.history.times_acted.get(name, 0),
        parked=broken is not None,
        paused_until_ms=_pause(account, holder, name, situation, parked),
        latched=name in holder.history.latched,
        shadow=armed.entry.shadow,
        when=None if when is None or situation is None else read_when(when, situation),
        confirms_for_ms=armed.entry.confirm_for_ms,
        confirmed_in_ms=None if situation is None else armed.confirmed_in_ms(situation.now_ms),
        table=_table(holder, armed, situation, rule_of_stop),
    )


def _table(
    holder: Holder,
    armed: Armed,
    situation: Situation | None,
    rule_of_stop: Mapping[str, RuleName] | None,
) -> Table:
    """What the rule has to show; one that raises shows why, and no other rule suffers from it."""
    if situation is None or rule_of_stop is None:
        return ()
    history = holder.history
    times_acted = history.times_acted.get(armed.name, 0)
    view = View(situation, times_acted, rule_of_stop, holder.account.able, history.losses, armed.memory)
    try:
        return tuple(tuple(str(cell) for cell in row) for row in armed.rule.table(view))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code, as where it is asked to decide
        return ((f"{type(error).__name__}: {error}",),)


def _pause(
    account: Account, holder: Holder, name: RuleName, situation: Situation | None, parked: Parked
) -> int | None:
    if situation is None or name in RESERVED_NAMES:
        return None
    until_ms = max(account.paused_until_ms, parked.pause_of(name, holder.id))
    return until_ms if situation.now_ms < until_ms else None


def _verdict(armed: Armed, situation: Situation | None, broken: str | None) -> str:
    if broken is not None:
        return f"parked: {broken}"
    if situation is None:
        return "waits for a mark price"
    if isinstance(armed.asks_for, Never):
        return f"quiet until something changes: {armed.asks_for.because}"
    if not holds(armed.wake, situation, QUIET):
        return _quiet(armed, situation)
    refusal = armed.last_refusal
    if refusal is not None:
        return f"wants to act, refused ({refusal.because}): {refusal.text}"
    return "awake, and finds nothing to do"


def _quiet(armed: Armed, situation: Situation) -> str:
    """Why it stays quiet; what the configuration adds is named where the rule itself would speak."""
    left_ms = armed.confirmed_in_ms(situation.now_ms)
    if left_ms:
        return f"quiet: all holds, and has to for {Decimal(left_ms) / 1000:f} s more"
    when = armed.entry.when
    if when is not None and not when.holds(situation) and holds(armed.asks_for, situation, QUIET):
        return f"quiet: its own conditions hold, {when.text} does not"
    return "quiet: its conditions do not hold"


def _leaves(wake: Wake) -> Iterator[Wake]:
    if isinstance(wake, AnyOf | AllOf):
        for condition in wake.conditions:
            yield from _leaves(condition)
    else:
        yield wake


def _read(condition: Wake, situation: Situation) -> ConditionReading:
    holding = holds(condition, situation, QUIET)
    match condition:
        case Below(metric, threshold) | Above(metric, threshold):
            value = reading(metric, situation)
            word = "below" if isinstance(condition, Below) else "above"
            away = abs(value - threshold) if threshold.is_finite() else threshold
            return ConditionReading(
                text=f"{metric} {word} {threshold}"
                if threshold.is_finite()
                else f"there is a {metric} price",
                value=_number(metric, value),
                threshold=str(threshold),
                away=None if holding or not away.is_finite() else _number(metric, away),
                holds=holding,
            )
        case BarClose(timeframe_ms):
            text = f"a {format_timeframe(timeframe_ms)} bar closes"
        case Told(figure):
            text = f"{figure} is told anew"
        case At(at_ms):
            away_ms = str(max(0, at_ms - situation.now_ms))
            return ConditionReading(
                text=TIME_COMES,
                value=str(situation.now_ms),
                threshold=str(at_ms),
                away=None if holding else away_ms,
                holds=holding,
            )
        case Changed():
            text = "position, orders, balance or state change"
        case Always():
            text = "every fact"
        case Never(because):
            text = f"nothing before a change: {because}"
        case AnyOf() | AllOf() | Expressed() | Watching():
            text = "several conditions"
    return ConditionReading(text=text, value=None, threshold=None, away=None, holds=holding)


def _number(metric: Metric, value: Decimal) -> str:
    if not value.is_finite():
        return "none"
    if metric in (Metric.MARK, Metric.LIQUIDATION):
        return str(value)
    return str(value.quantize(_PLACES))


def _finite(value: Decimal) -> Decimal | None:
    return value if value.is_finite() else None
