"""Orders at XT: ordinary ones, and plans, which wait for a price.

A purchase on the long side opens and a sale there closes, the other way round on the short side. What an
order carries beside the documented fields is not read: neither ``reduceOnly`` nor a trigger price, so that
what was meant as a stop trades at once when it is sent as an ordinary order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import OrderKind, PositionId, PriceKind, Side
from bot.simulator.keys import ApiKey
from bot.simulator.spelling import Json, read
from bot.simulator.world import OrderTerms, Refusal, World
from bot.simulator.xt.account import AccountDesk
from bot.simulator.xt.names import Names, quantity_of
from bot.simulator.xt.replies import XtError, refusal

KINDS = {
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "STOP": OrderKind.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
}
PRICE_KINDS = {"MARK_PRICE": PriceKind.MARK, "LATEST_PRICE": PriceKind.LAST}
IN_FORCE = ("GTC", "IOC", "FOK", "GTX")
Given = Mapping[str, Any]


class TradingDesk:
    """Answers what an account wants traded."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    # --- placing and cancelling ------------------------------------------------------------------

    def create(self, key: ApiKey, given: Given) -> Json:
        """``order/create``: the answer is the order's id and nothing else."""
        contract, id_, reduces = self._way(key, given)
        kind = {"MARKET": OrderKind.MARKET, "LIMIT": OrderKind.LIMIT}.get(str(given.get("orderType")))
        if kind is None:
            raise XtError("invalid_params")
        limit = read(given, "price") if kind is OrderKind.LIMIT else None
        if kind is OrderKind.LIMIT:
            if limit is None or limit <= 0:
                raise XtError("invalid_price")
            kind = OrderKind.IOC if self._in_force(given) in ("IOC", "FOK") else kind
        return self._placed(
            OrderTerms(
                client_id=self._link(key, given),
                id=id_,
                kind=kind,
                quantity=self._quantity(contract, given),
                reduces=reduces,
                limit=limit,
                noted={"timeInForce": str(given.get("timeInForce") or "GTC")},
            )
        )

    def create_plan(self, key: ApiKey, given: Given) -> Json:
        """``entrust/create-plan``: reads its trigger under the name ``stopPrice`` alone."""
        contract, id_, reduces = self._way(key, given)
        kind, by = (
            KINDS.get(str(given.get("entrustType"))),
            PRICE_KINDS.get(str(given.get("triggerPriceType"))),
        )
        trigger, limit = read(given, "stopPrice"), read(given, "price")
        if kind is None or by is None or trigger is None or trigger <= 0:
            raise XtError("invalid_params")
        if kind is OrderKind.STOP_LIMIT and (limit is None or limit <= 0):
            raise XtError("invalid_price")
        return self._placed(
            OrderTerms(
                client_id=self._link(key, given),
                id=id_,
                kind=kind,
                quantity=self._quantity(contract, given),
                reduces=reduces,
                trigger=trigger,
                limit=limit if kind is OrderKind.STOP_LIMIT else None,
                trigger_by=by,
                noted={"timeInForce": self._in_force(given)},
            )
        )

    def _placed(self, terms: OrderTerms) -> str:
        placed = self._world.place(terms)
        if isinstance(placed, Refusal):
            raise refusal(placed.code, placed.text)
        return str(placed.order_id)

    def cancel(self, key: ApiKey, given: Given) -> Json:
        """``order/cancel``."""
        return self._cancel(key, str(given.get("orderId") or ""), conditional=False)

    def cancel_plan(self, key: ApiKey, given: Given) -> Json:
        """``entrust/cancel-plan``."""
        return self._cancel(key, str(given.get("entrustId") or ""), conditional=True)

    def _cancel(self, key: ApiKey, number: str, *, conditional: bool) -> Json:
        record = self._world.order(key.account, int(number)) if number.isdecimal() else None
        if record is None or record.conditional is not conditional or not record.status.open:
            raise XtError("invalid_order", "order does not exist")
        self._world.cancel(key.account, record.order_id)
        return number

    def cancel_all(self, key: ApiKey, given: Given) -> Json:
        """``order/cancel-all``."""
        return self._cancel_all(key, given, conditional=False)

    def cancel_all_plans(self, key: ApiKey, given: Given) -> Json:
        """``entrust/cancel-all-plan``."""
        return self._cancel_all(key, given, conditional=True)

    def _cancel_all(self, key: ApiKey, given: Given, *, conditional: bool) -> Json:
        wanted = {contract.symbol for contract in self._names.some(given.get("symbol"))}
        for record in self._world.view(key.account).open_orders:
            if record.conditional is conditional and record.id.symbol in wanted:
                self._world.cancel(key.account, record.order_id)
        return True

    # --- what was meant --------------------------------------------------------------------------

    def _way(self, key: ApiKey, given: Given) -> tuple[Contract, PositionId, bool]:
        id_ = self._accounts.id_of(key, given)
        buy = {"BUY": True, "SELL": False}.get(str(given.get("orderSide")))
        if buy is None:
            raise XtError("invalid_params")
        contract, reduces = self._world.contracts[id_.symbol], buy is not (id_.side is Side.LONG)
        if self._world.market[id_.symbol].halted:
            raise XtError("symbol_is_not_trading")
        if reduces and not self._world.exchange.holds(id_):
            raise XtError("insufficient_position")
        return contract, id_, reduces

    def _quantity(self, contract: Contract, given: Given) -> Decimal:
        size = read(given, "origQty")
        if size is None or size <= 0:
            raise XtError("invalid_quantity")
        return quantity_of(contract, size)

    def _link(self, key: ApiKey, given: Given) -> str:
        link = str(given.get("clientOrderId") or "")
        taken = {record.client_id for record in self._world.view(key.account).orders.values()}
        if link and link in taken:
            raise XtError("invalid_params", "client order id exists")
        return link

    def _in_force(self, given: Given) -> str:
        told = str(given.get("timeInForce") or "GTC")
        if told not in IN_FORCE:
            raise XtError("invalid_time_in_force")
        return told
