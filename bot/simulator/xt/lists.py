"""What XT tells of orders, plans and trades: numbered pages of what is, and slices of what was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.simulator.keys import ApiKey
from bot.simulator.records import AccountView, IncomeKind, OrderRecord
from bot.simulator.spelling import Json
from bot.simulator.world import World
from bot.simulator.xt import rows
from bot.simulator.xt.names import Names
from bot.simulator.xt.replies import XtError, page, slice_of

UNFINISHED, HISTORY = "UNFINISHED", "HISTORY"
Given = Mapping[str, Any]
Sketch = Callable[[OrderRecord], rows.Row]


class ListDesk:
    """Answers what became of an account's orders."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def order(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``order/detail``: by XT's own id alone."""
        return self._row(view)(self._one(view, str(given.get("orderId") or ""), conditional=False))

    def plan(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``entrust/plan-detail``."""
        return self._plan_row(self._one(view, str(given.get("entrustId") or ""), conditional=True))

    def _one(self, view: AccountView, number: str, *, conditional: bool) -> OrderRecord:
        found = view.orders.get(int(number)) if number.isdecimal() else None
        if found is None or found.conditional is not conditional:
            raise XtError("invalid_order", "order does not exist")
        return found

    def orders(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``order/list``."""
        return page(given, self._listed(view, given, self._row(view), conditional=False))

    def history(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``order/list-history``: what is over."""
        over = dict(given) | {"state": HISTORY}
        found = self._listed(view, over, self._row(view), conditional=False)
        return slice_of(given, found, "orderId")

    def plans(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``entrust/plan-list``."""
        if not given.get("state"):
            raise XtError("invalid_params")
        return page(given, self._listed(view, given, self._plan_row, conditional=True))

    def plan_history(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``entrust/plan-list-history``."""
        over = dict(given) | {"state": HISTORY}
        return slice_of(given, self._listed(view, over, self._plan_row, conditional=True), "entrustId")

    def by_hand(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``entrust/profit-list`` and ``track-list``: nobody sets anything by hand here."""
        return page(given, [])

    def trades(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``order/trade-list``: newest first."""
        wanted = {contract.symbol for contract in self._names.some(given.get("symbol"))}
        number = str(given.get("orderId") or "")
        found = [
            rows.trade_row(self._world, self._names, trade)
            for trade in reversed(view.trades)
            if trade.id.symbol in wanted and number in ("", str(trade.order_id))
        ]
        return page(given, found)

    def payments(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``balance/funding-rate-list``: newest first; below nought was paid (assumed)."""
        wanted = {contract.symbol for contract in self._names.some(given.get("symbol"))}
        since = int(given.get("startTime") or 0)
        found = [
            rows.payment_row(self._names, income)
            for income in reversed(view.income)
            if income.kind is IncomeKind.FUNDING and income.id is not None
            if income.id.symbol in wanted and income.at_ms >= since
        ]
        return slice_of(given, found, "id")

    def _listed(self, view: AccountView, given: Given, sketch: Sketch, *, conditional: bool) -> list[Json]:
        wanted = {contract.symbol for contract in self._names.some(given.get("symbol"))}
        state = str(given.get("state") or "")
        found = []
        for record in reversed(tuple(view.orders.values())):
            if record.conditional is not conditional or record.id.symbol not in wanted:
                continue
            row, is_open = sketch(record), record.status.open
            fits = {"": True, UNFINISHED: is_open, HISTORY: not is_open}
            if fits.get(state, row["state"] == state):
                found.append(row)
        return found

    def _row(self, view: AccountView) -> Sketch:
        return lambda record: rows.order_row(self._world, self._names, view, record)

    def _plan_row(self, record: OrderRecord) -> rows.Row:
        return rows.plan_row(self._world, self._names, record)
