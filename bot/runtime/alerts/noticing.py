"""Noticing: what of a step is worth telling people, and how loudly.

An action is told once it is known what became of it, because a message says what was done; until then it is
remembered. What rules wanted and a limit refused is told only near liquidation; the journal has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.core.decisions import Action, Because, Decision, Refusal, StateChanged
from bot.core.facts import (
    MET,
    Command,
    Deleveraged,
    Delivered,
    Fact,
    Liquidated,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.intents import Level, MoveStop, Notify, PlaceStop
from bot.core.settings import SEATBELT
from bot.core.states import BotState
from bot.core.step import Step
from bot.core.types import ClientId, PositionId
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.wording import at_price, done, figure, named, percent, position

DANGER = Decimal("0.05")
"""Nearer to liquidation than this, as a fraction of the mark, whatever happens is critical."""
PENDING_MAX = 1_000
_TROUBLES = frozenset({"NAKED", "silent", "strained", "unheard", *BotState}) - {BotState.ARMED}
"""States that go on until another one follows."""
_WAITS = frozenset({Because.IN_FLIGHT, Because.COOLDOWN, Because.SHADOW, Because.NO_POSITION})
"""Refusals that end by themselves, or were asked for."""
_DONE = frozenset({OutcomeKind.APPLIED, OutcomeKind.VERIFIED})
_REFUSED = frozenset({OutcomeKind.REJECTED, OutcomeKind.NOT_APPLIED})


class Noticing:
    """Turns steps into notices, in the order in which things happened."""

    def __init__(self) -> None:
        """Nothing is waited for yet."""
        self._pending: dict[ClientId, Action] = {}

    def of(self, step: Step) -> Iterator[Notice]:
        """What of this step people want to hear of."""
        for fact in step.facts:
            yield from self._heard(fact)
        for decision in step.decisions:
            yield from self._decided(decision)

    # -- inside -----------------------------------------------------------------------------------------

    def _heard(self, fact: Fact) -> Iterator[Notice]:
        match fact:
            case Outcome():
                yield from self._ended(fact)
            case Liquidated(id=id_):
                text = f"LIQUIDATED: {figure(fact.quantity)} at {figure(fact.price)}"
                yield _event(fact.at_ms, id_, "liquidated", Level.CRITICAL, text)
            case Deleveraged(id=id_):
                text = f"auto-deleveraged: {figure(fact.quantity)} closed at {figure(fact.price)}"
                yield _event(fact.at_ms, id_, "deleveraged", Level.CRITICAL, text)
            case Delivered(id=id_):
                text = f"delivered at {figure(fact.price)}"
                yield _event(fact.at_ms, id_, "delivered", Level.WARNING, text)
            case PositionChanged(id=id_, position=None):
                yield _ending(fact.at_ms, f"protection:{id_}", f"{named(id_)}: is closed")
                yield _event(fact.at_ms, id_, "closed", Level.INFO, "is closed")
            case Command(kind=kind, subject=subject):
                about = f" {subject}" if subject else ""
                text = f"{fact.by or 'somebody'} ordered: {kind}{about}"
                key = f"command:{kind}:{subject}:{fact.at_ms}"
                yield Notice(at_ms=fact.at_ms, key=key, level=Level.WARNING, text=text)
            case _:
                pass

    def _ended(self, outcome: Outcome) -> Iterator[Notice]:
        if outcome.proof == MET and outcome.fills:
            quantity = sum((fill.quantity for fill in outcome.fills), Decimal(0))
            text = f"a stop was met: closed {figure(quantity)}{at_price(outcome.fills)}"
            yield _event(outcome.at_ms, outcome.id, f"met:{outcome.client_id}", Level.CRITICAL, text)
            return
        action = self._pending.get(outcome.client_id)
        if action is None or outcome.kind not in (
            _DONE | _REFUSED | {OutcomeKind.UNKNOWN, OutcomeKind.GIVEN_UP}
        ):
            return
        what, by = done(action.intent), f" ({action.rule})"
        key = f"act:{outcome.client_id}"
        if outcome.kind in _DONE:
            del self._pending[outcome.client_id]
            yield _event(
                outcome.at_ms, action.id, key, _loudness(action), f"{what}{at_price(outcome.fills)}{by}"
            )
        elif outcome.kind is OutcomeKind.UNKNOWN:
            text = f"not known yet whether it {what}{by}; it is being looked up"
            yield _event(outcome.at_ms, action.id, key, Level.WARNING, text, state="unknown")
        else:
            del self._pending[outcome.client_id]
            how = "was refused by the exchange" if outcome.kind in _REFUSED else "can be proven by nothing"
            code = f" ({outcome.code})" if outcome.code else ""
            text = f"NOT DONE: {what}{by} {how}{code}"
            yield _event(outcome.at_ms, action.id, f"{key}:failed", Level.CRITICAL, text)

    def _decided(self, decision: Decision) -> Iterator[Notice]:
        match decision:
            case Action(intent=Notify(level=level, text=text)):
                key = f"told:{decision.rule}:{text}"
                yield _event(decision.at_ms, decision.id, key, level, f"{text} ({decision.rule})")
            case Action():
                if not _is_routine(decision):
                    self._await(decision)
            case Refusal():
                yield from _refused(decision)
            case StateChanged():
                yield from _changed(decision)

    def _await(self, action: Action) -> None:
        self._pending[action.client_id] = action
        if len(self._pending) > PENDING_MAX:
            del self._pending[next(iter(self._pending))]


def _is_routine(action: Action) -> bool:
    """A seatbelt that follows its position is as it should be, and nothing to wake anybody for."""
    return action.rule == SEATBELT and isinstance(action.intent, PlaceStop | MoveStop)


def _loudness(action: Action) -> Level:
    return Level.CRITICAL if _is_near(action.distance_before) else Level.INFO


def _is_near(distance: Decimal | None) -> bool:
    return distance is not None and distance < DANGER


def _refused(refusal: Refusal) -> Iterator[Notice]:
    if refusal.because in _WAITS or not _is_near(refusal.distance):
        return
    assert refusal.distance is not None, "near to nothing"
    text = f"BLOCKED: {refusal.rule} may not act ({refusal.text}), liq {percent(refusal.distance)} away"
    key = f"blocked:{refusal.id}:{refusal.rule}:{refusal.because}"
    yield _event(refusal.at_ms, refusal.id, key, Level.CRITICAL, text)


def _changed(change: StateChanged) -> Iterator[Notice]:
    about, text = _standing(change)
    lasts = change.now in _TROUBLES
    if change.level is not Level.INFO:
        yield Notice(
            at_ms=change.at_ms,
            key=change.subject,
            state=change.now,
            level=change.level,
            text=text,
            about=about,
            lasts=lasts,
        )
    elif not lasts:
        yield _ending(change.at_ms, change.subject, text)


def _standing(change: StateChanged) -> tuple[PositionId | None, str]:
    """Which position it is about, if any, and how that stands now."""
    kind, _, name = change.subject.partition(":")
    id_ = position(name)
    if id_ is None:
        return None, f"{change.subject}: {change.was} -> {change.now}, {change.because}"
    if kind == "protection":
        now = change.now if change.now in _TROUBLES else f"protected by {change.now}"
        return id_, f"{named(id_)}: {now}, {change.because}"
    return id_, f"{named(id_)}: {kind} {change.was} -> {change.now}, {change.because}"


def _event(at_ms: int, id_: PositionId, key: str, level: Level, text: str, *, state: str = "") -> Notice:
    line = f"{named(id_)}: {text}"
    return Notice(at_ms=at_ms, key=f"{id_}:{key}", state=state, level=level, text=line, about=id_)


def _ending(at_ms: int, key: str, text: str) -> Notice:
    return Notice(at_ms=at_ms, key=key, level=Level.INFO, text=text, over=True)
