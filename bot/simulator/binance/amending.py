"""Changing a resting order ("Modify Order"): it keeps its ids and loses its place in the book."""

from __future__ import annotations

from bot.core.types import OrderKind
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError, raise_refusal
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.orders import PlainOrders
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.binance.terms import check_quantity, crosses, limit_of, side_of
from bot.simulator.records import OrderRecord
from bot.simulator.world import Refusal


class Amendments:
    """Changes price and quantity of limit orders."""

    def __init__(self, office: Office, orders: PlainOrders) -> None:
        """``orders`` are those that may be changed."""
        self._office = office
        self._orders = orders

    def routes(self) -> Routes:
        """Its endpoint."""
        return {("PUT", "v1/order"): Route(Security.TRADE, self.amend)}

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
        return self._office.shapes.order(amended, mode)
