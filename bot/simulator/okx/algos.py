"""Algo orders on OKX: stop loss, take profit, trigger. What one springs into has an id of its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.types import OrderKind, PriceKind, Symbol
from bot.simulator.keys import ApiKey
from bot.simulator.okx import rows
from bot.simulator.okx.account import AccountDesk
from bot.simulator.okx.names import Names, type_of
from bot.simulator.okx.replies import OkxError, missing, parameter
from bot.simulator.okx.trading import TradingDesk, Way, placed_or_refused
from bot.simulator.records import AccountView, OrderRecord
from bot.simulator.spelling import Json, read
from bot.simulator.world import OrderTerms, World

AT_MARKET = Decimal(-1)
KINDS = ("conditional", "oco", "trigger", "chase", "move_order_stop", "iceberg", "twap")
PRICE_KINDS = {"mark": PriceKind.MARK, "last": PriceKind.LAST}
PASSED = {
    (True, True): "51278",
    (True, False): "51280",
    (False, True): "51277",
    (False, False): "51279",
}
"""The code for a trigger that was passed already, by whether it is a stop and whether it buys."""
Given = Mapping[str, Any]


class AlgoDesk:
    """Answers what an account wants to wait for a price. ``oco`` and what trails is not simulated."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk, trading: TradingDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts
        self._trading = trading

    def place(self, key: ApiKey, given: Given) -> Json:
        """``trade/order-algo``: its client id is ``algoClOrdId``; ``clOrdId`` is only told again."""
        link = str(given.get("algoClOrdId") or "")
        told = {"algoId": "", "algoClOrdId": link, "clOrdId": str(given.get("clOrdId") or "")}
        told["tag"] = str(given.get("tag") or "")
        try:
            placed = self._place(key, given, link)
        except OkxError as error:
            return told | {"sCode": error.code, "sMsg": str(error)}
        return told | {"algoId": str(placed.order_id), "sCode": "0", "sMsg": ""}

    def _place(self, key: ApiKey, given: Given, link: str) -> OrderRecord:
        contract = self._trading.tradable(given)
        if given.get("ordType") not in ("conditional", "trigger"):
            raise parameter("ordType")
        self._trading.check_client_id(key, link, "algoClOrdId")
        way = self._trading.way(key, contract, given)
        leverage = self._accounts.prepare(way.id, way.mode)
        trigger, by, limit, stop = self._condition(given, way, contract.symbol)
        whole = given.get("closeFraction") is not None
        if whole and not way.reduces:
            raise parameter("closeFraction")
        kind = OrderKind.STOP_MARKET if stop else OrderKind.TAKE_PROFIT_MARKET
        if limit is not None:
            if not stop:
                raise OkxError("51000", "a take profit at a limit is not simulated")
            kind = OrderKind.STOP_LIMIT
        held = self._world.view(key.account).positions.get(way.id)
        quantity = held.quantity if whole and held else self._trading.quantity(way, contract, given)
        terms = OrderTerms(
            client_id=link,
            id=way.id,
            kind=kind,
            quantity=quantity,
            reduces=way.reduces,
            closes_position=whole,
            trigger=trigger,
            limit=limit,
            trigger_by=by,
            noted=self._trading.noted(given, way, leverage),
        )
        placed = self._world.place(terms)
        if not isinstance(placed, OrderRecord) and placed.code == "51280":
            raise OkxError(PASSED[stop, way.buy])
        return placed_or_refused(placed)

    def _condition(
        self, given: Given, way: Way, symbol: Symbol
    ) -> tuple[Decimal, PriceKind, Decimal | None, bool]:
        """Trigger, by which price, the limit of what it places, and whether it is a stop.

        A conditional order with both prices is a stop loss alone. Which way a trigger order waits follows
        from where the price is.
        """
        if given.get("ordType") == "trigger":
            names = ("triggerPx", "triggerPxType", "orderPx")
        else:
            names = ("slTriggerPx", "slTriggerPxType", "slOrdPx")
            if not given.get("slTriggerPx"):
                names = ("tpTriggerPx", "tpTriggerPxType", "tpOrdPx")
        trigger, order_price = read(given, names[0]), read(given, names[2])
        if trigger is None or trigger <= 0:
            raise parameter(names[0])
        if order_price is None:
            raise parameter(names[2])
        by = PRICE_KINDS.get(str(given.get(names[1]) or "last"))
        if by is None:
            raise parameter(names[1])
        stop = names[0] == "slTriggerPx"
        if names[0] == "triggerPx":
            ticker = self._world.market[symbol]
            price = ticker.mark if by is PriceKind.MARK else ticker.last
            stop = (trigger > price) is way.buy
        return trigger, by, None if order_price == AT_MARKET else order_price, stop

    def cancel(self, key: ApiKey, given: Given) -> Json:
        """One order of ``trade/cancel-algos``, by ``algoId`` before ``algoClOrdId``."""
        told = {"algoId": str(given.get("algoId") or ""), "algoClOrdId": str(given.get("algoClOrdId") or "")}
        told |= {"clOrdId": "", "tag": ""}
        record = self._find(self._world.view(key.account), given)
        cancelled = record is not None and self._world.cancel(key.account, record.order_id)
        if record is None or not cancelled:
            error = OkxError("51400")
            return told | {"sCode": error.code, "sMsg": str(error)}
        return told | {"algoId": str(record.order_id), "sCode": "0", "sMsg": ""}

    def order(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/order-algo``: one, by ``algoId`` before ``algoClOrdId``."""
        record = self._find(view, given)
        if record is None:
            raise OkxError("51603")
        return [rows.algo_row(self._world, self._names, view, record)]

    def pending(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/orders-algo-pending``: needs ``ordType``, and finds no other type."""
        return self._listed(view, given, lambda record: record.status.open)

    def history(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/orders-algo-history``: needs ``state`` or ``algoId``."""
        if not given.get("state") and not given.get("algoId"):
            raise missing("state")
        return self._listed(view, given, lambda record: not record.status.open)

    def _listed(self, view: AccountView, given: Given, fits: Any) -> Json:  # noqa: ANN401 - a predicate
        kinds = [kind for kind in str(given.get("ordType") or "").split(",") if kind]
        if not kinds:
            raise missing("ordType")
        if any(kind not in KINDS for kind in kinds):
            raise parameter("ordType")
        name, type_, state = given.get("instId"), given.get("instType"), given.get("state")
        after, number = int(given.get("after") or 2**62), str(given.get("algoId") or "")
        found = [
            record
            for record in reversed(tuple(view.orders.values()))
            if record.conditional
            and fits(record)
            and record.noted.get("ordType") in kinds
            and (not name or self._names[record.id.symbol] == name)
            and (not type_ or type_of(self._world.contracts[record.id.symbol]) == type_)
            and (not state or rows.STATES[record.status] == state)
            and (not number or str(record.order_id) == number)
            and record.order_id < after
        ]
        limit = min(int(given.get("limit") or 100), 100)
        return [rows.algo_row(self._world, self._names, view, record) for record in found[:limit]]

    def _find(self, view: AccountView, given: Given) -> OrderRecord | None:
        number, link = str(given.get("algoId") or ""), str(given.get("algoClOrdId") or "")
        for record in view.orders.values():
            known = str(record.order_id) == number if number else bool(link) and record.client_id == link
            if known and record.conditional:
                return record
        return None
