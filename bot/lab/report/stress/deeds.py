"""What was done and what befell, in words and as marks: every act of a run, in the order it happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import assert_never

from bot.core.facts import OutcomeKind
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SellOption,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import ZERO, PositionId
from bot.lab.replay.record import Done, Record
from bot.lab.replay.result import cost_of
from bot.lab.report.lines import Shape
from bot.look.figures import amount, percent
from bot.look.tone import Tone


class Kind(Enum):
    """What an act is called, and its mark. A stop that is placed or moved is a line, and has none."""

    MARGIN = "margin added", Shape.UP, Tone.SAFE
    REDUCTION = "position reduced", Shape.DOWN, Tone.SAFE
    HEDGE = "hedge opened or closed", Shape.DIAMOND, Tone.SAFE
    STOP = "stop placed or moved", None, Tone.PLAIN
    STOPPED = "stop met", Shape.SQUARE, Tone.NEAR
    DELEVERAGED = "closed by the exchange", Shape.SQUARE, Tone.DEAD
    LIQUIDATED = "liquidated", Shape.CROSS, Tone.DEAD
    OTHER = "something else", Shape.SQUARE, Tone.PLAIN

    def __init__(self, title: str, shape: Shape | None, tone: Tone) -> None:
        """The word, the mark and its colour."""
        self.title = title
        self.shape = shape
        self.tone = tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One act. ``level`` is the trigger of a stop that rests from then on."""

    at_ms: int
    id: PositionId
    kind: Kind
    what: str
    rule: str = ""
    reason: str = ""
    before: Decimal | None = None
    after: Decimal | None = None
    cost: Decimal = ZERO
    level: Decimal | None = None

    @property
    def told(self) -> str:
        """What it was and what it changed, in a few words."""
        if self.before is None or self.after is None:
            return self.what
        return f"{self.what}, {percent(abs(self.before), 1)} → {percent(abs(self.after), 1)}"


def deeds(record: Record) -> tuple[Deed, ...]:
    """Everything that took effect, by its time."""
    return tuple(sorted((*_done(record.done), *_befallen(record)), key=lambda deed: deed.at_ms))


def _done(done: Iterable[Done]) -> Iterator[Deed]:
    for each in done:
        intent, outcome = each.action.intent, each.outcome
        if outcome is None or outcome.kind is not OutcomeKind.VERIFIED:
            continue
        if isinstance(intent, Notify | SetPosture):
            continue
        kind, what = _worded(intent)
        yield Deed(
            at_ms=outcome.at_ms,
            id=intent.id,
            kind=kind,
            what=what,
            rule=each.action.rule,
            reason=each.action.reason,
            before=each.action.distance_before,
            after=each.distance_after,
            cost=cost_of(outcome.fills),
            level=intent.trigger if isinstance(intent, PlaceStop | MoveStop) else None,
        )


def _befallen(record: Record) -> Iterator[Deed]:
    for each in record.triggered:
        fills = each.outcome.fills
        if fills:
            yield Deed(
                at_ms=each.outcome.at_ms,
                id=each.outcome.id,
                kind=Kind.STOPPED,
                what=f"stopped out at {amount(fills[-1].price)}",
                rule=each.rule or "",
                cost=cost_of(fills),
            )
    for taken in record.liquidations:
        what = f"LIQUIDATED at {amount(taken.price)}"
        yield Deed(at_ms=taken.at_ms, id=taken.id, kind=Kind.LIQUIDATED, what=what)
    for closed in record.deleveraged:
        what = f"auto-deleveraged at {amount(closed.price)}"
        yield Deed(at_ms=closed.at_ms, id=closed.id, kind=Kind.DELEVERAGED, what=what)


def _worded(intent: Intent) -> tuple[Kind, str]:
    match intent:
        case AddMargin():
            return Kind.MARGIN, f"{amount(intent.amount)} margin added"
        case ReducePosition():
            added = f", {amount(intent.then_add)} margin added" if intent.then_add else ""
            return Kind.REDUCTION, f"{amount(intent.quantity)} closed{added}"
        case OpenHedge():
            return Kind.HEDGE, f"{amount(intent.quantity)} {intent.symbol} opened as a hedge"
        case CloseHedge():
            return Kind.HEDGE, f"{amount(intent.quantity)} {intent.symbol} of the hedge closed"
        case PlaceStop() | MoveStop():
            return Kind.STOP, f"stop at {amount(intent.trigger)}"
        case CancelStop():
            return Kind.STOP, "stop removed"
        case CutLeverage():
            return Kind.OTHER, f"leverage cut to {amount(intent.leverage, 0)}"
        case WithdrawMargin():
            return Kind.OTHER, f"{amount(intent.amount)} margin taken back"
        case PlaceTakeProfit():
            return Kind.OTHER, f"take-profit at {amount(intent.trigger)}"
        case BuyOption():
            return Kind.OTHER, f"{amount(intent.quantity)} {intent.symbol} bought"
        case SellOption():
            return Kind.OTHER, f"{amount(intent.quantity)} {intent.symbol} sold"
        case TransferCollateral():
            return Kind.OTHER, f"{amount(intent.amount)} brought in from {intent.source}"
        case SetPosture() | Notify():
            return Kind.OTHER, "told"
        case _:
            assert_never(intent)
