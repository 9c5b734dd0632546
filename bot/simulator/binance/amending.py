"""Changing a resting order ("Modify Order"): it keeps its ids and loses its place in the book.

What was changed is remembered ("Get Order Modify History"), the latest first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import NamedTuple

from bot.core.types import ZERO, AccountName, OrderKind
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError, raise_refusal
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.orders import PlainOrders
from bot.simulator.binance.section import market_id, pair_of
from bot.simulator.binance.shapes import Json, client_id, plain
from bot.simulator.binance.terms import check_quantity, crosses, limit_of, side_of
from bot.simulator.records import OrderRecord
from bot.simulator.world import Refusal

LIMITS, LIMITS_MAX = 50, 100
REMEMBERED_MAX = 1000
BEFORE_AFTER = ("before", "after")


class Amendment(NamedTuple):
    """One change of an order: its number and time, the order before it and after."""

    number: int
    at_ms: int
    before: OrderRecord
    after: OrderRecord


class Amendments:
    """Changes price and quantity of limit orders."""

    def __init__(self, office: Office, orders: PlainOrders) -> None:
        """``orders`` are those that may be changed."""
        self._office = office
        self._orders = orders
        self._made: dict[AccountName, deque[Amendment]] = defaultdict(lambda: deque(maxlen=REMEMBERED_MAX))
        self._number = 0

    def routes(self) -> Routes:
        """Its endpoints."""
        return {
            ("PUT", "v1/order"): Route(Security.TRADE, self.amend),
            ("GET", "v1/orderAmendment"): Route(Security.SIGNED, self._asked),
        }

    def amend(self, ask: Ask) -> Json:
        """Give an order another price and quantity, both of which have to be sent; else it stays as it is.

        It is cancelled where the new quantity is filled already, and where one that may only be a maker would
        trade at once. Assumed: a side which is not the order's is refused as if there were no such order.
        """
        contract, side = self._office.contract(ask), side_of(ask)
        order = self._orders.found(ask, -2013)
        if not order.status.open or order.buy is not (side.sign > 0):
            raise BinanceError(-2013)
        if order.kind is not OrderKind.LIMIT:
            raise BinanceError(-5025)
        if self._office.world.market[contract.symbol].halted:
            raise BinanceError(-5024)
        quantity = self._office.section.quantity_in(contract, ask.needed("quantity"))
        check_quantity(contract, quantity)
        limit = limit_of(self._office, ask, contract)
        if (quantity, limit) == (order.quantity, order.limit):
            raise BinanceError(-5027)
        world, mode = self._office.world, self._office.mode(ask.account)
        maker = order.noted.get("timeInForce") == "GTX"
        if maker and crosses(self._office, contract, limit, buy=order.buy):
            quantity = order.filled
        amended = world.amend(ask.account, order.order_id, quantity, limit)
        if isinstance(amended, Refusal):
            raise_refusal(amended, plain(contract.min_notional))
        assert isinstance(amended, OrderRecord), "an open order was found, and a refusal raised"
        if amended.amendments > order.amendments:
            self._number += 1
            made = Amendment(self._number, self._office.now_ms, order, amended)
            self._made[ask.account].append(made)
        return self._office.shapes.order(amended, mode)

    def _asked(self, ask: Ask) -> list[Json]:
        order = self._orders.found(ask, -2013)
        start, end = ask.integer("startTime", 0), ask.integer("endTime", self._office.now_ms)
        made = [
            each
            for each in reversed(self._made[ask.account])
            if each.after.order_id == order.order_id and start <= each.at_ms <= end
        ]
        return [self._shape(each) for each in made[: min(ask.integer("limit", LIMITS), LIMITS_MAX)]]

    def _shape(self, made: Amendment) -> Json:
        before, after = made.before, made.after
        contract, shapes = self._office.contracts[after.id.symbol], self._office.shapes
        limits = [plain(each.limit or ZERO) for each in (before, after)]
        quantities = [shapes.quantity(each, each.quantity) for each in (before, after)]
        return {
            "amendmentId": made.number,
            "symbol": market_id(contract),
            "pair": pair_of(contract),
            "orderId": after.order_id,
            "clientOrderId": client_id(after),
            "time": made.at_ms,
            "amendment": {
                "price": dict(zip(BEFORE_AFTER, limits, strict=True)),
                "origQty": dict(zip(BEFORE_AFTER, quantities, strict=True)),
                "count": after.amendments,
            },
        }
