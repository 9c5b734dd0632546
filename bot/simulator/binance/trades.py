"""What was traded lately ("Recent Trades List", "Compressed/Aggregate Trades List").

The simulated market has no trades of strangers: each new price stands for one of the smallest quantity, as on
the streams. What was before the simulation began is in bars only.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.rows import LIMITS_MAX, from_id, within
from bot.simulator.binance.shapes import Json, money, plain


class Print(NamedTuple):
    """One trade of the market."""

    number: int
    price: Decimal
    at_ms: int


class PublicTrades:
    """Remembers prices as trades, and lists them."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._prints: dict[Symbol, deque[Print]] = {
            symbol: deque(maxlen=LIMITS_MAX) for symbol in office.contracts
        }

    def routes(self) -> Routes:
        """Its endpoints."""
        return {
            ("GET", "v1/trades"): Route(Security.NONE, self._single),
            ("GET", "v1/historicalTrades"): Route(Security.KEY, self._single),
            ("GET", "v1/aggTrades"): Route(Security.NONE, self._aggregate),
        }

    def priced(self, symbol: Symbol) -> None:
        """A new price."""
        ticker = self._office.world.market[symbol]
        self._prints[symbol].append(Print(ticker.trades, ticker.last, ticker.updated_ms))

    def _single(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        quantity = self._quantity(contract)
        return [
            {
                "id": each.number,
                "price": plain(each.price),
                "qty": quantity,
                "quoteQty": money(contract.notional(contract.lot, each.price)),
                "time": each.at_ms,
                "isBuyerMaker": False,
            }
            for each in self._asked(ask, contract)
        ]

    def _aggregate(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        quantity = self._quantity(contract)
        return [
            {
                "a": each.number,
                "p": plain(each.price),
                "q": quantity,
                "f": each.number,
                "l": each.number,
                "T": each.at_ms,
                "m": False,
            }
            for each in self._asked(ask, contract)
        ]

    def _asked(self, ask: Ask, contract: Contract) -> list[Print]:
        """The latest, or those from an id on ("Old Trades Lookup")."""
        prints = list(self._prints[contract.symbol])
        return from_id(ask, prints, "number") if "fromId" in ask.params else within(ask, prints, "at_ms")

    def _quantity(self, contract: Contract) -> str:
        return plain(self._office.section.quantity_out(contract, contract.lot))
