"""The actions of the bot as the venue carries them out: margin, leverage, reductions and stops."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.decisions import Action
from bot.core.held.pairs import hedge_id
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CloseHedge,
    CutLeverage,
    MoveStop,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.margin.project import removable_margin
from bot.core.types import OUR_PREFIX, ClientId, MarginMode, OrderKind, Position, PositionId
from bot.venues.paper.books import Books, marks_of
from bot.venues.paper.leverage import change
from bot.venues.paper.model import OrderRequest
from bot.venues.paper.orders import Fills, on_step, place
from bot.venues.paper.refusals import Reason, Refused


def carry_out(books: Books, at_ms: int, action: Action) -> Fills | Refused:
    """Do what the action says; its fills, or why the venue refuses.

    The margin that a ``ReducePosition`` wants added afterwards is left to the caller: it may be added only
    once the release has been seen.
    """
    id_ = action.id
    match action.intent:
        case AddMargin(amount=amount):
            return move_margin(books, id_, amount, inward=True) or ()
        case WithdrawMargin(amount=amount):
            return move_margin(books, id_, amount, inward=False) or ()
        case CutLeverage(leverage=leverage):
            if books.position(id_) is None:
                return Refused(Reason.NO_POSITION, f"{id_}: no position")
            return change(books, id_, leverage) or ()
        case ReducePosition(quantity=quantity, limit=limit):
            request = OrderRequest(
                client_id=action.client_id,
                id=id_,
                kind=OrderKind.MARKET if limit is None else OrderKind.IOC,
                quantity=quantity,
                reduces=True,
                limit=limit,
            )
            return place(books, at_ms, request)
        case OpenHedge():
            return _open_hedge(books, at_ms, action.client_id, action.intent)
        case CloseHedge(symbol=symbol, quantity=quantity):
            request = OrderRequest(
                client_id=action.client_id,
                id=hedge_id(id_, symbol),
                kind=OrderKind.MARKET,
                quantity=quantity,
                reduces=True,
            )
            return place(books, at_ms, request)
        case PlaceStop() | MoveStop():
            return _stop(books, at_ms, action.client_id, action.intent)
        case CancelStop(client_id=client_id):
            order = books.accounts[id_.account].orders.get(ClientId(client_id))
            if order is None or order.id != id_:
                return Refused(Reason.NO_ORDER, f"{id_}: no resting order {client_id}")
            books.drop(order)
            return ()
        case PlaceTakeProfit(trigger=trigger, quantity=quantity):
            request = OrderRequest(
                client_id=action.client_id,
                id=id_,
                kind=OrderKind.TAKE_PROFIT_MARKET,
                quantity=quantity,
                reduces=True,
                trigger=trigger,
            )
            return place(books, at_ms, request)
        case _:
            what = type(action.intent).__name__
            return Refused(Reason.CAPABILITY, f"{id_}: the paper exchange has no {what}")


def _open_hedge(books: Books, at_ms: int, client_id: ClientId, intent: OpenHedge) -> Fills | Refused:
    """Buy or sell at the limit or better, and cancel what is left."""
    held = books.position(intent.id)
    if held is None:
        return Refused(Reason.NO_POSITION, f"{intent.id}: no position to hedge")
    if intent.symbol not in books.quotes or not books.quotes[intent.symbol].known:
        return Refused(Reason.NO_POSITION, f"{intent.symbol}: no price yet")
    request = OrderRequest(
        client_id=client_id,
        id=hedge_id(intent.id, intent.symbol),
        kind=OrderKind.IOC,
        quantity=intent.quantity,
        limit=intent.limit,
        leverage=intent.leverage,
        mode=held.mode,
    )
    return place(books, at_ms, request)


def _stop(books: Books, at_ms: int, client_id: ClientId, intent: PlaceStop | MoveStop) -> Fills | Refused:
    """Rest a stop for the whole position; when it moves, ours of before go only after the new one stands."""
    held = books.position(intent.id)
    if held is None:
        return Refused(Reason.REDUCE_ONLY, f"{intent.id}: no position to protect")
    old = [
        order
        for order in books.orders(intent.id)
        if order.reduces and order.kind is OrderKind.STOP_MARKET and order.client_id.startswith(OUR_PREFIX)
    ]
    request = OrderRequest(
        client_id=client_id,
        id=intent.id,
        kind=OrderKind.STOP_MARKET,
        quantity=held.quantity,
        reduces=True,
        trigger=intent.trigger,
        trigger_by=intent.trigger_by,
    )
    placed = place(books, at_ms, request)
    if isinstance(intent, MoveStop) and not isinstance(placed, Refused):
        for order in old:
            books.drop(order)
    return placed


def move_margin(books: Books, id_: PositionId, amount: Decimal, *, inward: bool) -> Refused | None:
    """Move ``amount`` between the wallet and an isolated position; why the venue refuses, if it does."""
    contract = books.contracts[id_.symbol]
    held = books.position(id_)
    if held is None:
        return Refused(Reason.NO_POSITION, f"{id_}: no position")
    if held.mode is MarginMode.CROSS:
        return Refused(Reason.MARGIN_CROSS, f"{id_}: no isolated margin in cross")
    if amount <= 0:
        return Refused(Reason.MARGIN_AMOUNT, f"{id_}: amount {amount}, expected above 0")
    if not on_step(amount, contract.margin_step):
        text = f"{id_}: amount {amount} is no multiple of {contract.margin_step}"
        return Refused(Reason.PRECISION, text)
    refused = _refuse_add(books, held, amount) if inward else _refuse_withdraw(books, held, amount)
    if refused is not None:
        return refused
    signed = amount if inward else -amount
    books.put(replace(held, margin=held.margin + signed))
    books.pay(books.purse(id_), -signed)
    return None


def _refuse_add(books: Books, held: Position, amount: Decimal) -> Refused | None:
    free = books.free(books.purse(held.id))
    if amount > free:
        return Refused(Reason.MARGIN_BALANCE, f"{held.id}: {amount} to add, {free} free")
    return None


def _refuse_withdraw(books: Books, held: Position, amount: Decimal) -> Refused | None:
    pool = books.pool(held.id)
    assert pool is not None, f"{held.id}: isolated without a pool"
    removable = removable_margin(pool, held.id, marks_of(books, pool))
    if amount > removable:
        return Refused(Reason.MARGIN_REMOVABLE, f"{held.id}: {amount} to withdraw, {removable} removable")
    return None
