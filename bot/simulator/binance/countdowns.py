"""Cancelling everything of a symbol unless told not to in time ("Auto-Cancel All Open Orders").

The exchange looks at its countdowns about every 10 ms, this one every second. That conditional orders are
left alone, because they are with the algo service, is assumed.
"""

from __future__ import annotations

from bot.core.types import AccountName, Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import Json


class Countdowns:
    """At most one of each account and symbol."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._until_ms: dict[tuple[AccountName, Symbol], int] = {}

    def routes(self) -> Routes:
        """Its endpoint."""
        return {("POST", "v1/countdownCancelAll"): Route(Security.TRADE, self._start)}

    def tick(self) -> None:
        """A second has passed."""
        now_ms, world = self._office.now_ms, self._office.world
        for account, symbol in [key for key, until_ms in self._until_ms.items() if until_ms <= now_ms]:
            del self._until_ms[account, symbol]
            for order in world.view(account).open_orders:
                if order.id.symbol == symbol and not order.conditional:
                    world.cancel(account, order.order_id)

    def _start(self, ask: Ask) -> Json:
        """Begin anew, or with a time of nought end it."""
        contract = self._office.contract(ask)
        countdown_ms = int(ask.needed("countdownTime"))
        if countdown_ms < 0:
            raise BinanceError(-1130, "countdownTime")
        self._until_ms.pop((ask.account, contract.symbol), None)
        if countdown_ms:
            self._until_ms[ask.account, contract.symbol] = self._office.now_ms + countdown_ms
        return {"symbol": market_id(contract), "countdownTime": str(countdown_ms)}
