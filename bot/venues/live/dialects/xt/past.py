"""What became of an order of ours at XT, looked for by its client id in the lists of what is and what was.

XT finds single orders by its own ids only, and those are lost with the answer that would have told them.
A stop that was triggered is an ordinary order afterwards, which names the plan it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.core.facts import Fill
from bot.core.types import ZERO, ClientId
from bot.venues.live.dialects.xt.spelling import PRIVATE, coins_of, heard, page, spelt, text_of
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, OrderState, Payload
from bot.venues.live.wire import Request

PAGE = 100
"""Rows that are asked for; an account that places more orders between two readings hides what was sent."""

_OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})
_DONE = frozenset({"FILLED", "PARTIALLY_CANCELED", "CANCELED", "REJECTED", "EXPIRED"})
_PLAN_OPEN = frozenset({"NOT_TRIGGERED", "TRIGGERING"})
_PLAN_DONE = frozenset({"USER_REVOCATION", "PLATFORM_REVOCATION", "EXPIRED", "DELEGATION_FAILED"})
_PLAN_MET = "TRIGGERED"

Row = Mapping[str, Any]


def order_requests(instrument: Instrument, *, conditional: bool) -> Sequence[Request]:
    """The orders and trades of the symbol; before them its plans, for a conditional order."""
    symbol = instrument.id
    orders = (
        _get("order/list", symbol=symbol, state="UNFINISHED", page=1, size=PAGE),
        _get("order/list-history", symbol=symbol, limit=PAGE),
        _get("order/trade-list", symbol=symbol, page=1, size=PAGE),
    )
    if not conditional:
        return orders
    return (
        _get("entrust/plan-list", symbol=symbol, state="NOT_TRIGGERED", page=1, size=PAGE),
        _get("entrust/plan-list-history", symbol=symbol, limit=PAGE),
        *orders,
    )


def recent_requests(instrument: Instrument) -> Sequence[Request]:
    """The orders and plans of the symbol that are over."""
    symbol = instrument.id
    lists = ("order/list-history", "entrust/plan-list-history")
    return [_get(path, symbol=symbol, limit=PAGE) for path in lists]


def recent_ids(payload: Payload) -> Sequence[ClientId]:
    """The client ids in one of those lists."""
    rows, _ = page(payload, "XT's past orders")
    return [heard(row["clientOrderId"], "") for row in rows if row.get("clientOrderId")]


def order(instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]) -> OrderState | None:
    """Its state and its trades; ``None`` where no list has it."""
    what = f"XT's orders in {instrument.symbol}"
    lists = [page(payload, what)[0] for payload in payloads]
    *_, unfinished, history, trades = lists
    ordinary = [*unfinished, *history]
    plans = [row for rows in lists[:-3] for row in rows]
    plan = _find(plans, "clientOrderId", spelt(client_id))
    if plan is not None:
        return _plan_state(instrument, client_id, plan, ordinary, trades)
    found = _find(ordinary, "clientOrderId", spelt(client_id))
    return None if found is None else _state(instrument, client_id, found, trades)


def _plan_state(
    instrument: Instrument, client_id: ClientId, plan: Row, ordinary: Sequence[Row], trades: Sequence[Row]
) -> OrderState:
    state = str(plan.get("state"))
    if state in _PLAN_OPEN:
        return OrderState(client_id=client_id, open=True, status=state)
    if state in _PLAN_DONE:
        return OrderState(client_id=client_id, open=False, status=state)
    if state != _PLAN_MET:
        raise ValueError(f"{client_id}: state of the plan is {state!r}, which is not known")
    sent = _find(ordinary, "sourceId", text_of(plan.get("entrustId"), "entrustId"))
    if sent is None:
        return OrderState(client_id=client_id, open=True, status=_PLAN_MET)
    return _state(instrument, client_id, sent, trades)


def _state(instrument: Instrument, client_id: ClientId, row: Row, trades: Sequence[Row]) -> OrderState:
    state = str(row.get("state"))
    if state not in _OPEN | _DONE:
        raise ValueError(f"{client_id}: state is {state!r}, which is not known")
    return OrderState(
        client_id=client_id,
        open=state in _OPEN,
        fills=_fills(instrument, client_id, row, trades),
        status=state,
    )


def _fills(instrument: Instrument, client_id: ClientId, row: Row, trades: Sequence[Row]) -> tuple[Fill, ...]:
    """The order's trades; its realised profit, which XT tells of the whole, stands with the last of them.

    ``ValueError`` where the trades are not (yet) all that the order says it traded.
    """
    executed = exact(row.get("executedQty"), "executedQty") * instrument.contract.contract_size
    venue_id = text_of(row.get("orderId"), "orderId")
    own = [trade for trade in trades if str(trade.get("orderId")) == venue_id]
    fills = [_fill(instrument, trade) for trade in own]
    traded = sum((fill.quantity for fill in fills), ZERO)
    if traded != executed:
        raise ValueError(f"{client_id}: {executed} executed, the trades shown make {traded}")
    if not fills:
        return ()
    profit = row.get("closeProfit")
    fills[-1] = replace(fills[-1], pnl=ZERO if profit is None else exact(profit, "closeProfit"))
    return tuple(fills)


def _fill(instrument: Instrument, trade: Row) -> Fill:
    coin = text_of(trade.get("feeCoin"), "feeCoin").upper()
    if coin != instrument.contract.settlement:
        raise ValueError(f"{instrument.symbol}: fee in {coin}, expected {instrument.contract.settlement}")
    return Fill(
        quantity=coins_of(trade.get("quantity"), instrument, "quantity"),
        price=positive(trade.get("price"), "price"),
        fee=exact(trade.get("fee"), "fee"),
        pnl=ZERO,
        slippage=ZERO,
    )


def _find(rows: Sequence[Row], field: str, value: str) -> Row | None:
    return next((row for row in rows if row.get(field) is not None and str(row[field]) == value), None)


def _get(path: str, **params: str | int) -> Request:
    return Request(api=PRIVATE, method="GET", path=f"future/trade/v1/{path}", params=params)
