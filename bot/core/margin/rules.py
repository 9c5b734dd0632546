"""What differs between venues in margin arithmetic, as data.

Every venue liquidates where ``equity(L) = requirement(L)``. They differ in *where* maintenance is
evaluated, whether a closing fee is part of it, how tiers are counted, and what a change of leverage
does to an open position. Conventions change over time, so each carries a version.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.core.types import ZERO


class MaintenanceAt(StrEnum):
    """The price whose notional maintenance is charged on."""

    LIQUIDATION = "liquidation"
    ENTRY = "entry"
    MARK = "mark"


class TierUnit(StrEnum):
    """What the bounds of a tier table count."""

    NOTIONAL = "notional"
    CONTRACTS = "contracts"


class LeverageCut(StrEnum):
    """What lowering the leverage of an open isolated position does at the venue."""

    REFUSED = "refused"
    RESETS_MARGIN = "resets_margin"
    """Margin becomes the initial margin of the new leverage; margin added before is dropped (Bybit)."""
    TOPS_UP = "tops_up"
    """Margin rises to the initial margin of the new leverage if below it, else nothing happens (XT)."""


class CrossRefill(StrEnum):
    """What a cross account does for a position that reaches maintenance."""

    SHARED = "shared"
    """The whole wallet and all unrealised profit back every position."""
    REFILLS = "refills"
    """Free balance tops the position up to initial margin; used balance does not back others (XT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginRules:
    """The margin rules of one venue and contract kind.

    ``closing_fee`` is the fee rate contained in the requirement (zero where the venue leaves it out);
    ``fee_at`` the price it is charged on. ``tier_deduction`` says whether the tiers are progressive
    (the deduction makes maintenance continuous) or flat over the whole position. ``netting`` says
    whether opposite positions of one underlying offset each other. Liquidation prices are rounded to
    the tick toward the mark, which is toward safety.
    """

    name: str
    version: str
    maintenance_at: MaintenanceAt = MaintenanceAt.LIQUIDATION
    closing_fee: Decimal = ZERO
    fee_at: MaintenanceAt = MaintenanceAt.LIQUIDATION
    tier_unit: TierUnit = TierUnit.NOTIONAL
    tier_deduction: bool = True
    netting: bool = False
    cross_refill: CrossRefill = CrossRefill.SHARED
    leverage_cut: LeverageCut = LeverageCut.REFUSED
    leverage_cut_code: str = ""
    liquidation_fee: Decimal = ZERO
    """Charged on the liquidated notional; not part of the liquidation price."""
    liquidation_steps: bool = False
    """Whether the venue reduces by tiers before it takes a position over whole."""
