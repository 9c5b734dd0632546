"""Statistics of the market, as far as an exchange of one trader has any: open interest, basis, deliveries.

They are beside the versions, on the same host, for the last 30 days and at most 500 rows at once (pages "Open
Interest Statistics", "Basis", "Quarterly Contract Settlement Price"; an error before that is assumed).

Assumed as well: open interest was always what it is now; the index of a pair was the mark of its perpetual;
the annual rate is the rate over the part of a year of 365 days that is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import Symbol
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.history import DAY_MS, INTERVALS, PERPETUAL, stretch
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import contract_types, market_id, pair_of
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.market import Bar

ROOT = "/futures/data/"
ROWS, ROWS_MAX = 30, 500
PERIODS = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
REACH_MS = 30 * DAY_MS
YEAR_MS = 365 * DAY_MS
RATE = Decimal("0.0001")
"""Rates are told in four decimals."""


class Statistics:
    """Answers what the market was like, to anybody."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        handlers = {
            f"{ROOT}openInterestHist": self._interest,
            f"{ROOT}basis": self._basis,
            f"{ROOT}delivery-price": self._deliveries,
        }
        return {("GET", path): Route(Security.NONE, handler) for path, handler in handlers.items()}

    def _interest(self, ask: Ask) -> list[Json]:
        """One row a period, oldest first, no older than the first bar that is remembered."""
        times = self._times(ask)
        if self._office.section.inverse:
            contract = self._office.paired(ask, ask.text("contractType").upper())
        else:
            contract = self._office.contract(ask)
        ticker = self._office.world.market[contract.symbol]
        begun_ms = ticker.bars[0].open_ms if ticker.bars else self._office.now_ms
        amount = self._office.section.quantity_out(contract, ticker.open_interest)
        value = contract.notional(ticker.open_interest, ticker.mark)
        counted = {"sumOpenInterest": plain(amount), "sumOpenInterestValue": plain(value)}
        name = self._name(contract)
        return _asked(ask, [name | counted | {"timestamp": at_ms} for at_ms in times if at_ms >= begun_ms])

    def _basis(self, ask: Ask) -> list[Json]:
        """How far a contract was from its index at the end of each period."""
        times, kind, market = self._times(ask), ask.text("contractType").upper(), self._office.world.market
        contract, period_ms = self._office.paired(ask, kind), INTERVALS[ask.params["period"]]
        prices = _closes(market.bars(contract.symbol, period_ms), period_ms)
        index = self._office.paired(ask, PERPETUAL)
        indices = _closes(market.mark_bars(index.symbol, period_ms), period_ms)
        common = [at_ms for at_ms in times if at_ms in prices and at_ms in indices]
        named = {"pair": pair_of(contract), "contractType": kind}
        rows = [named | _apart(contract, at_ms, prices[at_ms], indices[at_ms]) for at_ms in common]
        return _asked(ask, rows)

    def _deliveries(self, ask: Ask) -> list[Json]:
        """At which prices the pair's dated contracts were settled, the latest first."""
        pair, market = ask.text("pair").upper(), self._office.world.market
        if all(pair_of(contract) != pair for contract in self._office.contracts.values()):
            raise BinanceError(-4144)
        settled = [
            (contract.expiry_ms, price)
            for symbol, contract in self._office.contracts.items()
            if (price := market.deliveries.get(symbol)) is not None and pair_of(contract) == pair
        ]
        latest = sorted(settled, key=lambda row: row[0] or 0, reverse=True)
        return [{"deliveryTime": at_ms, "deliveryPrice": float(price)} for at_ms, price in latest]

    def _times(self, ask: Ask) -> range:
        """The ends of the periods that are asked for and are not too long ago."""
        period_ms, now_ms = INTERVALS.get(ask.text("period")), self._office.now_ms
        if period_ms is None or ask.params["period"] not in PERIODS:
            raise BinanceError(-1130, "period")
        start, end = stretch(ask, now_ms)
        if "startTime" in ask.params and start < now_ms - REACH_MS:
            raise BinanceError(-1130, "startTime")
        first_ms = -(-max(start, now_ms - REACH_MS) // period_ms) * period_ms
        return range(first_ms, min(end, now_ms) + 1, period_ms)

    def _name(self, contract: Contract) -> Json:
        """USD-M names a symbol, COIN-M a pair and the type of contract."""
        if not self._office.section.inverse:
            return {"symbol": market_id(contract)}
        kinds: dict[Symbol, str] = contract_types(self._office.contracts.values())
        return {"pair": pair_of(contract), "contractType": kinds[contract.symbol]}


def _closes(bars: Iterable[Bar], period_ms: int) -> dict[int, Decimal]:
    """Where bars ended, by the time they did."""
    return {bar.open_ms + period_ms: bar.close for bar in bars}


def _apart(contract: Contract, at_ms: int, price: Decimal, index: Decimal) -> Json:
    rate, annual = (price - index) / index, ""
    if contract.expiry_ms is not None and contract.expiry_ms > at_ms:
        annual = plain((rate * YEAR_MS / (contract.expiry_ms - at_ms)).quantize(RATE))
    return {
        "indexPrice": plain(index),
        "futuresPrice": plain(price),
        "basis": plain(price - index),
        "basisRate": plain(rate.quantize(RATE)),
        "annualizedBasisRate": annual,
        "timestamp": at_ms,
    }


def _asked(ask: Ask, rows: list[Json]) -> list[Json]:
    """The first of them where it was said from when, else the last."""
    limit = min(ask.integer("limit", ROWS), ROWS_MAX)
    return rows[:limit] if "startTime" in ask.params else rows[-limit:]
