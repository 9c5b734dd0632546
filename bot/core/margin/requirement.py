"""What an exchange wants a position to keep: its maintenance requirement, by convention and tier.

Within one tier every convention is a straight line over the coordinate (see ``arithmetic``), so a venue
is two numbers per tier: slope and intercept. The liquidation price, the tripwire's bands and the
smallest sufficient defence are all solved from these lines.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from operator import attrgetter

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.margin.arithmetic import coordinate, fee_value
from bot.core.margin.rules import FeeAt, MaintenanceAt, TierUnit
from bot.core.types import ZERO, MarginMode, Position

_FLOOR = attrgetter("floor")


def maintenance_point(position: Position, contract: Contract) -> MaintenanceAt:
    """Where the venue evaluates maintenance for this position; some differ between isolated and cross."""
    rules = contract.rules
    if position.mode is MarginMode.CROSS and rules.cross_maintenance_at is not None:
        return rules.cross_maintenance_at
    return rules.maintenance_at


def fee_point(position: Position, contract: Contract) -> FeeAt:
    """The value the venue charges the closing fee on for this position."""
    rules = contract.rules
    if position.mode is MarginMode.CROSS and rules.cross_fee_at is not None:
        return rules.cross_fee_at
    return rules.fee_at


def tier_index(contract: Contract, quantity: Decimal, at: Decimal) -> int:
    """Which tier ``quantity`` is in at the coordinate ``at``. Beyond the last cap the last tier holds on."""
    tiers = contract.tiers
    size = (
        quantity * at if contract.rules.tier_unit is TierUnit.NOTIONAL else quantity / contract.contract_size
    )
    cap = tiers[0].cap
    if cap is None or size <= cap:
        return 0
    return bisect_left(tiers, size, key=_FLOOR) - 1


def tier_for(contract: Contract, quantity: Decimal, price: Decimal) -> Tier:
    """The tier that ``quantity`` falls into at ``price``; a notional at a cap belongs to the lower tier."""
    return contract.tiers[tier_index(contract, quantity, coordinate(contract, price))]


def tiers_move(position: Position, contract: Contract) -> bool:
    """Whether the tier of this position changes with the price."""
    return (
        len(contract.tiers) > 1
        and contract.rules.tier_unit is TierUnit.NOTIONAL
        and maintenance_point(position, contract) is not MaintenanceAt.ENTRY
    )


def tiers_jump(position: Position, contract: Contract) -> bool:
    """Whether the requirement jumps, or its rate falls, where this position changes its tier.

    Flat tables jump by design; a progressive one does if its deductions do not fit its floors.
    """
    if not tiers_move(position, contract):
        return False
    if not contract.rules.tier_deduction or contract.rules.scaled_by_leverage:
        return True
    return not contract.continuous


def rate_of(position: Position, contract: Contract, tier: Tier) -> Decimal:
    """The maintenance rate of this position in ``tier``."""
    rules = contract.rules
    rate = tier.rate
    if rules.surcharge and position.mode is MarginMode.ISOLATED:
        rate += rules.surcharge
    return rate / position.leverage if rules.scaled_by_leverage else rate


def line(position: Position, contract: Contract, index: int) -> tuple[Decimal, Decimal]:
    """Slope and intercept of the requirement over the coordinate, inside tier ``index``.

    For a requirement frozen at entry the slope is zero and ``index`` does not matter. For one that venues
    display frozen at the mark this is how it follows the mark.
    """
    rules = contract.rules
    quantity = position.quantity
    fee = rules.closing_fee
    if maintenance_point(position, contract) is MaintenanceAt.ENTRY:
        slope, intercept = ZERO, _at_entry(position, contract)
    else:
        tier = contract.tiers[index]
        slope = quantity * rate_of(position, contract, tier)
        intercept = -tier.deduction if rules.tier_deduction else ZERO
    if not fee:
        return slope, intercept
    at = fee_point(position, contract)
    if at is FeeAt.LIQUIDATION:
        return slope + quantity * fee, intercept
    return slope, intercept + fee * fee_value(position, contract, at, position.entry)


def steepest(position: Position, contract: Contract) -> Decimal:
    """The slope of the requirement in the last tier, where it is largest unless the table is odd."""
    return line(position, contract, len(contract.tiers) - 1)[0]


def fee_line(position: Position, contract: Contract) -> tuple[Decimal, Decimal]:
    """Slope and intercept of the closing fee alone: what has to be left at the bankruptcy price."""
    rules = contract.rules
    left = rules.bankruptcy_fee
    if position.mode is MarginMode.CROSS and rules.cross_bankruptcy_fee is not None:
        left = rules.cross_bankruptcy_fee
    if not left or not rules.closing_fee:
        return ZERO, ZERO
    at = fee_point(position, contract)
    if at is FeeAt.LIQUIDATION:
        return position.quantity * rules.closing_fee, ZERO
    return ZERO, rules.closing_fee * fee_value(position, contract, at, position.entry)


def maintenance(position: Position, contract: Contract, mark: Decimal) -> Decimal:
    """What the position must keep at ``mark``, closing fee included where the venue counts it.

    Money in settlement currency. The position is liquidated when equity is at or below it.
    """
    at = mark if contract.kind is ContractKind.LINEAR else coordinate(contract, mark)
    index = tier_index(contract, position.quantity, at) if tiers_need_lookup(contract) else 0
    slope, intercept = line(position, contract, index)
    return slope * at + intercept


def tiers_need_lookup(contract: Contract) -> bool:
    """Whether the table has more than one tier."""
    return len(contract.tiers) > 1


def _at_entry(position: Position, contract: Contract) -> Decimal:
    at = coordinate(contract, position.entry)
    tier = contract.tiers[tier_index(contract, position.quantity, at)]
    required = position.quantity * at * rate_of(position, contract, tier)
    return required - tier.deduction if contract.rules.tier_deduction else required
