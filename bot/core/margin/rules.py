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


class FeeAt(StrEnum):
    """The value a closing fee inside the margin is charged on."""

    LIQUIDATION = "liquidation"
    """The value at the price the requirement is asked for."""
    ENTRY = "entry"
    """The value at entry."""
    BANKRUPTCY = "bankruptcy"
    """The value at the bankruptcy price of the leverage: ``value * (1 -/+ 1/leverage)`` (Bybit)."""
    ENTRY_AND_MARGIN = "entry_and_margin"
    """The value at entry with its margin: ``value * (1 + 1/leverage)`` (KuCoin)."""


class Removable(StrEnum):
    """How much of an isolated position's margin the venue gives back."""

    ABOVE_INITIAL_AT_MARK = "above_initial_at_mark"
    """Wallet above maintenance, and equity above the initial margin at mark, the smaller one (Binance)."""
    ADDED_ONLY = "added_only"
    """Only what was added on top of the initial margin at entry (Bybit)."""
    TENTH_OF_VALUE = "tenth_of_value"
    """Equity above the larger of the initial margin and a tenth of the value at mark (Hyperliquid)."""


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
    """Free balance tops the position up to initial margin; used balance does not back others (XT).

    With one position this comes to the same. With several the arithmetic here still shares the wallet, so
    the venue may liquidate the worst of them sooner than is calculated.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginRules:
    """The margin rules of one venue and contract kind.

    ``maintenance_at`` is the price maintenance is charged at, ``closing_fee`` the fee rate contained in the
    requirement (zero where the venue leaves it out) and ``fee_at`` the value it is charged on;
    ``cross_maintenance_at`` and ``cross_fee_at`` where cross differs (Bitget, KuCoin). ``margin_fee_at`` is
    the value on which the venue puts the same fee into the initial margin too, ``None`` where it does not.
    ``surcharge`` is added to the maintenance rates of isolated positions. ``tier_deduction`` says whether
    the tiers are progressive (the deduction makes maintenance continuous) or flat over the whole position.
    ``scaled_by_leverage`` divides the tier's rate by the position's leverage (HTX's adjustment factor).
    ``netting`` says whether a long and a short of one symbol need only the larger of their requirements.
    Liquidation prices are rounded to the tick toward the mark, which is toward safety.
    """

    name: str
    version: str
    maintenance_at: MaintenanceAt = MaintenanceAt.LIQUIDATION
    cross_maintenance_at: MaintenanceAt | None = None
    closing_fee: Decimal = ZERO
    fee_at: FeeAt = FeeAt.LIQUIDATION
    cross_fee_at: FeeAt | None = None
    margin_fee_at: FeeAt | None = None
    surcharge: Decimal = ZERO
    tier_unit: TierUnit = TierUnit.NOTIONAL
    tier_deduction: bool = True
    scaled_by_leverage: bool = False
    netting: bool = False
    cross_refill: CrossRefill = CrossRefill.SHARED
    leverage_cut: LeverageCut = LeverageCut.REFUSED
    leverage_cut_code: str = ""
    removable: Removable = Removable.ABOVE_INITIAL_AT_MARK
    bankruptcy_fee: bool = False
    """Whether the bankruptcy price leaves enough to pay the closing fee."""
    cross_bankruptcy_fee: bool | None = None
    """The same for cross, where it differs."""
    maintenance_shows_fee: bool = True
    """Whether the maintenance figure the venue displays contains the closing fee."""
    order_fee: Decimal = ZERO
    """The fee rate the venue freezes together with the margin of an open order."""
    liquidation_fee: Decimal = ZERO
    """Charged on the liquidated notional; not part of the liquidation price."""
    liquidation_steps: bool = False
    """Whether the venue reduces by tiers before it takes a position over whole."""
