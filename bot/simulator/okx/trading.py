"""Orders on OKX that rest or trade at once. What waits for a price is an algo order (``algos``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import MarginMode, OrderKind, PositionId, PositionMode, Side
from bot.simulator.keys import ApiKey
from bot.simulator.okx import rows
from bot.simulator.okx.account import AccountDesk
from bot.simulator.okx.names import Names, quantity_of, type_of
from bot.simulator.okx.replies import PLACED, OkxError, parameter, refusal
from bot.simulator.records import AccountView, OrderRecord
from bot.simulator.spelling import Json, read, shown
from bot.simulator.world import OrderTerms, Refusal, World

CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
KINDS = {
    "market": OrderKind.MARKET,
    "optimal_limit_ioc": OrderKind.MARKET,
    "limit": OrderKind.LIMIT,
    "post_only": OrderKind.LIMIT,
    "ioc": OrderKind.IOC,
    "fok": OrderKind.IOC,
}
BATCH_MAX = 20
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """Which position an order acts on, whether it can only reduce it, and in which margin mode."""

    id: PositionId
    reduces: bool
    buy: bool
    mode: MarginMode


class TradingDesk:
    """Answers what an account wants traded."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    # --- placing and cancelling ------------------------------------------------------------------

    def place(self, key: ApiKey, given: Given) -> Json:
        """One order of ``trade/order`` or ``batch-orders``: its result, ``sCode`` included."""
        link = str(given.get("clOrdId") or "")
        told = {"clOrdId": link, "ordId": "", "tag": str(given.get("tag") or ""), "ts": self._now()}
        try:
            placed = self._place(key, given, link)
        except OkxError as error:
            return told | {"sCode": error.code, "sMsg": str(error)}
        return told | {"ordId": str(placed.order_id), "sCode": "0", "sMsg": PLACED}

    def _place(self, key: ApiKey, given: Given, link: str) -> OrderRecord:
        contract = self.tradable(given)
        kind = KINDS.get(str(given.get("ordType")))
        if kind is None:
            raise parameter("ordType")
        limit = None if kind is OrderKind.MARKET else read(given, "px")
        if limit is None and kind is not OrderKind.MARKET:
            raise parameter("px")
        self.check_client_id(key, link, "clOrdId")
        way = self.way(key, contract, given)
        leverage = self._accounts.prepare(way.id, way.mode)
        quantity = self.quantity(way, contract, given)
        terms = OrderTerms(
            client_id=link,
            id=way.id,
            kind=kind,
            quantity=quantity,
            reduces=way.reduces,
            limit=limit,
            noted=self.noted(given, way, leverage),
        )
        return placed_or_refused(self._world.place(terms))

    def cancel(self, key: ApiKey, given: Given) -> Json:
        """One order of ``trade/cancel-order``, by ``ordId`` before ``clOrdId``."""
        told = {"clOrdId": str(given.get("clOrdId") or ""), "ordId": str(given.get("ordId") or "")}
        told["ts"] = self._now()
        record = self._find(self._world.view(key.account), given)
        cancelled = record is not None and self._world.cancel(key.account, record.order_id)
        if record is None or not cancelled:
            error = OkxError("51400")
            return told | {"sCode": error.code, "sMsg": str(error)}
        return told | {"ordId": str(record.order_id), "sCode": "0", "sMsg": ""}

    # --- reading ---------------------------------------------------------------------------------

    def order(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/order``: one order, by ``ordId`` before ``clOrdId``; 51603 where there is none."""
        self._accounts.contract(given)
        record = self._find(view, given)
        if record is None:
            raise OkxError("51603")
        return [rows.order_row(self._world, self._names, view, record)]

    def pending(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/orders-pending``."""
        return self._listed(view, given, lambda record: record.status.open)

    def history(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/orders-history``: what is over."""
        return self._listed(view, given, lambda record: not record.status.open)

    def _listed(self, view: AccountView, given: Given, fits: Any) -> Json:  # noqa: ANN401 - a predicate
        found = [r for r in view.orders.values() if not r.conditional and fits(r) and self._asked(r, given)]
        after, before = int(given.get("after") or 2**62), int(given.get("before") or 0)
        found = [record for record in reversed(found) if before < record.order_id < after]
        limit = min(int(given.get("limit") or 100), 100)
        return [rows.order_row(self._world, self._names, view, record) for record in found[:limit]]

    def fills(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``trade/fills``: newest first."""
        found = [
            rows.fill_row(self._world, self._names, view, trade)
            for trade in reversed(view.trades)
            if self._asked(view.orders[trade.order_id], given)
            and str(given.get("ordId") or trade.order_id) == str(trade.order_id)
        ]
        return found[: min(int(given.get("limit") or 100), 100)]

    def _asked(self, record: OrderRecord, given: Given) -> bool:
        contract = self._world.contracts[record.id.symbol]
        name, kind = given.get("instId"), given.get("instType")
        return (not name or self._names[contract.symbol] == name) and (not kind or type_of(contract) == kind)

    def _find(self, view: AccountView, given: Given) -> OrderRecord | None:
        number, link = str(given.get("ordId") or ""), str(given.get("clOrdId") or "")
        for record in reversed(tuple(view.orders.values())):
            known = str(record.order_id) == number if number else bool(link) and record.client_id == link
            if known and not record.conditional and (number or record.parent is None):
                return record
        return None

    # --- what was meant --------------------------------------------------------------------------

    def tradable(self, given: Given) -> Contract:
        """The contract an order names; 51022 in maintenance."""
        contract = self._accounts.contract(given)
        if self._world.market[contract.symbol].halted:
            raise OkxError("51022")
        return contract

    def check_client_id(self, key: ApiKey, link: str, name: str) -> None:
        """Letters and digits, at most 32, and never used before."""
        if not link:
            return
        if CLIENT_ID.fullmatch(link) is None:
            raise parameter(name)
        if any(record.client_id == link for record in self._world.view(key.account).orders.values()):
            raise OkxError("51016")

    def way(self, key: ApiKey, contract: Contract, given: Given) -> Way:
        """Net: reduce-only says whether it reduces. Long/short: the side of the position does."""
        buy = {"buy": True, "sell": False}.get(str(given.get("side")))
        if buy is None:
            raise parameter("side")
        named = str(given.get("tdMode"))
        if named not in tuple(MarginMode):
            raise parameter("tdMode")
        mode, side = MarginMode(named), str(given.get("posSide") or "net")
        if self._accounts.mode(key.account) is PositionMode.HEDGE:
            if side not in ("long", "short"):
                raise parameter("posSide")
            reduces = buy is not (side == "long")
            way = Way(PositionId(key.account, contract.symbol, Side(side)), reduces, buy, mode)
        else:
            if side != "net":
                raise parameter("posSide")
            reduces = given.get("reduceOnly") in (True, "true")
            long = buy is not reduces
            way = Way(
                PositionId(key.account, contract.symbol, Side.LONG if long else Side.SHORT),
                reduces,
                buy,
                mode,
            )
        held = self._world.view(key.account).positions.get(way.id)
        if way.reduces and (held is None or held.mode is not mode):
            # The trap of a margin mode left to its default: there is nothing to reduce in that mode.
            raise OkxError("51169")
        return way

    def quantity(self, way: Way, contract: Contract, given: Given) -> Decimal:
        """The size in our units; in net mode a reduce-only order is cut down to the position (assumed)."""
        size = read(given, "sz")
        if size is None or size <= 0:
            raise parameter("sz")
        quantity = quantity_of(contract, size)
        held = self._world.view(way.id.account).positions.get(way.id)
        if way.reduces and held is not None and self._accounts.mode(way.id.account) is PositionMode.ONE_WAY:
            return min(quantity, held.quantity)
        return quantity

    def noted(self, given: Given, way: Way, leverage: Decimal) -> dict[str, str]:
        """What is told again when the order is read."""
        return {
            "ordType": str(given.get("ordType")),
            "tdMode": way.mode.value,
            "posSide": str(given.get("posSide") or "net"),
            "reduceOnly": "true" if given.get("reduceOnly") in (True, "true") else "false",
            "tag": str(given.get("tag") or ""),
            "clOrdId": str(given.get("clOrdId") or ""),
            "lever": shown(leverage),
            "last": shown(self._world.market[way.id.symbol].last),
        }

    def _now(self) -> str:
        return str(self._world.clock.now_ms())


def placed_or_refused(placed: OrderRecord | Refusal) -> OrderRecord:
    """The order, or its refusal as an error."""
    if isinstance(placed, Refusal):
        raise refusal(placed.code, placed.text)
    return placed
