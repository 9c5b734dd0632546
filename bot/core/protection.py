"""Whether a position is protected: by which resting stop, and when that has to be looked at again.

In a cross pool the liquidation price moves with the other symbols' marks, so a position may become NAKED
although nothing about it changed.
"""

from __future__ import annotations

from bot.core.conditions import OPEN, Reach, reach
from bot.core.contracts import Contract, ContractKind
from bot.core.situation import Situation, may_protect, protects
from bot.core.types import ZERO, Side
from bot.core.wake import Always, Metric, Wake, any_of


def protector_of(situation: Situation) -> str | None:
    """What protects the position: a stop by its client id, or why none is needed; ``None`` is NAKED."""
    pair = situation.pair
    if pair.orphaned(situation.position):
        return None
    if pair.guarded is not None or pair.whole(situation.position):
        return f"the pair with {pair.guarded or pair.legs[0].symbol}"
    if situation.liquidation is not None and not situation.endangered:
        return "the larger leg"
    if situation.protecting:
        return situation.protecting[0].client_id
    return "no liquidation price" if situation.liquidation is None else None


def protection_reach(situation: Situation) -> Reach:
    """How far the marks may go before another answer of ``protector_of`` is possible."""
    pair = situation.pair
    if pair.guarded is not None or pair.whole(situation.position):
        return OPEN
    return OPEN if situation.stands else reach(any_of(*_changes(situation)), situation)


def appearing(side: Side, contract: Contract) -> Wake:
    """When a liquidation price may appear that is not there now, without a change of the position."""
    if side is Side.LONG and contract.kind is ContractKind.LINEAR:
        return Metric.LIQUIDATION.above(ZERO)
    return Always()


def _changes(situation: Situation) -> list[Wake]:
    """Everything that would change the answer, none of which is so now."""
    tick, sign = situation.contract.tick, situation.id.side.sign
    if situation.liquidation is None:
        return [appearing(situation.id.side, situation.contract)]
    if situation.danger < 0 and situation.contract.kind is ContractKind.INVERSE:
        return [Always()]  # The price of a short in coins may rise past every number, and then there is none.
    if not situation.endangered:
        return [Metric.LIQUIDATION.below(tick)] if situation.danger > 0 else []
    changes: list[Wake] = [Metric.LIQUIDATION.below(tick)] if sign > 0 else []
    for order in situation.stops:
        if order.trigger is None or not may_protect(situation, order):
            continue
        if protects(situation, order):
            passed = order.trigger - sign * tick
            changes.append(Metric.LIQUIDATION.above(passed) if sign > 0 else Metric.LIQUIDATION.below(passed))
        else:
            level = order.trigger
            changes.append(Metric.LIQUIDATION.below(level) if sign > 0 else Metric.LIQUIDATION.above(level))
    return changes
