"""What the paper exchange can do, by the margin rules of the venue it stands in for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.core.capabilities import YES, Capabilities, Capability
from bot.core.contracts import Contract, ContractKind
from bot.core.margin.rules import LeverageCut
from bot.core.types import MarginMode, PositionMode, Symbol
from bot.venues.paper.refusals import Reason, code, family

EVERYWHERE = (
    "ReducePosition",
    "PlaceStop",
    "MoveStop",
    "CancelStop",
    "PlaceTakeProfit",
    "SetPosture",
    "Notify",
)
HEDGES = ("OpenHedge", "CloseHedge")
NOT_LISTED = Capability(
    works=False, because="no dated contract is listed to hedge with", substitute="ReducePosition"
)
NO_MARGIN_IN_CROSS = Capability(
    works=False, because="no isolated margin in cross", substitute="ReducePosition"
)
LOCKS_ONLY = Capability(
    works=False,
    because="in cross a lower leverage only locks balance, liquidation stays where it is",
    substitute="ReducePosition",
)


def capabilities_of(contracts: Iterable[Contract], mode: PositionMode) -> Capabilities:
    """The levers of an account with these contracts.

    What a cut of leverage does, each contract says; and it can be hedged where a dated one is beside it.
    """
    traded = tuple(contracts)
    isolated, cross = MarginMode.ISOLATED, MarginMode.CROSS
    levers = {(lever, margin): YES for lever in EVERYWHERE for margin in MarginMode}
    levers |= {(lever, isolated): YES for lever in ("AddMargin", "WithdrawMargin")}
    levers |= {(lever, cross): NO_MARGIN_IN_CROSS for lever in ("AddMargin", "WithdrawMargin")}
    levers |= {(lever, margin): NOT_LISTED for lever in HEDGES for margin in MarginMode}
    levers["CutLeverage", cross] = LOCKS_ONLY
    venues = "+".join(dict.fromkeys(family(contract) for contract in traded))
    return Capabilities(
        venue=f"paper {venues}",
        position_modes=frozenset({mode}),
        levers=levers,
        by_contract={("CutLeverage", isolated, c.symbol): _leverage_cut(c) for c in traded}
        | {
            (lever, margin, c.symbol): YES
            for c in _hedged(traded)
            for lever in HEDGES
            for margin in MarginMode
        },
    )


def _hedged(traded: Sequence[Contract]) -> Iterator[Contract]:
    """The contracts with a dated one of the same index and kind beside them."""
    dated: dict[tuple[str, ContractKind], set[Symbol]] = {}
    for contract in traded:
        if contract.expiry_ms is not None:
            dated.setdefault((contract.index, contract.kind), set()).add(contract.symbol)
    for contract in traded:
        if dated.get((contract.index, contract.kind), set()) - {contract.symbol}:
            yield contract


def _leverage_cut(contract: Contract) -> Capability:
    match contract.rules.leverage_cut:
        case LeverageCut.REFUSED:
            because = f"{family(contract)} refuses it on an open isolated position"
            refusal = code(contract, Reason.LEVERAGE_REFUSED)
            if refusal != Reason.LEVERAGE_REFUSED:
                because += f": {refusal}"
            return Capability(works=False, because=because, substitute="AddMargin")
        case LeverageCut.RESETS_MARGIN:
            because = "margin is reset to the initial margin: margin added before is dropped"
            return Capability(works=True, because=because, substitute="AddMargin")
        case LeverageCut.TOPS_UP:
            because = "does nothing while the margin is above the new initial margin"
            return Capability(works=True, because=because, substitute="AddMargin")
