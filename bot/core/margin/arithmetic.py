"""Profit, margin and fees of one position, linear and inverse.

Both kinds are straight lines over one coordinate: the price for linear contracts, its reciprocal for
inverse ones. Over that coordinate a notional is ``quantity * coordinate``, and an inverse long at ``p``
is the linear short at ``1 / p``. Everything else in this package uses only that.
"""

from __future__ import annotations

from decimal import Context, Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.margin.rules import FeeAt
from bot.core.types import ONE, ZERO, Position, Side

WITHOUT_NOISE = Context(prec=24)
"""Drops the last digits of a quotient, so that a price on the tick stays on it when it is rounded."""


def coordinate(contract: Contract, price: Decimal) -> Decimal:
    """The price of a linear contract, the reciprocal price of an inverse one. Its own inverse."""
    return price if contract.kind is ContractKind.LINEAR else ONE / price


def direction(position: Position, contract: Contract) -> int:
    """+1 if the position earns when the coordinate rises, -1 if it earns when it falls."""
    return 1 if (position.id.side is Side.LONG) is (contract.kind is ContractKind.LINEAR) else -1


def unrealised(position: Position, contract: Contract, mark: Decimal) -> Decimal:
    """Profit (negative: loss) of the whole position if it were closed at ``mark``, in settlement currency."""
    return profit(position, contract, position.quantity, mark)


def profit(position: Position, contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """Profit (negative: loss) of closing ``quantity`` of the position at ``price``, before fees."""
    if contract.kind is ContractKind.LINEAR:
        gain = (price - position.entry) * quantity
    else:
        gain = quantity / position.entry - quantity / price
    return gain if position.id.side is Side.LONG else -gain


def fee_value(position: Position, contract: Contract, at: FeeAt, price: Decimal) -> Decimal:
    """The value a closing fee is charged on, for a position valued at ``price``."""
    value = contract.notional(position.quantity, price)
    match at:
        case FeeAt.LIQUIDATION | FeeAt.ENTRY:
            return value
        case FeeAt.BANKRUPTCY:
            return value - direction(position, contract) * value / position.leverage
        case FeeAt.ENTRY_AND_MARGIN:
            return value + value / position.leverage


def initial_margin(position: Position, contract: Contract, price: Decimal) -> Decimal:
    """Notional at ``price`` over leverage, with the closing fee where the venue puts it in (Bybit)."""
    rules = contract.rules
    margin = contract.notional(position.quantity, price) / position.leverage
    if rules.margin_fee_at is None or not rules.closing_fee:
        return margin
    return margin + rules.closing_fee * fee_value(position, contract, rules.margin_fee_at, price)


def break_even(
    position: Position, contract: Contract, *, taker_fee: Decimal, funding: Decimal
) -> Decimal | None:
    """The price at which closing gets back what opening and closing cost, and the funding paid so far.

    ``funding`` is what was received (negative: paid) per unit of quantity. Both trades are taken to have been
    at market. ``None`` where the funding received is more than the position can lose.
    """
    way, entry = direction(position, contract), coordinate(contract, position.entry)
    found = (entry * (way + taker_fee) - funding) / (way - taker_fee)
    return coordinate(contract, found) if found > 0 else None


def funding(position: Position, contract: Contract, mark: Decimal, rate: Decimal) -> Decimal:
    """Funding received (negative: paid) at a settlement. A positive rate is paid by longs to shorts."""
    amount = contract.notional(position.quantity, mark) * rate
    return -amount if position.id.side is Side.LONG else amount


def liquidation_fee(contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """What the venue charges for liquidating ``quantity`` at ``price``; no part of the liquidation price."""
    return contract.notional(quantity, price) * contract.rules.liquidation_fee if quantity else ZERO
