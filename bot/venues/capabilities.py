"""What paper and real exchanges say alike about levers: the words, and what follows from the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.core.capabilities import Capability
from bot.core.contracts import Contract, ContractKind
from bot.core.margin.rules import LeverageCut
from bot.core.types import Symbol

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
NOTHING_LISTED = Capability(
    works=False, because="nothing is listed to hedge with", substitute="ReducePosition"
)
NO_MARGIN_IN_CROSS = Capability(
    works=False, because="no isolated margin in cross", substitute="ReducePosition"
)
LOCKS_ONLY = Capability(
    works=False,
    because="in cross a lower leverage only locks balance, liquidation stays where it is",
    substitute="ReducePosition",
)


def hedged(traded: Sequence[Contract]) -> Iterator[Contract]:
    """The contracts that may be hedged: beside a dated one of theirs, or a perpetual that settles alike."""
    perpetuals: dict[tuple[str, ContractKind], set[Symbol]] = {}
    for contract in traded:
        if contract.expiry_ms is None:
            perpetuals.setdefault((contract.settlement, contract.kind), set()).add(contract.symbol)
    beside = {contract.symbol for contract in beside_dated(traded)}
    for contract in traded:
        alike = perpetuals.get((contract.settlement, contract.kind), set())
        if contract.symbol in beside or alike - {contract.symbol}:
            yield contract


def beside_dated(traded: Iterable[Contract]) -> Iterator[Contract]:
    """The contracts with a dated one of the same index and kind beside them."""
    traded = tuple(traded)
    dated: dict[tuple[str, ContractKind], set[Symbol]] = {}
    for contract in traded:
        if contract.expiry_ms is not None:
            dated.setdefault((contract.index, contract.kind), set()).add(contract.symbol)
    for contract in traded:
        if dated.get((contract.index, contract.kind), set()) - {contract.symbol}:
            yield contract


def leverage_cut(contract: Contract, venue: str, code: str = "") -> Capability:
    """What cutting the leverage of an isolated position in ``contract`` does, by its margin rules.

    ``code`` is what ``venue`` answers where it refuses.
    """
    match contract.rules.leverage_cut:
        case LeverageCut.REFUSED:
            because = f"{venue} refuses it on an open isolated position"
            if code:
                because += f": {code}"
            return Capability(works=False, because=because, substitute="AddMargin")
        case LeverageCut.RESETS_MARGIN:
            because = "margin is reset to the initial margin: margin added before is dropped"
            return Capability(works=True, because=because, substitute="AddMargin")
        case LeverageCut.TOPS_UP:
            because = "does nothing while the margin is above the new initial margin"
            return Capability(works=True, because=because, substitute="AddMargin")
