"""What the paper exchange can do, by the margin rules of the venue it stands in for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.capabilities import YES, Capabilities, Capability
from bot.core.contracts import Contract
from bot.core.types import MarginMode, PositionMode
from bot.venues.capabilities import (
    EVERYWHERE,
    HEDGES,
    LOCKS_ONLY,
    NO_MARGIN_IN_CROSS,
    NOTHING_LISTED,
    hedged,
    leverage_cut,
)
from bot.venues.paper.refusals import Reason, code, family


def capabilities_of(contracts: Iterable[Contract], mode: PositionMode) -> Capabilities:
    """The levers of an account with these contracts.

    What a cut of leverage does, each contract says; and it can be hedged where something is listed for that.
    """
    traded = tuple(contracts)
    isolated, cross = MarginMode.ISOLATED, MarginMode.CROSS
    levers = {(lever, margin): YES for lever in EVERYWHERE for margin in MarginMode}
    levers |= {(lever, isolated): YES for lever in ("AddMargin", "WithdrawMargin")}
    levers |= {(lever, cross): NO_MARGIN_IN_CROSS for lever in ("AddMargin", "WithdrawMargin")}
    levers |= {(lever, margin): NOTHING_LISTED for lever in HEDGES for margin in MarginMode}
    levers["CutLeverage", cross] = LOCKS_ONLY
    venues = "+".join(dict.fromkeys(family(contract) for contract in traded))
    return Capabilities(
        venue=f"paper {venues}",
        position_modes=frozenset({mode}),
        levers=levers,
        by_contract={("CutLeverage", isolated, c.symbol): _leverage_cut(c) for c in traded}
        | {
            (lever, margin, c.symbol): YES
            for c in hedged(traded)
            for lever in HEDGES
            for margin in MarginMode
        },
    )


def _leverage_cut(contract: Contract) -> Capability:
    refusal = code(contract, Reason.LEVERAGE_REFUSED)
    return leverage_cut(contract, family(contract), "" if refusal == Reason.LEVERAGE_REFUSED else refusal)
