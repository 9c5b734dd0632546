"""How the close of a part of a position is booked, the same in projections and on the paper exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.margin.arithmetic import profit
from bot.core.margin.pool import Pool
from bot.core.types import ZERO, MarginMode, Position, PositionId


@dataclass(frozen=True, slots=True)
class Closing:
    """How the close of a part of a position is booked. Money in settlement currency."""

    pool: Pool
    """The pool afterwards; without the position if it was closed whole."""
    realised: Decimal
    """Profit (negative: loss) of the closed part, before the fee."""
    fee: Decimal
    to_wallet: Decimal
    """What an isolated position hands to the account's free wallet, never negative while it lives."""


def closing(pool: Pool, id_: PositionId, quantity: Decimal, price: Decimal, *, taker_fee: Decimal) -> Closing:
    """Book the close of ``quantity`` (at most all of it) at ``price``.

    Isolated: the margin shrinks pro rata; the released margin with the realised profit less the fee goes to
    the free wallet. A loss beyond the released margin is taken from the margin that stays, and from the
    free wallet only when the whole position is closed. Cross: profit and fee go to the pool's wallet.
    """
    holding = pool.holding(id_)
    position, contract = holding.position, holding.contract
    quantity = min(quantity, position.quantity)
    realised = profit(position, contract, quantity, price)
    fee = contract.notional(quantity, price) * taker_fee
    whole = quantity == position.quantity
    left = position.quantity - quantity
    if pool.mode is MarginMode.CROSS:
        wallet = pool.wallet + realised - fee
        after = pool.without(id_, wallet) if whole else _resized(pool, position, left, ZERO, wallet)
        return Closing(after, realised, fee, ZERO)
    if whole:
        return Closing(pool.without(id_, ZERO), realised, fee, pool.wallet + realised - fee)
    stays = pool.wallet * left / position.quantity
    handed = pool.wallet - stays + realised - fee
    if handed < 0:
        stays, handed = stays + handed, ZERO
    return Closing(_resized(pool, position, left, stays, stays), realised, fee, handed)


def _resized(pool: Pool, position: Position, left: Decimal, margin: Decimal, wallet: Decimal) -> Pool:
    return pool.with_position(replace(position, quantity=left, margin=margin), wallet)
