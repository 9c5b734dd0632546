"""Conditional orders over REST: the algo service, where they live since 2025-12-09.

Pages "New Algo Order", "Cancel Algo Order", "Query Algo Order", "Current All Algo Open Orders" and "Query All
Algo Orders". A plain order endpoint knows nothing of them.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import ZERO, OrderKind, PositionId, PriceKind
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError, raise_refusal
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.rows import forgotten, in_week, within
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.binance.terms import (
    check_open,
    check_quantity,
    check_room,
    client_id_of,
    expiry_of,
    limit_beside,
    noted_of,
    position_of,
)
from bot.simulator.records import OrderRecord
from bot.simulator.world import OrderTerms, Refusal
from bot.venues.paper import InForce

KINDS = {
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "STOP": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderKind.TRAILING_STOP_MARKET,
}
CLOSING = frozenset({OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET})
"""What closePosition can be sent with."""
IN_FORCE = {
    "GTC": InForce.GTC,
    "GTD": InForce.GTC,
    "IOC": InForce.IOC,
    "FOK": InForce.FOK,
    "GTX": InForce.GTX,
}
"""What is left of a conditional order with a limit does when it is triggered."""
CALLBACK_MIN, CALLBACK_MAX = Decimal("0.1"), Decimal(10)
"""callbackRate, in per cent."""


class AlgoOrders:
    """Takes and shows conditional orders."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        trade, read = Security.TRADE, Security.SIGNED
        return {
            ("POST", "v1/algoOrder"): Route(trade, self.place),
            ("DELETE", "v1/algoOrder"): Route(trade, self._cancel),
            ("DELETE", "v1/algoOpenOrders"): Route(trade, self._cancel_all),
            ("GET", "v1/algoOrder"): Route(read, self._query),
            ("GET", "v1/openAlgoOrders"): Route(read, self._open),
            ("GET", "v1/allAlgoOrders"): Route(read, self._all),
        }

    def place(self, ask: Ask) -> Json:
        """Rest a conditional order."""
        if ask.text("algoType").upper() != "CONDITIONAL":
            raise BinanceError(-1130, "algoType")
        kind = KINDS.get(ask.text("type").upper())
        if kind is None:
            raise BinanceError(-1116)
        contract = self._office.contract(ask)
        check_open(self._office, contract)
        placed = self._office.world.place(self._terms(ask, contract, kind))
        if isinstance(placed, Refusal):
            raise_refusal(placed, plain(contract.min_notional))
        assert isinstance(placed, OrderRecord), "a refusal was raised"
        return self._shape(ask, placed)

    def _terms(self, ask: Ask, contract: Contract, kind: OrderKind) -> OrderTerms:
        id_, reduces = position_of(self._office, ask, contract)
        closes, quantity = ask.flag("closePosition"), ZERO
        if closes:
            self._check_closing(ask, id_, kind, reduces=reduces)
        else:
            quantity = self._office.section.quantity_in(contract, ask.needed("quantity"))
            check_quantity(contract, quantity)
        check_room(self._office, ask, contract, algo=True)
        by = PriceKind.MARK if ask.params.get("workingType") == "MARK_PRICE" else PriceKind.LAST
        terms = OrderTerms(
            client_id=client_id_of(ask, "clientAlgoId", self._office.now_ms),
            id=id_,
            kind=kind,
            quantity=quantity,
            reduces=reduces,
            reduce_only=ask.flag("reduceOnly"),
            closes_position=closes,
            trigger_by=by,
            expires_ms=expiry_of(ask, self._office.now_ms),
            noted=noted_of(ask, ask.text("type").upper()),
        )
        if kind is OrderKind.TRAILING_STOP_MARKET:
            return self._trailing(ask, contract, terms)
        trigger = ask.needed("triggerPrice")
        if not kind.is_limited:
            return replace(terms, trigger=trigger)
        in_force = IN_FORCE.get(terms.noted["timeInForce"])
        if in_force is None:
            raise BinanceError(-1115)
        limit = limit_beside(ask, contract, trigger)
        return replace(terms, trigger=trigger, limit=limit, in_force=in_force)

    def _trailing(self, ask: Ask, contract: Contract, terms: OrderTerms) -> OrderTerms:
        """A trailing stop follows the price from its activation on, which is the present price by default."""
        rate, activation = ask.needed("callbackRate"), ask.number("activatePrice")
        if not CALLBACK_MIN <= rate <= CALLBACK_MAX:
            raise BinanceError(-1130, "callbackRate")
        ticker = self._office.world.market[contract.symbol]
        latest = ticker.mark if terms.trigger_by is PriceKind.MARK else ticker.last
        told = {"callbackRate": plain(rate), "activatePrice": plain(activation or latest)}
        return replace(terms, callback=rate / 100, trigger=activation, noted={**terms.noted, **told})

    def _check_closing(self, ask: Ask, id_: PositionId, kind: OrderKind, *, reduces: bool) -> None:
        """Rules of closePosition: market orders that reduce, no quantity, no reduceOnly, one of each."""
        if kind not in CLOSING:
            raise BinanceError(-4136, ask.text("type").upper())
        if (ask.number("quantity") or Decimal(0)) > 0:
            raise BinanceError(-4137)
        if ask.flag("reduceOnly"):
            raise BinanceError(-1106, "reduceonly")
        if not reduces:
            raise BinanceError(-2022)
        for order in self._office.world.view(ask.account).open_orders:
            if order.closes_position and order.id == id_ and order.kind.is_stop is kind.is_stop:
                raise BinanceError(-4130)

    def _cancel(self, ask: Ask) -> Json:
        order = self._found(ask, -2011)
        if self._office.world.cancel(ask.account, order.order_id) is None:
            raise BinanceError(-2011)
        return {
            "algoId": order.order_id,
            "clientAlgoId": order.client_id,
            "code": "200",
            "msg": "success",
        }

    def _cancel_all(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        for order in self._office.world.view(ask.account).open_orders:
            if order.id.symbol == contract.symbol and order.conditional:
                self._office.world.cancel(ask.account, order.order_id)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _query(self, ask: Ask) -> Json:
        return self._shape(ask, self._found(ask, -2013))

    def _open(self, ask: Ask) -> list[Json]:
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        orders = (o for o in self._office.view(ask).open_orders if o.conditional and o.id.symbol in wanted)
        return [self._shape(ask, order) for order in orders]

    def _all(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        orders = [
            order
            for order in self._office.view(ask).orders.values()
            if order.conditional
            and order.id.symbol == contract.symbol
            and not forgotten(order, self._office.now_ms)
        ]
        first = ask.integer("algoId", 0)
        if first:
            asked = within(ask, [order for order in orders if order.order_id >= first], "created_ms")
        else:
            asked = in_week(ask, orders, "created_ms", self._office.now_ms)
        return [self._shape(ask, order) for order in asked]

    def _shape(self, ask: Ask, order: OrderRecord) -> Json:
        child = None if order.child is None else self._office.world.order(ask.account, order.child)
        return self._office.shapes.algo(order, child, self._office.mode(ask.account))

    def _found(self, ask: Ask, missing: int) -> OrderRecord:
        algo_id, name = ask.integer("algoId", 0), ask.params.get("clientAlgoId", "")
        if not algo_id and not name:
            raise BinanceError(-1102, "algoId")
        for order in reversed(tuple(self._office.view(ask).orders.values())):
            if order.conditional and (order.order_id == algo_id if algo_id else order.client_id == name):
                return order
        raise BinanceError(missing)
