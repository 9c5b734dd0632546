"""What an answer of Binance to a request that changes something proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.venues.live.dialects.binance.payloads import code_of
from bot.venues.live.exact import exact
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request


class BinanceAnswers:
    """The proofs: the same on both interfaces."""

    def code(self, status: int, payload: Payload) -> str | None:
        """The code of an error, whatever the status: an error in a 200 is one all the same."""
        return code_of(payload)

    def proves(self, request: Request, payload: Payload) -> bool:
        """Whether the answer names what was asked for: an id of its own, and ours or our figure."""
        known = _PROOFS.get((request.method, request.path))
        if known is None or not isinstance(payload, dict) or code_of(payload) is not None:
            return False
        try:
            return known(request, payload)
        except (KeyError, ValueError):
            return False


def _ordered(request: Request, payload: Mapping[str, Any]) -> bool:
    return _id(payload["orderId"]) and payload["clientOrderId"] == request.params["newClientOrderId"]


def _rested(request: Request, payload: Mapping[str, Any]) -> bool:
    return _id(payload["algoId"]) and payload["clientAlgoId"] == request.params["clientAlgoId"]


def _cancelled(request: Request, payload: Mapping[str, Any]) -> bool:
    ours = request.params["origClientOrderId"]
    return bool(payload["clientOrderId"] == ours and payload["status"] == "CANCELED")


def _unrested(request: Request, payload: Mapping[str, Any]) -> bool:
    return _succeeded(payload) and payload["clientAlgoId"] == request.params["clientAlgoId"]


def _moved(request: Request, payload: Mapping[str, Any]) -> bool:
    # The answer names the amount as well; that it does so to the last digit is nowhere promised.
    return _succeeded(payload) and str(payload["type"]) == str(request.params["type"])


def _levered(request: Request, payload: Mapping[str, Any]) -> bool:
    asked = exact(request.params["leverage"], "leverage")
    return payload["symbol"] == request.params["symbol"] and exact(payload["leverage"], "leverage") == asked


def _mode_set(_: Request, payload: Mapping[str, Any]) -> bool:
    return _succeeded(payload)


def _succeeded(payload: Mapping[str, Any]) -> bool:
    return str(payload["code"]) == "200"


def _id(value: object) -> bool:
    return type(value) is int and value > 0


_PROOFS: Mapping[tuple[str, str], Callable[[Request, Mapping[str, Any]], bool]] = {
    ("POST", "order"): _ordered,
    ("POST", "algoOrder"): _rested,
    ("DELETE", "order"): _cancelled,
    ("DELETE", "algoOrder"): _unrested,
    ("POST", "positionMargin"): _moved,
    ("POST", "leverage"): _levered,
    ("POST", "marginType"): _mode_set,
}
