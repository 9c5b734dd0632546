"""XT's two envelopes and its refusals.

What trades answers with ``returnCode`` and ``error``; the gateway before it, which checks keys, and the spot
interface answer with ``rc`` and ``mc``. Codes of orders: the order states in XT's documentation of its
public module, in small letters as answers have them; codes of the gateway: its table of ``AUTH`` codes.
"""

from __future__ import annotations

from bot.simulator.spelling import Json
from bot.simulator.wire import Answer

TEXTS = {
    "403": "invalid signature",
    "429": "The request is too frequent",
    "insufficient_balance": "insufficient balance",
    "insufficient_position": "Insufficient position.",
    "insufficient_leveling_quantity": "Insufficient leveling quantity.",
    "position_type_mismatch": "Position type mismatch.",
    "open_order_min_nominal_value_limit": "Exceeds the minimum notional value of a single order",
}
WORDS = {
    "precision": "invalid_quantity_scale",
    "min_quantity": "invalid_quantity",
    "min_notional": "open_order_min_nominal_value_limit",
    "balance": "insufficient_balance",
    "reduce_only": "insufficient_leveling_quantity",
    "would_trigger": "invalid_params",
    "duplicate": "invalid_params",
    "leverage_invalid": "exceed_max_leverage",
    "leverage_tier": "exceed_max_leverage",
    "leverage_balance": "insufficient_balance",
    "margin_balance": "insufficient_balance",
    "margin_amount": "invalid_margin",
    "margin_cross": "position_type_mismatch",
    "margin_removable": "invalid_margin",
    "no_position": "insufficient_position",
    "mode_position": "position_type_mismatch",
    "mode_orders": "position_type_mismatch",
    "expired": "contract_not_open",
    "overloaded": "500",
}
"""The books' reasons in XT's codes; which one stands for which reason is assumed where the words differ."""


class XtError(Exception):
    """A request the exchange refuses, with its code. Nothing was done."""

    def __init__(self, code: str, text: str = "", *, status: int = 200) -> None:
        super().__init__(text or TEXTS.get(code, code.replace("_", " ")))
        self.code = code
        self.status = status


def refusal(code: str, text: str) -> XtError:
    """A refusal of the books."""
    word = WORDS.get(code, code)
    return XtError(word, TEXTS.get(word, text))


def fine(result: Json) -> Answer:
    """The answer to a request that was carried out."""
    return Answer.of({"returnCode": 0, "msgInfo": "success", "error": None, "result": result})


def fine_spot(result: Json) -> Answer:
    """The same of the spot interface."""
    return Answer.of({"rc": 0, "mc": "SUCCESS", "ma": [], "result": result})


def failed(error: XtError) -> Answer:
    """The answer to a refused request."""
    if error.code.startswith("AUTH_"):
        return Answer.of({"rc": 1, "mc": error.code, "ma": [], "result": None}, status=error.status)
    told = {"code": error.code, "msg": str(error), "args": []}
    payload = {"returnCode": 1, "msgInfo": "failure", "error": told, "result": None}
    return Answer.of(payload, status=error.status)


def page(given: Json, rows: list[Json]) -> Json:
    """One page of a numbered list: ten rows unless ``size`` says otherwise."""
    number, size = int(given.get("page") or 1), int(given.get("size") or 10)
    if number < 1 or not 1 <= size <= PAGE_MAX:
        raise XtError("invalid_params")
    items = rows[(number - 1) * size : number * size]
    return {"page": number, "ps": size, "total": len(rows), "items": items}


def slice_of(given: Json, rows: list[Json], id_name: str) -> Json:
    """A part of a history, newest first: ``limit`` rows older than ``id`` (``direction`` NEXT)."""
    limit, last = int(given.get("limit") or 10), given.get("id")
    if not 1 <= limit <= PAGE_MAX:
        raise XtError("invalid_params")
    older = [row for row in rows if not last or int(row[id_name]) < int(last)]
    items = older[:limit]
    return {"hasPrev": bool(last), "hasNext": len(older) > len(items), "items": items}


PAGE_MAX = 100
"""Rows of a page; assumed."""
