"""Several orders in one request (pages "Place", "Modify" and "Cancel Multiple Orders").

Each is carried out by itself and answered in its place, by what it became or by why it was refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.simulator.binance.amending import Amendments
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Route, Routes
from bot.simulator.binance.orders import PlainOrders
from bot.simulator.binance.shapes import Json

PLACED_MAX, CANCELLED_MAX = 5, 10
"""Orders in one request."""
LISTS = (
    ("orderIdList", "orderId"),
    ("origClientOrderIdList", "origClientOrderId"),
    ("orderidlist", "orderId"),
    ("origclientorderidlist", "origClientOrderId"),
)
"""What names the orders to cancel; ccxt writes it small."""


class BatchOrders:
    """Takes, changes and cancels several orders at once."""

    def __init__(self, orders: PlainOrders, amendments: Amendments) -> None:
        """What each of them is done by."""
        self._orders = orders
        self._amendments = amendments

    def routes(self) -> Routes:
        """Its endpoints."""
        path, trade = "v1/batchOrders", Security.TRADE
        return {
            ("POST", path): Route(trade, lambda ask: self._each(ask, self._orders.place)),
            ("PUT", path): Route(trade, lambda ask: self._each(ask, self._amendments.amend)),
            ("DELETE", path): Route(trade, self._cancel),
        }

    def _each(self, ask: Ask, carry_out: Callable[[Ask], Json]) -> list[Json]:
        rows = _list(ask, "batchOrders", PLACED_MAX, -4082)
        if not all(isinstance(row, dict) for row in rows):
            raise BinanceError(-1130, "batchOrders")
        return _answers(ask, [{name: _text(value) for name, value in row.items()} for row in rows], carry_out)

    def _cancel(self, ask: Ask) -> list[Json]:
        for name, one in LISTS:
            if name in ask.params:
                ids = _list(ask, name, CANCELLED_MAX, -4032)
                named = [{"symbol": ask.text("symbol"), one: _text(each)} for each in ids]
                return _answers(ask, named, self._orders.cancel)
        raise BinanceError(-1128)


def _answers(ask: Ask, named: Sequence[dict[str, str]], carry_out: Callable[[Ask], Json]) -> list[Json]:
    answers: list[Json] = []
    for params in named:
        try:
            answers.append(carry_out(replace(ask, params=params)))
        except BinanceError as error:
            answers.append({"code": error.code, "msg": error.message})
    return answers


def _list(ask: Ask, name: str, most: int, beyond: int) -> list[Any]:
    """A list of at least one and at most so many; the code ``beyond`` where it has another length."""
    try:
        found = json.loads(ask.text(name))
    except ValueError:
        raise BinanceError(-1130, name) from None
    if not isinstance(found, list):
        raise BinanceError(-1130, name)
    if not 1 <= len(found) <= most:
        raise BinanceError(beyond, len(found))
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
