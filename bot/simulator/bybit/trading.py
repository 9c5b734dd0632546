"""Orders on Bybit: place, cancel, look up. A conditional order keeps its id when it is triggered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.core.types import OrderKind, PositionId, PriceKind, Side, Symbol
from bot.simulator.bybit import rows
from bot.simulator.bybit.account import AccountDesk
from bot.simulator.bybit.names import INVERSE, LINEAR, Names
from bot.simulator.bybit.replies import BybitError, bad, page, refusal
from bot.simulator.keys import ApiKey
from bot.simulator.records import AccountView, OrderRecord
from bot.simulator.spelling import Json, read, shown, whole
from bot.simulator.symbols import parts_of
from bot.simulator.world import OrderTerms, Refusal, World

RISES, FALLS = 1, 2
RECENT = 500
"""How many orders that are over ``order/realtime`` still finds."""
LINK_ID_MAX = 36
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Way:
    """Which position an order acts on, and whether it can only reduce it."""

    id: PositionId
    reduces: bool


class TradingDesk:
    """Answers what an account wants traded."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    def create(self, key: ApiKey, given: Given) -> Json:
        """``/v5/order/create``: with a ``triggerPrice`` it is a conditional order and takes no margin yet."""
        symbol = self._accounts.symbol(given)
        if self._world.market[symbol].halted:
            raise BybitError(110066)
        link = str(given.get("orderLinkId") or "")
        if len(link) > LINK_ID_MAX:
            raise bad("params error: orderLinkId too long")
        if link and any(o.client_id == link for o in self._world.view(key.account).orders.values()):
            raise BybitError(110072)
        self._accounts.prepare(key.account, symbol)
        placed = self._world.place(self._terms(key, symbol, given, link))
        if isinstance(placed, Refusal):
            raise self._refused(placed, given)
        return {"orderId": rows.uuid_of(placed.order_id), "orderLinkId": placed.client_id}

    def cancel(self, key: ApiKey, given: Given) -> Json:
        """``/v5/order/cancel``, by ``orderId`` before ``orderLinkId``."""
        symbol = self._accounts.symbol(given)
        uuid, link = str(given.get("orderId") or ""), str(given.get("orderLinkId") or "")
        if not uuid and not link:
            raise bad("params error: orderId or orderLinkId is required")
        for record in self._world.view(key.account).open_orders:
            known = (
                record.order_id == number_or_parent(self._world, key, uuid)
                if uuid
                else record.client_id == link
            )
            if known and record.id.symbol == symbol:
                self._world.cancel(key.account, record.order_id)
                return {
                    "orderId": uuid or rows.uuid_of(record.parent or record.order_id),
                    "orderLinkId": link,
                }
        raise BybitError(110001)

    def cancel_all(self, key: ApiKey, given: Given) -> Json:
        """``/v5/order/cancel-all`` of a symbol or of a settlement coin."""
        cancelled = []
        for record in self._world.view(key.account).open_orders:
            if self._fits(record, given) and self._of_filter(record, given):
                self._world.cancel(key.account, record.order_id)
                uuid = rows.uuid_of(record.parent or record.order_id)
                cancelled.append({"orderId": uuid, "orderLinkId": record.client_id})
        return {"list": cancelled, "success": "1"}

    def realtime(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/order/realtime``: what is open, 20 a page; by id also what was over recently."""
        if given.get("category") == LINEAR and not any(
            given.get(name) for name in ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId")
        ):
            raise bad("params error: symbol, settleCoin or baseCoin is required")
        orders = rows.all_orders(view)[:RECENT]
        by_id = bool(given.get("orderId") or given.get("orderLinkId"))
        closed = str(given.get("openOnly") or "0") != "0"
        found = [
            order
            for order in orders
            if self._fits(order, given)
            and self._of_filter(order, given)
            and (by_id or order.status.open is not closed)
        ]
        return self._listed(found, given)

    def history(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/order/history``: orders of any state that have an end or a trade, newest first."""
        since, until = int(given.get("startTime") or 0), int(given.get("endTime") or 2**62)
        status = given.get("orderStatus")
        found = [
            order
            for order in rows.all_orders(view)
            if since <= order.created_ms <= until
            and not order.status.open
            and self._fits(order, given)
            and self._of_filter(order, given)
            and (not status or rows.status_of(order) == status)
        ]
        return self._listed(found, given)

    def _listed(self, found: list[OrderRecord], given: Given) -> Json:
        listed, cursor = page(found, given, 20, 50)
        told = [rows.order_row(self._world, self._names, order) for order in listed]
        return {"list": told, "nextPageCursor": cursor, "category": given.get("category")}

    def _fits(self, order: OrderRecord, given: Given) -> bool:
        """The first of orderId, orderLinkId, symbol and coin that is given counts."""
        category = given.get("category")
        if category not in (LINEAR, INVERSE):
            raise bad("params error: category invalid")
        if order.id.symbol not in set(self._names.of(str(category))):
            return False
        if given.get("orderId"):
            return rows.uuid_of(order.order_id) == str(given["orderId"])
        if given.get("orderLinkId"):
            return order.client_id == str(given["orderLinkId"])
        parts = parts_of(order.id.symbol)
        if given.get("symbol"):
            return self._names[order.id.symbol] == str(given["symbol"])
        if given.get("baseCoin"):
            return parts.base == str(given["baseCoin"])
        return not given.get("settleCoin") or parts.settlement == str(given["settleCoin"])

    @staticmethod
    def _of_filter(order: OrderRecord, given: Given) -> bool:
        wanted = given.get("orderFilter")
        if not wanted:
            return True
        waiting = order.conditional and order.child is None
        return waiting if wanted == "StopOrder" else not waiting and wanted == "Order"

    # --- what was meant --------------------------------------------------------------------------

    def _terms(self, key: ApiKey, symbol: Symbol, given: Given, link: str) -> OrderTerms:
        buy = {"Buy": True, "Sell": False}.get(str(given.get("side")))
        if buy is None:
            raise bad("params error: side invalid")
        way = self._way(key, symbol, given, buy=buy)
        trigger, limit = read(given, "triggerPrice"), read(given, "price")
        kind = self._kind(given, trigger, limit, buy=buy)
        if kind in (OrderKind.MARKET, OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET):
            limit = None
        quantity, whole = self._quantity(way, given, conditional=trigger is not None)
        return OrderTerms(
            client_id=link,
            id=way.id,
            kind=kind,
            quantity=quantity,
            reduces=way.reduces,
            closes_position=whole,
            trigger=trigger,
            limit=limit,
            trigger_by=PriceKind.MARK if given.get("triggerBy") == "MarkPrice" else PriceKind.LAST,
            noted={
                "positionIdx": str(given.get("positionIdx") or 0),
                "timeInForce": "IOC" if limit is None else str(given.get("timeInForce") or "GTC"),
                "reduceOnly": "true" if _yes(given.get("reduceOnly")) else "false",
                "closeOnTrigger": "true" if _yes(given.get("closeOnTrigger")) else "false",
                "triggerDirection": str(given.get("triggerDirection") or 0),
                "lastPriceOnCreated": shown(self._world.market[symbol].last),
            },
        )

    def _way(self, key: ApiKey, symbol: Symbol, given: Given, *, buy: bool) -> _Way:
        """One-way: reduce-only says it. Hedge: the side of the position does, with or without that flag."""
        index = whole(given, "positionIdx")
        if (index != 0) is not self._accounts.hedge(key.account):
            raise bad("position idx not match position mode")
        if index:
            side = Side.LONG if index == 1 else Side.SHORT
            return _Way(PositionId(key.account, symbol, side), buy is not (side is Side.LONG))
        reduces = _yes(given.get("reduceOnly")) or _yes(given.get("closeOnTrigger"))
        long = buy is not reduces
        return _Way(PositionId(key.account, symbol, Side.LONG if long else Side.SHORT), reduces)

    def _quantity(self, way: _Way, given: Given, *, conditional: bool) -> tuple[Decimal, bool]:
        """The quantity, and whether it is the whole position, which a nought with both flags means.

        More than the position is cut down to it where the order only reduces: that the exchange "fixes" the
        quantity is in the words of its error 110017, the rest is assumed.
        """
        quantity = read(given, "qty")
        if quantity is None or quantity < 0:
            raise bad("params error: qty invalid")
        held = self._world.view(way.id.account).positions.get(way.id)
        if not way.reduces or held is None:
            return quantity, False
        if quantity == 0 and _yes(given.get("reduceOnly")) and _yes(given.get("closeOnTrigger")):
            return held.quantity, conditional
        return min(quantity, held.quantity), False

    def _kind(self, given: Given, trigger: Decimal | None, limit: Decimal | None, *, buy: bool) -> OrderKind:
        market = given.get("orderType") == "Market"
        if not market and given.get("orderType") != "Limit":
            raise bad("params error: orderType invalid")
        if not market and limit is None:
            raise bad("params error: price invalid")
        if trigger is None:
            if market:
                return OrderKind.MARKET
            return OrderKind.IOC if given.get("timeInForce") in ("IOC", "FOK") else OrderKind.LIMIT
        if str(given.get("triggerBy") or "LastPrice") not in ("MarkPrice", "LastPrice"):
            raise bad("params error: triggerBy IndexPrice is not simulated")
        direction = whole(given, "triggerDirection")
        if direction not in (RISES, FALLS):
            raise bad("TriggerDirection invalid")
        # A stop follows the price: a buy waits for a rise, a sell for a fall. The other way it takes profit.
        if (direction == RISES) is buy:
            return OrderKind.STOP_MARKET if market else OrderKind.STOP_LIMIT
        if not market:
            raise bad("a conditional limit order against the trend is not simulated")
        return OrderKind.TAKE_PROFIT_MARKET

    @staticmethod
    def _refused(refused: Refusal, given: Given) -> BybitError:
        if refused.code == "110093" and whole(given, "triggerDirection") == RISES:
            return BybitError(110092)
        if refused.code == "10001":
            return bad(f"params error: {refused.text}")
        return refusal(refused.code, refused.text)


def number_or_parent(world: World, key: ApiKey, uuid: str) -> int | None:
    """The number of the order that rests under an id: that of its child once it was triggered."""
    number = rows.number_of(uuid)
    record = None if number is None else world.order(key.account, number)
    return number if record is None or record.child is None else record.child


def _yes(flag: object) -> bool:
    return flag is True or flag == "true"
