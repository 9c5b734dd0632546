"""What befalls single requests and single frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.simulator.binance.section import market_id
from bot.simulator.faults import Fault, FaultKind
from tests.faults.weather import Deed, Weather

K = FaultKind
WRITES = r"/(order|algoOrder|positionMargin|leverage|marginType)\?"
READS = r"/(positionRisk|balance|openOrders|openAlgoOrders|order|algoOrder|userTrades|history|premiumIndex)\?"
MARKET, PRIVATE, MARKS = r"^/market", r"^/private", r"^/market/ws/!markPrice"
UNKNOWN_STATUS = '{"code":-1007,"msg":"Timeout waiting for response from backend server."}'
OVERLOADED = '{"code":-1008,"msg":"Server is currently overloaded with other requests."}'
TRIGGERS = '{"code":-2021,"msg":"Order would immediately trigger."}'
NO_MARGIN = '{"code":-2019,"msg":"Margin is insufficient."}'
NOTHINGS = ("null", "[]", "{}", '""')


def late(weather: Weather) -> Mapping[str, Any]:
    return {"ms": weather.late_ms()}


def few(weather: Weather) -> Mapping[str, Any]:
    return {"count": weather.few()}


def late_and_few(weather: Weather) -> Mapping[str, Any]:
    return {"ms": weather.late_ms(), "count": weather.few()}


def nothing(weather: Weather) -> Mapping[str, Any]:
    return {"body": weather.random.choice(NOTHINGS)}


def spike(weather: Weather) -> Mapping[str, Any]:
    return {"body": a_mark(weather, absurd=False), "count": weather.few()}


def absurd(weather: Weather) -> Mapping[str, Any]:
    return {"body": a_mark(weather, absurd=True)}


def alone(_: Weather) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Row:
    """One fault of the simulator: what it is, what it befalls, and what chance adds to it."""

    kind: FaultKind
    path: str = WRITES
    chance: Callable[[Weather], Mapping[str, Any]] = alone
    fixed: Mapping[str, Any] = field(default_factory=dict)


ON_WRITES: Mapping[str, Row] = {
    "write lost before": Row(K.LOST_BEFORE),
    "write lost after": Row(K.LOST_AFTER),
    "write hangs before": Row(K.HANG_BEFORE),
    "write hangs after": Row(K.HANG_AFTER),
    "write late": Row(K.DELAY_BEFORE, chance=late),
    "reply late": Row(K.DELAY_AFTER, chance=late),
    "write 5xx before": Row(K.ERROR_BEFORE, chance=few),
    "write 5xx after": Row(K.ERROR_AFTER, chance=few),
    "write html": Row(K.HTML_AFTER),
    "write empty": Row(K.EMPTY_AFTER),
    "write null": Row(K.BODY_AFTER, chance=nothing),
    "write cut json": Row(K.CUT_JSON),
    "write cut body": Row(K.CUT_BODY),
    "write -1007 before": Row(K.ERROR_BEFORE, fixed={"status": 408, "body": UNKNOWN_STATUS}),
    "write -1007 after": Row(K.ERROR_AFTER, fixed={"status": 408, "body": UNKNOWN_STATUS}),
    "write -1008": Row(K.ERROR_BEFORE, chance=few, fixed={"status": 503, "body": OVERLOADED}),
    "stop refused": Row(K.ERROR_BEFORE, r"/algoOrder\?", fixed={"status": 400, "body": TRIGGERS}),
    "margin refused": Row(K.ERROR_BEFORE, r"/positionMargin\?", fixed={"status": 400, "body": NO_MARGIN}),
}
ON_READS: Mapping[str, Row] = {
    "read lost": Row(K.LOST_BEFORE, READS, few),
    "read hangs": Row(K.HANG_BEFORE, READS),
    "read 5xx": Row(K.ERROR_BEFORE, READS, few),
    "read html": Row(K.HTML_AFTER, READS, few),
    "read cut json": Row(K.CUT_JSON, READS),
    "read empty list": Row(K.BODY_AFTER, READS, fixed={"body": "[]"}),
    "read late": Row(K.DELAY_AFTER, READS, late_and_few),
}
ON_FRAMES: Mapping[str, Row] = {
    "market line closes": Row(K.CLOSE, MARKET),
    "user line closes": Row(K.CLOSE, PRIVATE),
    "market line mute": Row(K.MUTE, MARKET),
    "user line mute": Row(K.MUTE, PRIVATE),
    "market line half open": Row(K.HALF_OPEN, MARKET),
    "user line half open": Row(K.HALF_OPEN, PRIVATE),
    "line refused": Row(K.REFUSE, "", few),
    "frames twice": Row(K.DUPLICATE, "", few),
    "frames out of order": Row(K.REORDER, "", few),
    "frames late": Row(K.DELAY_FRAME, "", late_and_few),
    "frames dropped": Row(K.DROP, "", few),
    "frame cut": Row(K.CUT_FRAME, "", few),
    "spike": Row(K.REPLACE_FRAME, MARKS, spike),
    "absurd frame": Row(K.REPLACE_FRAME, MARKS, absurd),
}


def _deed(name: str, row: Row, method: str) -> Deed:
    def deed(weather: Weather) -> None:
        more = {**row.fixed, **row.chance(weather)}
        weather.order(name, Fault(kind=row.kind, method=method, path=row.path, **more))

    return deed


DEEDS: Mapping[str, Deed] = {
    **{name: _deed(name, row, "") for name, row in ON_WRITES.items()},
    **{name: _deed(name, row, "GET") for name, row in ON_READS.items()},
    **{name: _deed(name, row, "WS") for name, row in ON_FRAMES.items()},
}


def a_mark(weather: Weather, *, absurd: bool) -> str:
    """A frame of marks that is wrong: far off for a moment, or no price at all."""
    random, world = weather.random, weather.lab.exchange.world
    symbol = weather.a_symbol()
    contract, ticker = world.contracts[symbol], world.market[symbol]
    now_ms = world.clock.now_ms()
    row: dict[str, Any] = {
        "e": "markPriceUpdate",
        "E": now_ms,
        "s": market_id(contract),
        "p": str(ticker.mark),
        "i": str(ticker.index),
        "r": "0.0001",
        "T": now_ms + 3_600_000,
    }
    if not absurd:
        off = Decimal(random.choice([1, 30, 60, 80, 130, 1_000])) / 100
        return json.dumps([row | {"p": str(contract.price_down(ticker.mark * off))}])
    changes: tuple[dict[str, Any], ...] = (
        {"p": "NaN"},
        {"p": "0"},
        {"p": "-5"},
        {"p": ""},
        {"p": None},
        {"p": "1e400"},
        {"E": now_ms + 60_000},
        {"E": now_ms - 3_600_000},
        {"E": "now"},
        {"s": "NOSUCHUSDT"},
        {"r": "17"},
        {"r": "x"},
    )
    text = json.dumps([row | random.choice(changes)])
    return random.choice([text, text, text[:-1], "[[[[", "{}", "[null]"])
