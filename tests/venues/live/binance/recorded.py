"""Answers and messages of Binance as its documents and live accounts write them, and contracts for them."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from bot.core.types import (
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    Side,
    Symbol,
)
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects import binancecoinm, binanceusdm
from bot.venues.live.terms import Instrument, Listing

D = Decimal
USDM = binanceusdm.DIALECT
COINM = binancecoinm.DIALECT
FRAMES = Path(__file__).resolve().parents[3] / "frames"
ME = AccountName("main")
OURS = ClientId("hf-3-17")
BTC = Symbol("BTC/USDT:USDT")
QUARTERLY = Symbol("BTC/USDT:USDT-261225")
COIN = Symbol("BTC/USD:BTC")
BRACKETS = [
    {
        "bracket": 1,
        "initialLeverage": 125,
        "notionalCap": 300000,
        "notionalFloor": 0,
        "maintMarginRatio": 0.004,
        "cum": 0.0,
    },
    {
        "bracket": 2,
        "initialLeverage": 100,
        "notionalCap": 800000,
        "notionalFloor": 300000,
        "maintMarginRatio": 0.005,
        "cum": 300.0,
    },
]
COIN_BRACKETS = [
    {
        "bracket": 1,
        "initialLeverage": 125,
        "qtyCap": 5,
        "qtyFloor": 0,
        "maintMarginRatio": 0.004,
        "cum": 0.0,
    },
    {
        "bracket": 2,
        "initialLeverage": 100,
        "qtyCap": 10,
        "qtyFloor": 5,
        "maintMarginRatio": 0.005,
        "cum": 0.005,
    },
]


@cache
def _lines(name: str) -> dict[str, str]:
    rows = [json.loads(line) for line in (FRAMES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["what"]: json.dumps(row["payload"]) for row in rows}


def names(name: str = "binanceusdm") -> list[str]:
    return sorted(_lines(name))


def frame(what: str, name: str = "binanceusdm") -> Any:
    """A fresh copy, to be spoilt by whoever wants to."""
    return json.loads(_lines(name)[what])


def a_market(symbol: str = BTC, id_: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    """What ccxt keeps of a row of exchangeInfo, as far as it is used; the row is the documentation's."""
    name = "binancecoinm" if symbol.partition(":")[2].startswith("BTC") else "binanceusdm"
    return {"id": id_, "symbol": symbol, "info": frame("symbol", name) | {"symbol": id_} | changes}


@cache
def listing() -> Listing:
    """BTC with its quarterly, and the symbols of the recorded frames beside them."""
    dated = {"contractType": "NEXT_QUARTER", "deliveryDate": 1798185600000}
    markets = [a_market(), a_market(QUARTERLY, "BTCUSDT_261225", **dated)]
    markets += [a_market(f"{base}/USDT:USDT", f"{base}USDT") for base in ("BNB", "SEI", "DOGE")]
    brackets = [{"symbol": market["id"], "brackets": BRACKETS} for market in markets]
    return USDM.contracts.listing(markets, [brackets])


@cache
def coin_listing() -> Listing:
    perpetual = a_market(COIN, "BTCUSD_PERP", contractType="PERPETUAL", deliveryDate=4133404800000)
    dated = [a_market(f"{COIN}-{when}", f"BTCUSD_{when}") for when in ("200626", "200925", "201225")]
    brackets = [{"symbol": market["id"], "brackets": COIN_BRACKETS} for market in (perpetual, *dated)]
    return COINM.contracts.listing([perpetual, *dated], [brackets])


def btc() -> Instrument:
    return listing().by_symbol[BTC]


def coin() -> Instrument:
    return coin_listing().by_symbol[COIN]


def both() -> list[tuple[Dialect, Listing]]:
    return [(USDM, listing()), (COINM, coin_listing())]


def a_position(
    side: Side = Side.LONG,
    quantity: str = "0.01",
    mode: MarginMode = MarginMode.ISOLATED,
    symbol: Symbol = BTC,
) -> Position:
    return Position(
        id=PositionId(ME, symbol, side),
        quantity=D(quantity),
        entry=D(60000),
        leverage=D(10),
        mode=mode,
        margin=D(60) if mode is MarginMode.ISOLATED else D(0),
    )


def an_order(kind: OrderKind = OrderKind.STOP_MARKET, client_id: ClientId = OURS) -> Order:
    return Order(
        client_id=client_id,
        id=PositionId(ME, BTC, Side.LONG),
        kind=kind,
        reduces=True,
        quantity=D("0.01"),
        trigger=D(50000),
    )
