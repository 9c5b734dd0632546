"""Does it come out safer? One yardstick per kind of intent, each answering on the projected pool."""

from __future__ import annotations

from decimal import Decimal

from bot.core.danger.situation import INFINITE, Situation, outweighed, protects, stops_before
from bot.core.decisions import Because
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CutLeverage,
    Intent,
    MoveStop,
    Notify,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SetPosture,
)
from bot.core.types import OUR_PREFIX, ZERO, MarginMode

Objection = tuple[Because, str]


def objection(intent: Intent, before: Situation, after: Situation | None) -> Objection | None:
    """Why ``intent`` does not come out safer, ``None`` if it does; ``after`` is ``None`` if all is closed."""
    match intent:
        case AddMargin() | CutLeverage():
            return _nearer(before, after)
        case ReducePosition():
            return _loses_more(before, after)
        case PlaceStop(trigger=trigger) | MoveStop(trigger=trigger):
            return misplaced(before, trigger)
        case PlaceTakeProfit(trigger=trigger):
            ahead = before.id.side.sign * (trigger - before.mark)
            return (
                None if ahead > 0 else (Because.WRONG_SIDE, f"{trigger} is not ahead of mark {before.mark}")
            )
        case CancelStop(client_id=client_id):
            return _unprotected(before, client_id)
        case Notify() | SetPosture():
            return None
        case _:
            return Because.NOT_SAFER, "nothing proves that it comes out safer"


def misplaced(situation: Situation, trigger: Decimal) -> Objection | None:
    """Why a stop at ``trigger`` does not lie between mark and liquidation; ``None`` if it does."""
    sign = situation.id.side.sign
    if trigger <= 0:
        return Because.WRONG_SIDE, f"stop {trigger} is no price"
    if sign * (situation.mark - trigger) <= 0:
        return Because.WRONG_SIDE, f"stop {trigger} is not behind mark {situation.mark}"
    liquidation = stops_before(situation)
    if liquidation is not None and sign * (trigger - liquidation) <= 0:
        return Because.WRONG_SIDE, f"stop {trigger} is not before liquidation {liquidation}"
    return None


def _nearer(before: Situation, after: Situation | None) -> Objection | None:
    if after is None or after.distance > before.distance:
        return None
    if before.distance == INFINITE:
        return Because.NOT_SAFER, "there is no liquidation price to move away from"
    return _brings_nearer(before, after)


def _brings_nearer(before: Situation, after: Situation) -> Objection:
    return Because.NOT_SAFER, f"distance would go from {before.distance:.4%} to {after.distance:.4%}"


def _loses_more(before: Situation, after: Situation | None) -> Objection | None:
    left = after.position.quantity if after is not None else ZERO
    if ZERO < before.position.quantity - left <= before.pair.excess:
        return None  # What a hedge has too much of protects nothing.
    if before.liquidation is not None and outweighed(before):
        return Because.NOT_SAFER, "this leg earns what the larger one loses"
    if after is None:
        return None
    if after.position.quantity >= before.position.quantity:
        return Because.NOT_SAFER, "the position would not shrink"
    if before.position.mode is MarginMode.CROSS:
        return _takes_from_the_pool(before, after)
    was, would = before.loss_at_liquidation, after.loss_at_liquidation
    if before.liquidation is None or would < was or after.distance > before.distance:
        return None
    return Because.NOT_SAFER, f"loss at liquidation would go from {was} to {would}"


def _takes_from_the_pool(before: Situation, after: Situation) -> Objection | None:
    """Why less of a cross position is not safer: what is lost at liquidation is the same but for a fee.

    So it must not be liquidated nearer, of two legs of one symbol either way. Where it gains no distance,
    because nothing liquidates it or not by a tick, the fee has to come out of the maintenance that is freed:
    what backs the others stays theirs. A hedge in another contract is in no liquidation price, which holds
    all other marks: that its position has none says nothing of both moving together.
    """
    if before.liquidation is None and (before.pair.legs or before.pair.guarded is not None):
        return Because.NOT_SAFER, "something stands against it: with less of it there would be a bet again"
    if after.distance < before.distance:
        return _brings_nearer(before, after)
    if after.distance == before.distance and len(before.pool.holdings) > 1:
        backed, left = before.assessment.surplus, after.assessment.surplus
        if left < backed:
            return Because.NOT_SAFER, f"what backs the other positions would go from {backed} to {left}"
    return None


def _unprotected(before: Situation, client_id: str) -> Objection | None:
    if not client_id.startswith(OUR_PREFIX) or all(o.client_id != client_id for o in before.stops):
        return Because.NOT_SAFER, f"{client_id} is no stop of ours on this position"
    if before.pair.whole(before.position):
        return None
    if any(protects(before, order) for order in before.stops if order.client_id != client_id):
        return None
    return Because.NOT_SAFER, "no other stop would protect the position"
