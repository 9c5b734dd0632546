"""Whether a position is protected: by which resting stop, and when that has to be looked at again.

In a cross pool the liquidation price moves with the other symbols' marks, so a position may become NAKED
although nothing about it changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.accounts.book import Holder
from bot.core.contracts import ContractKind
from bot.core.danger.appearing import appearing
from bot.core.danger.conditions import OPEN, Reach, reach
from bot.core.danger.situation import (
    INFINITE,
    Situation,
    may_protect,
    outweighed,
    protects,
    stops_before,
    swings,
)
from bot.core.decisions import Decision, StateChanged
from bot.core.held.pairs import ALONE
from bot.core.intents import Level
from bot.core.wake import Always, Metric, Wake, any_of

_NOBODY_LOOKED: tuple[object, Reach | None] = (None, None)


def protector_of(situation: Situation) -> str | None:
    """What protects the position: a stop by its client id, or why none is needed; ``None`` is NAKED."""
    pair = situation.pair
    if pair.orphaned(situation.position):
        return None
    if pair.guarded is not None or pair.whole(situation.position):
        return f"the pair with {pair.guarded or pair.legs[0].symbol}"
    if situation.liquidation is not None and not situation.endangered:
        return "the larger leg" if outweighed(situation) else "the opposite leg"
    if situation.protecting:
        return situation.protecting[0].client_id
    if situation.liquidation is None:
        return "no liquidation price"
    return "the opposite leg" if stops_before(situation) is None else None


def left_to_stops(situation: Situation) -> bool:
    """Whether nothing but a stop protects the position, or would if it needed it."""
    pair = situation.pair
    if pair.guarded is not None or pair.whole(situation.position):
        return False
    return situation.liquidation is None or situation.endangered


def protection_reach(situation: Situation) -> Reach:
    """How far the marks may go before another answer of ``protector_of`` is possible."""
    pair = situation.pair
    if pair.guarded is not None or pair.whole(situation.position):
        return OPEN
    if situation.stands:
        return OPEN
    known: Reach | None
    stops, known = situation.reaches.get(protection_reach, _NOBODY_LOOKED)
    if known is None or stops is not situation.stops:
        known = reach(any_of(*_changes(situation)), situation)
        situation.reaches[protection_reach] = situation.stops, known
    return known


def _changes(situation: Situation) -> list[Wake]:
    """Everything that would change the answer, none of which is so now."""
    if swings(situation):
        return [Always()]
    side, contract = situation.id.side, situation.contract
    tick, sign = contract.tick, side.sign
    able = [order for order in situation.stops if order.trigger is not None and may_protect(situation, order)]
    if situation.liquidation is None:
        if not able or not situation.endangered:
            return [appearing(side, contract)]
        return [appearing(side, contract, order) for order in able]
    if not situation.endangered or not able:
        return _vanishing(situation)
    changes: list[Wake] = []
    for order in able:
        assert order.trigger is not None, f"{order.client_id}: a stop without a trigger"
        if protects(situation, order):
            passed = order.trigger - sign * tick
            changes.append(Metric.LIQUIDATION.above(passed) if sign > 0 else Metric.LIQUIDATION.below(passed))
        else:
            level = order.trigger
            changes.append(Metric.LIQUIDATION.below(level) if sign > 0 else Metric.LIQUIDATION.above(level))
    return changes


def _vanishing(situation: Situation) -> list[Wake]:
    """When there is no liquidation price any more: at the end of the scale that it comes from."""
    if situation.danger > 0:
        return [Metric.LIQUIDATION.below(situation.contract.tick)]
    # A rising price liquidates at some price, but for a short in coins: its own may rise past every number.
    return [Metric.LIQUIDATION.above(INFINITE)] if situation.contract.kind is ContractKind.INVERSE else []


def watch_protection(
    holder: Holder, situation: Situation, decisions: list[Decision], *, within: bool
) -> bool:
    """See whether the position is protected, unless it must be as it was; whether it was left at that."""
    seen = holder.protection_version == holder.version
    if not seen and situation.pair is ALONE and _as_seen(holder, situation):
        # The state changed, but nothing that protection depends on.
        holder.protection_version, seen = holder.version, True
    if seen and (within or holder.protection.lasts(situation)):
        if holder.protecting is not None:
            situation.protected_by(holder.protecting)
        return True
    holder.protection_version = holder.version
    decisions.extend(_news(holder, situation))
    holder.protection = protection_reach(situation)
    # What a pair was seen to protect tells nothing of the position alone.
    holder.protection_for = (situation.ground, holder.stops) if situation.pair is ALONE else ()
    # Where no stop decides, nobody looked how long the stops stay good.
    holder.protecting = situation.protecting if left_to_stops(situation) else None
    return False


def _as_seen(holder: Holder, situation: Situation) -> bool:
    """Whether protection was found for this very position with these very stops."""
    known = holder.protection_for
    return len(known) > 0 and known[0] is situation.ground and known[1] is holder.stops


def _news(holder: Holder, situation: Situation) -> Iterator[Decision]:
    """Say when a position becomes protected or NAKED."""
    protector = protector_of(situation)
    if protector == holder.protected_by and (protector is None) == (holder.naked_since_ms is not None):
        return
    was = holder.protected_by or ("NAKED" if holder.naked_since_ms is not None else "unseen")
    holder.protected_by = protector
    holder.naked_since_ms = situation.now_ms if protector is None else None
    yield StateChanged(
        at_ms=situation.now_ms,
        subject=f"protection:{holder.id}",
        was=was,
        now=protector or "NAKED",
        because="seen at the venue" if protector is not None else _bare(holder),
        level=Level.CRITICAL if protector is None else Level.INFO,
    )


def _bare(holder: Holder) -> str:
    will = ", by the will of the trader, who cancelled ours" if holder.history.losses.unwanted else ""
    return f"no stop rests between mark and liquidation{will}"
