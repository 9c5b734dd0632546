"""When a liquidation price may appear where there is none: the wake of whatever nothing can liquidate now."""

from bot.core.contracts import Contract, ContractKind
from bot.core.danger.situation import INFINITE
from bot.core.types import ZERO, Order, Side
from bot.core.wake import Always, Metric, Wake


def appearing(side: Side, contract: Contract, stop: Order | None = None) -> Wake:
    """When a liquidation price may appear that is not there now, without a change of the position.

    It appears at one end of the scale and comes nearer from there, so where a stop rests it matters once it
    comes up to that. The end is nothing for a long, and of a short in coins beyond every number.
    """
    trigger = None if stop is None else stop.trigger
    match side, contract.kind:
        case Side.LONG, ContractKind.LINEAR:
            return Metric.LIQUIDATION.above(ZERO if trigger is None else trigger - contract.tick)
        case Side.SHORT, ContractKind.INVERSE:
            return Metric.LIQUIDATION.below(INFINITE if trigger is None else trigger + contract.tick)
    return Always()
