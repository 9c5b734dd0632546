"""What can be done for a real account: what its exchange declares, narrowed by the contracts it lists."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract
from bot.core.types import MarginMode, PositionMode
from bot.venues.capabilities import HEDGES, NOTHING_LISTED, hedged, leverage_cut
from bot.venues.live.dialect import Dialect


def capabilities(
    dialect: Dialect, contracts: Iterable[Contract], position_mode: PositionMode
) -> Capabilities:
    """The levers of an account in that position mode which may meet these contracts.

    What a cut of leverage does, each contract's margin rules say, where the exchange does it at all; and it
    can be hedged where something is listed to hedge it with. ``ValueError`` for a position mode that the
    exchange does not have.
    """
    traits = dialect.traits
    if position_mode not in traits.position_modes:
        raise ValueError(f"{traits.name} has no position mode {position_mode}")
    traded = tuple(contracts)
    levers = traits.levers_in(position_mode)
    by_contract = {}
    cut = levers.get(("CutLeverage", MarginMode.ISOLATED))
    if cut is not None and cut.works:
        for contract in traded:
            key = ("CutLeverage", MarginMode.ISOLATED, contract.symbol)
            by_contract[key] = leverage_cut(contract, traits.name)
    for lever in HEDGES:
        for mode in MarginMode:
            able = levers.get((lever, mode))
            if able is not None and able.works:
                levers[lever, mode] = NOTHING_LISTED
                by_contract |= {(lever, mode, contract.symbol): able for contract in hedged(traded)}
    return Capabilities(
        venue=traits.name,
        position_modes=frozenset({position_mode}),
        levers=levers,
        by_contract=by_contract,
    )
