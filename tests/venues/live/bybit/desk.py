"""A listing of Bybit's contracts and positions in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.core.types import AccountName, MarginMode, Position, PositionId, Side, Symbol
from bot.venues.live.dialects.bybit import DIALECT
from bot.venues.live.terms import Instrument, Listing
from tests.building.frames import frame

D = Decimal
ACCOUNT = AccountName("main")
BTC, ETH = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT")
INVERSE, DATED = Symbol("BTC/USD:BTC"), Symbol("BTC/USDT:USDT-261225")


def market(symbol: Symbol, what: str) -> dict[str, Any]:
    settle = symbol.partition(":")[2].partition("-")[0]
    return {"symbol": symbol, "settle": settle, "info": frame("bybit", what)}


MARKETS = [
    market(BTC, "instrument linear"),
    market(ETH, "instrument eth"),
    market(INVERSE, "instrument inverse"),
    market(DATED, "instrument dated"),
]


def tiers() -> list[Any]:
    linear = frame("bybit", "risk limit linear")
    table = linear["result"]["list"]
    for symbol in ("ETHUSDT", "BTCUSDT-25DEC26"):
        table += [{**row, "symbol": symbol} for row in table[:2]]
    return [linear, frame("bybit", "risk limit inverse")]


LISTING = DIALECT.contracts.listing(MARKETS, tiers())


def instrument(symbol: Symbol = BTC) -> Instrument:
    return LISTING.by_symbol[symbol]


def a_position(symbol: Symbol = BTC, side: Side = Side.LONG, quantity: str = "0.5") -> Position:
    return Position(
        id=PositionId(ACCOUNT, symbol, side),
        quantity=D(quantity),
        entry=D(60000),
        leverage=D(10),
        mode=MarginMode.ISOLATED,
        margin=D(3000),
    )


def of(*rows: Any, cursor: str = "") -> dict[str, Any]:
    """An answer with these rows."""
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"list": list(rows), "nextPageCursor": cursor},
        "time": 1697684980172,
    }


__all__ = ["ACCOUNT", "BTC", "DATED", "DIALECT", "ETH", "INVERSE", "LISTING", "MARKETS", "D", "Listing"]
