"""Bybit's envelope and its refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.simulator.spelling import Json
from bot.simulator.wire import Answer

# Texts as the exchange sends them, from its error page and from replies quoted in public issue threads.
TEXTS = {
    10003: "API key is invalid.",
    10005: "Permission denied, please check your API key permissions.",
    10006: "Too many visits. Exceeded the API Rate Limit.",
    10016: "Internal System Error.",
    10017: "Route not found.",
    110001: "order not exists or too late to cancel",
    110007: "ab not enough for new order",
    110011: "Any adjustments made will trigger immediate liquidation",
    110012: "Insufficient available balance.",
    110013: "Cannot set leverage due to risk limit level.",
    110014: "Insufficient available balance to add additional margin.",
    110015: "The position is in cross margin.",
    110017: "current position is zero, cannot fix reduce-only order qty",
    110024: "You have an existing position, so position mode cannot be switched",
    110025: "Position mode is not modified",
    110028: "Open orders exist, so you cannot change position mode",
    110033: "Margin cannot be set without open position",
    110043: "leverage not modified",
    110066: "No trading is allowed at the current time",
    110072: "OrderLinkedID is duplicate",
    110078: "Unable to reduce margin: more than was added",
    110092: "expect Rising, but trigger_price <= current",
    110093: "expect Falling, but trigger_price >= current",
    110094: "Order does not meet minimum order value",
    3400045: "Set margin mode failed",
}
MARGIN_MODE_FAILED = 3400045


class BybitError(Exception):
    """A request the exchange refuses, with its code. Nothing was done."""

    def __init__(self, code: int, text: str = "", *, status: int = 200, result: Json = None) -> None:
        super().__init__(text or TEXTS.get(code, ""))
        self.code = code
        self.status = status
        self.result = {} if result is None else result


def bad(text: str) -> BybitError:
    """A parameter that makes no sense."""
    return BybitError(10001, text)


def refusal(code: str, text: str) -> BybitError:
    """A refusal of the books, which speak this exchange's codes where there are any."""
    number = int(code) if code.isdecimal() else 10001
    return BybitError(number, TEXTS.get(number, text))


def envelope(result: Json, at_ms: int, code: int = 0, text: str = "OK") -> dict[str, Any]:
    """What every answer of v5 looks like."""
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": at_ms}


def failed(error: BybitError, at_ms: int, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a refused request."""
    payload = envelope(error.result, at_ms, error.code, str(error))
    return Answer.of(payload, status=error.status, headers=headers)


def page(rows: Sequence[Any], given: Mapping[str, str], default: int, most: int) -> tuple[list[Any], str]:
    """One page of rows and the cursor of the next; an empty cursor is the end.

    That a page is short unless asked for is what clients forget. The cursor's form is ours.
    """
    try:
        limit = min(max(int(given.get("limit") or default), 1), most)
        start = int((given.get("cursor") or "0").replace("%3A", ":").partition(":")[0])
    except ValueError:
        raise bad("params error: limit or cursor invalid") from None
    more = start + limit < len(rows)
    return list(rows[start : start + limit]), f"{start + limit}%3A{limit}" if more else ""
