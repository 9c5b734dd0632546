"""Plain orders over REST: placing, cancelling, querying ("New Order", "Query Order", "Cancel Order", ...)."""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import OrderKind, Side
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError, raise_refusal
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.rows import forgotten, from_id, in_week, within
from bot.simulator.binance.shapes import Json, client_id, plain
from bot.simulator.binance.terms import (
    check_open,
    check_quantity,
    check_room,
    client_id_of,
    expiry_of,
    limit_of,
    matched,
    noted_of,
    position_of,
    side_of,
)
from bot.simulator.records import OrderRecord, Origin
from bot.simulator.world import OrderTerms, Refusal, record_of
from bot.venues.paper.matching import match

CONDITIONAL = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})


class PlainOrders:
    """Takes and shows plain orders."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        trade, read = Security.TRADE, Security.SIGNED
        return {
            ("POST", "v1/order"): Route(trade, self.place),
            ("POST", "v1/order/test"): Route(trade, self._test),
            ("DELETE", "v1/order"): Route(trade, self.cancel),
            ("DELETE", "v1/allOpenOrders"): Route(trade, self._cancel_all),
            ("GET", "v1/order"): Route(read, self._query),
            ("GET", "v1/openOrder"): Route(read, self._query_open),
            ("GET", "v1/openOrders"): Route(read, self._open),
            ("GET", "v1/allOrders"): Route(read, self._all),
            ("GET", "v1/forceOrders"): Route(read, self._forced),
            ("GET", "v1/userTrades"): Route(read, self._trades),
            ("GET", "v1/income"): Route(read, self._income),
        }

    def place(self, ask: Ask) -> Json:
        """Take an order. The answer of type ACK shows it as it came in, RESULT as it stands."""
        contract, terms = self._terms(ask)
        if terms.noted["timeInForce"] == "FOK" and not self._fills_whole(terms, contract, side_of(ask)):
            raise BinanceError(-5021)
        placed = self._office.world.place(terms)
        if isinstance(placed, Refusal):
            raise_refusal(placed, plain(contract.min_notional))
        assert isinstance(placed, OrderRecord), "a refusal was raised"
        shape = self._office.shapes.order(placed, self._office.mode(ask.account))
        return as_taken(shape) if ask.params.get("newOrderRespType", "ACK").upper() == "ACK" else shape

    def _test(self, ask: Ask) -> Json:
        """Check an order without placing it ("Test Order"): what only the matching engine knows is not."""
        _, terms = self._terms(ask)
        return as_taken(self._office.shapes.order(record_of(terms), self._office.mode(ask.account)))

    def _terms(self, ask: Ask) -> tuple[Contract, OrderTerms]:
        kind = ask.text("type").upper()
        if kind in CONDITIONAL:
            raise BinanceError(-4120)
        contract = self._office.contract(ask)
        check_open(self._office, contract)
        id_, reduces = position_of(self._office, ask, contract)
        quantity = self._office.section.quantity_in(contract, ask.needed("quantity"))
        check_quantity(contract, quantity)
        check_room(self._office, ask, contract, algo=False)
        return contract, OrderTerms(
            client_id=client_id_of(ask, "newClientOrderId", self._office.now_ms),
            id=id_,
            kind=_kind(ask, kind),
            quantity=quantity,
            reduces=reduces,
            reduce_only=ask.flag("reduceOnly"),
            limit=self._limit(ask, kind, contract),
            expires_ms=expiry_of(ask, self._office.now_ms),
            noted=noted_of(ask, kind),
        )

    def _limit(self, ask: Ask, kind: str, contract: Contract) -> Decimal | None:
        if kind == "LIMIT":
            return limit_of(self._office, ask, contract)
        if "price" in ask.params:
            raise BinanceError(-1106, "price")
        if matched(ask) is not None:
            raise BinanceError(-5038)
        return None

    def _fills_whole(self, terms: OrderTerms, contract: Contract, side: Side) -> bool:
        world = self._office.world
        last, buy = world.market[contract.symbol].last, side is Side.LONG
        found = match(world.model, contract, terms.quantity, last, buy=buy, limit=terms.limit)
        return found is not None and found.quantity >= terms.quantity

    def cancel(self, ask: Ask) -> Json:
        """Cancel an order, told by either id."""
        order = self.found(ask, -2011)
        cancelled = self._office.world.cancel(ask.account, order.order_id)
        if cancelled is None:
            raise BinanceError(-2011)
        return self._office.shapes.order(cancelled, self._office.mode(ask.account))

    def _cancel_all(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        for order in self._office.world.view(ask.account).open_orders:
            if order.id.symbol == contract.symbol and not order.conditional:
                self._office.world.cancel(ask.account, order.order_id)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _query(self, ask: Ask) -> Json:
        return self._office.shapes.order(self.found(ask, -2013), self._office.mode(ask.account))

    def _query_open(self, ask: Ask) -> Json:
        order = self.found(ask, -2013)
        if not order.status.open:
            raise BinanceError(-2013)
        return self._office.shapes.order(order, self._office.mode(ask.account))

    def _open(self, ask: Ask) -> list[Json]:
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        orders = (o for o in self._office.view(ask).open_orders if not o.conditional)
        mode = self._office.mode(ask.account)
        return [self._office.shapes.order(o, mode) for o in orders if o.id.symbol in wanted]

    def _all(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        first = ask.integer("orderId", 0)
        orders = [
            order
            for order in self._office.view(ask).orders.values()
            if order.id.symbol == contract.symbol
            and not order.conditional
            and order.order_id >= first
            and not forgotten(order, self._office.now_ms)
        ]
        mode, now_ms = self._office.mode(ask.account), self._office.now_ms
        asked = within(ask, orders, "created_ms") if first else in_week(ask, orders, "created_ms", now_ms)
        return [self._office.shapes.order(o, mode) for o in asked]

    def _forced(self, ask: Ask) -> list[Json]:
        """What the exchange closed of the account ("User's Force Orders")."""
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        kinds = {"LIQUIDATION": Origin.LIQUIDATION, "ADL": Origin.DELEVERAGING}
        chosen = ask.params.get("autoCloseType", "")
        if chosen and chosen not in kinds:
            raise BinanceError(-1130, "autoCloseType")
        origins = {kinds[chosen]} if chosen else set(kinds.values())
        orders = self._office.view(ask).orders.values()
        mine = [order for order in orders if order.id.symbol in wanted and order.origin in origins]
        mode = self._office.mode(ask.account)
        return [self._office.shapes.order(order, mode) for order in within(ask, mine, "created_ms")]

    def _trades(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        trades = [t for t in self._office.view(ask).trades if t.id.symbol == contract.symbol]
        if "orderId" in ask.params:
            trades = [t for t in trades if t.order_id == ask.integer("orderId", 0)]
        mode, now_ms = self._office.mode(ask.account), self._office.now_ms
        if "fromId" in ask.params:
            asked = from_id(ask, trades, "trade_id")
        elif "orderId" in ask.params:
            asked = within(ask, trades, "at_ms")
        else:
            asked = in_week(ask, trades, "at_ms", now_ms)
        return [self._office.shapes.trade(t, mode) for t in asked]

    def _income(self, ask: Ask) -> list[Json]:
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        named = "symbol" in ask.params
        rows = [
            income
            for income in self._office.view(ask).income
            if (income.id is None and not named) or (income.id is not None and income.id.symbol in wanted)
        ]
        kind = ask.params.get("incomeType")
        shapes = [self._office.shapes.income(income) for income in within(ask, rows, "at_ms")]
        return [shape for shape in shapes if not kind or shape["incomeType"] == kind]

    def found(self, ask: Ask, missing: int) -> OrderRecord:
        """The order named by its id or by the client's, the latest of that name; a plain one."""
        contract = self._office.contract(ask)
        order_id, name = ask.integer("orderId", 0), ask.params.get("origClientOrderId", "")
        if not order_id and not name:
            raise BinanceError(-1102, "orderId")
        for order in reversed(tuple(self._office.view(ask).orders.values())):
            fits = order.order_id == order_id if order_id else client_id(order) == name
            if fits and order.id.symbol == contract.symbol and not order.conditional:
                if forgotten(order, self._office.now_ms):
                    break
                return order
        raise BinanceError(missing)


def as_taken(shape: Json) -> Json:
    """An order as it came in, whatever has been filled since."""
    zero = plain(Decimal(0))
    return shape | {"status": "NEW", "avgPrice": "0.00", "executedQty": zero, "cumQty": zero}


def _kind(ask: Ask, kind: str) -> OrderKind:
    if kind == "MARKET":
        return OrderKind.MARKET
    if kind != "LIMIT":
        raise BinanceError(-1116)
    match ask.text("timeInForce").upper():
        case "GTC" | "GTX" | "GTD":
            return OrderKind.LIMIT
        case "IOC" | "FOK":
            return OrderKind.IOC
        case _:
            raise BinanceError(-1115)
