"""XT's answers and pushes as its documents and ccxt's examples write them, and the contract in them."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from bot.core.types import AccountName, ClientId, MarginMode, Position, PositionId, Side, Symbol
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.terms import Instrument, Listing

D = Decimal
FRAMES = Path(__file__).resolve().parents[3] / "frames" / "xt.jsonl"
ME = AccountName("main")
BTC = Symbol("BTC/USDT:USDT")
OURS = ClientId("hf-3-17")


@cache
def _lines() -> dict[str, str]:
    rows = [json.loads(line) for line in FRAMES.read_text(encoding="utf-8").splitlines()]
    return {row["what"]: json.dumps(row["payload"]) for row in rows}


def names() -> list[str]:
    return sorted(_lines())


def frame(what: str) -> Any:
    """A fresh copy, to be spoilt by whoever wants to."""
    return json.loads(_lines()[what])


def a_market(**changes: Any) -> dict[str, Any]:
    """What ccxt makes of the contract's row, as far as it is used."""
    return {
        "id": "btc_usdt",
        "symbol": BTC,
        "settle": "USDT",
        "contract": True,
        "linear": True,
        "active": True,
        "info": frame("contract") | changes,
    }


@cache
def listing() -> Listing:
    return DIALECT.contracts.listing([a_market()], [frame("brackets")])


def btc() -> Instrument:
    return listing().by_symbol[BTC]


def a_position(side: Side = Side.LONG, quantity: str = "0.01", mode: str = "isolated") -> Position:
    return Position(
        id=PositionId(ME, BTC, side),
        quantity=D(quantity),
        entry=D(27060),
        leverage=D(25),
        mode=MarginMode(mode),
        margin=D(20) if mode == "isolated" else D(0),
    )
