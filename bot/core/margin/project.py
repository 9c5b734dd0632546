"""A pool as it would be after an intent: what the guard judges and what the next rule in line sees.

The paper exchange books the same way, so a projection at the price it fills at is what then happens.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.intents import AddMargin, CutLeverage, Intent, ReducePosition, WithdrawMargin
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.margin.booking import Closing, closing
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.requirement import maintenance
from bot.core.margin.rules import LeverageCut, Removable
from bot.core.margin.targets import (
    close_for_distance,
    close_for_loss,
    loss_at_liquidation,
    margin_for_distance,
)
from bot.core.types import ZERO, MarginMode, Position, PositionId

__all__ = [
    "Closing",
    "close_for_distance",
    "close_for_loss",
    "closing",
    "loss_at_liquidation",
    "margin_at_leverage",
    "margin_for_distance",
    "project",
    "removable_margin",
]


def project(pool: Pool, intent: Intent, marks: Marks, *, taker_fee: Decimal) -> Pool:
    """The pool after the intent has worked as the venue's rules say; unchanged where it would do nothing.

    A reduction fills whole at the mark with ``taker_fee`` as a fraction of notional. Intents that touch no
    margin, and margin intents on a cross pool, change nothing.
    """
    match intent:
        case AddMargin(id=id_, amount=amount):
            return _with_margin(pool, id_, amount)
        case WithdrawMargin(id=id_, amount=amount):
            return _with_margin(pool, id_, -amount)
        case CutLeverage(id=id_, leverage=leverage):
            return _with_leverage(pool, id_, leverage)
        case ReducePosition(id=id_, quantity=quantity, then_add=then_add):
            price = marks[id_.symbol]
            after = closing(pool, id_, quantity, price, taker_fee=taker_fee).pool
            return _with_margin(after, id_, then_add) if then_add and after.holdings else after
        case _:
            return pool


def margin_at_leverage(position: Position, contract: Contract, leverage: Decimal) -> Decimal:
    """The initial margin the position would ask for at ``leverage``, valued at its entry; not rounded."""
    return initial_margin(replace(position, leverage=leverage), contract, position.entry)


def removable_margin(pool: Pool, id_: PositionId, marks: Marks) -> Decimal:
    """The most margin the venue gives back now, rounded down to its step; zero in cross.

    Binance: the smaller of wallet less maintenance, and equity less initial margin at mark (its FAQ
    360038447311). Bybit: what was added above the initial margin. Hyperliquid: equity above the larger of
    the initial margin and a tenth of the value.
    """
    if pool.mode is MarginMode.CROSS:
        return ZERO
    holding = pool.holding(id_)
    position, contract = holding.position, holding.contract
    mark = marks[id_.symbol]
    equity = pool.wallet + unrealised(position, contract, mark)
    at_mark = initial_margin(position, contract, mark)
    keeps_above = equity - maintenance(position, contract, mark)
    match contract.rules.removable:
        case Removable.ABOVE_INITIAL_AT_MARK:
            room = min(pool.wallet - maintenance(position, contract, mark), equity - at_mark)
        case Removable.ADDED_ONLY:
            room = min(pool.wallet - initial_margin(position, contract, position.entry), keeps_above)
        case Removable.TENTH_OF_VALUE:
            room = equity - max(at_mark, contract.notional(position.quantity, mark) / 10)
    return max(ZERO, contract.margin_down(room))


def _with_margin(pool: Pool, id_: PositionId, amount: Decimal) -> Pool:
    if pool.mode is MarginMode.CROSS:
        return pool
    position = pool.holding(id_).position
    margin = pool.wallet + amount
    return pool.with_position(position.with_margin(margin), margin)


def _with_leverage(pool: Pool, id_: PositionId, leverage: Decimal) -> Pool:
    holding = pool.holding(id_)
    position, contract = holding.position, holding.contract
    if leverage >= position.leverage:
        return pool
    cut = replace(position, leverage=leverage)
    if pool.mode is MarginMode.CROSS:
        # Leverage is in no cross liquidation price: it only locks balance.
        return pool.with_position(cut, pool.wallet)
    margin = _margin_after_cut(pool.wallet, cut, contract)
    return pool if margin is None else pool.with_position(cut.with_margin(margin), margin)


def _margin_after_cut(margin: Decimal, cut: Position, contract: Contract) -> Decimal | None:
    needed = initial_margin(cut, contract, cut.entry)
    match contract.rules.leverage_cut:
        case LeverageCut.REFUSED:
            return None
        case LeverageCut.RESETS_MARGIN:
            return needed
        case LeverageCut.TOPS_UP:
            return max(margin, needed)
