"""A listing of OKX's contracts and positions in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bot.core.types import AccountName, MarginMode, Position, PositionId, Side, Symbol
from bot.venues.live.dialects.okx import DIALECT
from bot.venues.live.terms import Instrument
from tests.building.frames import frame

D = Decimal
ACCOUNT = AccountName("main")
BTC, ETH = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT")
INVERSE, DATED = Symbol("BTC/USD:BTC"), Symbol("BTC/USDT:USDT-261225")


def market(symbol: Symbol, what: str) -> dict[str, Any]:
    settle = symbol.partition(":")[2].partition("-")[0]
    return {"symbol": symbol, "settle": settle, "info": frame("okx", what)}


MARKETS = [
    market(BTC, "instrument linear"),
    market(ETH, "instrument eth"),
    market(INVERSE, "instrument inverse"),
    market(DATED, "instrument dated"),
]


def tiers() -> list[Any]:
    return [frame("okx", "tiers swap"), frame("okx", "tiers futures")]


LISTING = DIALECT.contracts.listing(MARKETS, tiers())


def instrument(symbol: Symbol = BTC) -> Instrument:
    return LISTING.by_symbol[symbol]


def a_position(
    symbol: Symbol = BTC,
    side: Side = Side.LONG,
    quantity: str = "0.5",
    mode: MarginMode = MarginMode.ISOLATED,
) -> Position:
    return Position(
        id=PositionId(ACCOUNT, symbol, side),
        quantity=D(quantity),
        entry=D(60000),
        leverage=D(10),
        mode=mode,
        margin=D(3000) if mode is MarginMode.ISOLATED else D(0),
    )


def of(*rows: Any, code: str = "0") -> dict[str, Any]:
    """An answer with these rows."""
    return {"code": code, "data": list(rows), "msg": ""}


__all__ = ["ACCOUNT", "BTC", "DATED", "DIALECT", "ETH", "INVERSE", "LISTING", "MARKETS", "D"]
