"""What the exchange tells everybody beside prices: liquidations, and which contracts are traded.

Pages "Liquidation Order Streams" (of a second the largest of each symbol, and nothing where there was none)
and "Contract Info Stream", of which brackets are not here: they do not change.
"""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.binance.listing import status_of
from bot.simulator.binance.office import Office
from bot.simulator.binance.section import FOREVER_MS, contract_types, market_id, pair_of
from bot.simulator.binance.shapes import STATUS, TYPES, Json, plain, time_in_force
from bot.simulator.records import Origin, Update
from bot.simulator.world import Event

LIQUIDATION, CONTRACT = "forceOrder", "contractInfo"


class Notices:
    """Collects over a second what there is to tell."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._largest: dict[Symbol, tuple[Decimal, Json]] = {}
        self._statuses = {symbol: self._status(contract) for symbol, contract in office.contracts.items()}

    def happened(self, event: Event) -> None:
        """Keep the largest liquidation of each symbol."""
        for step in event.updates:
            symbol, trade = step.order.id.symbol, step.trade
            forced = step.order.origin is Origin.LIQUIDATION and symbol in self._office.contracts
            if trade is None or not forced:
                continue
            if symbol not in self._largest or trade.quantity > self._largest[symbol][0]:
                self._largest[symbol] = (trade.quantity, self._liquidation(event.at_ms, step))

    def take(self) -> dict[str, dict[Symbol, Json]]:
        """What is to be told now, by the kind of stream and by symbol."""
        liquidations = {symbol: frame for symbol, (_, frame) in self._largest.items()}
        self._largest.clear()
        changed: dict[Symbol, Json] = {}
        for symbol, contract in self._office.contracts.items():
            status = self._status(contract)
            if status != self._statuses[symbol]:
                self._statuses[symbol] = status
                changed[symbol] = self._contract(contract, status)
        return {LIQUIDATION: liquidations, CONTRACT: changed}

    def _status(self, contract: Contract) -> str:
        return status_of(self._office.world.market, contract)

    def _liquidation(self, at_ms: int, step: Update) -> Json:
        order, trade = step.order, step.trade
        assert trade is not None, f"order {order.order_id}: liquidated without a trade"
        shapes = self._office.shapes
        told = {
            "s": market_id(self._office.contracts[order.id.symbol]),
            "S": "BUY" if order.buy else "SELL",
            "o": TYPES[order.kind],
            "f": time_in_force(order),
            "q": shapes.quantity(order, order.quantity),
            "p": plain(order.limit or Decimal(0)),
            "ap": plain(round(order.average, 8)),
            "X": STATUS[order.status],
            "l": shapes.quantity(order, trade.quantity),
            "z": shapes.quantity(order, order.filled),
            "T": at_ms,
        }
        return {"e": "forceOrder", "E": self._office.now_ms, "o": told}

    def _contract(self, contract: Contract, status: str) -> Json:
        kinds = contract_types(self._office.contracts.values())
        return {
            "e": "contractInfo",
            "E": self._office.now_ms,
            "s": market_id(contract),
            "ps": pair_of(contract),
            "ct": kinds[contract.symbol],
            "dt": contract.expiry_ms or FOREVER_MS,
            "ot": self._office.world.market[contract.symbol].listed_ms,
            "cs": status,
        }
