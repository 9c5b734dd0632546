"""OKX's envelope and its refusals.

A refusal of a whole request has the code at the top; one of an order sits beside the order as ``sCode``,
below a code of 1, or of 2 where other orders of the request went through.
"""

from __future__ import annotations

from bot.simulator.spelling import Json
from bot.simulator.wire import Answer

# Texts as in the error code page.
TEXTS = {
    "50011": "Too Many Requests",
    "50013": "Systems are busy. Please try again later.",
    "50036": "The expTime can't be earlier than the current system time. "
    "Please adjust the expTime and try again.",
    "50102": "Timestamp request expired",
    "50103": 'Request header "OK-ACCESS-KEY" cannot be empty.',
    "50105": 'Request header "OK-ACCESS-PASSPHRASE" incorrect.',
    "50111": "Invalid OK-ACCESS-KEY",
    "50112": "Invalid OK-ACCESS-TIMESTAMP",
    "50113": "Invalid Sign",
    "50119": "API key doesn't exist",
    "50120": "This API key doesn't have permission to use this function",
    "51001": "Instrument ID, Instrument ID code or Spread ID doesn't exist.",
    "51004": "Order failed. The order exceeds the maximum position amount under current leverage.",
    "51008": "Order failed. Insufficient USDT margin in account",
    "51010": "Request unsupported under current account mode",
    "51016": "Client order ID already exists.",
    "51020": "Your order should meet or exceed the minimum order amount.",
    "51022": "Contract suspended.",
    "51112": "Close order size exceeds your available size.",
    "51121": "Order quantity must be a multiple of the lot size.",
    "51169": "Order failed because you don't have any positions in this direction for this contract "
    "to reduce or close.",
    "51277": "TP trigger price cannot be higher than the last price",
    "51278": "SL trigger price cannot be lower than the last price",
    "51279": "TP trigger price cannot be lower than the last price",
    "51280": "SL trigger price cannot be higher than the last price",
    "51400": "Cancellation failed as the order has been filled, canceled or does not exist.",
    "51603": "Order does not exist",
    "59000": "Your settings failed as you have positions or open orders.",
    "59102": "Leverage exceeds the maximum leverage. Please adjust the leverage.",
    "59108": "Low leverage and insufficient margin, please adjust the leverage.",
    "59109": "Account equity less than the required margin amount after adjustment. "
    "Please adjust the leverage.",
    "59300": "Margin call failed. Position does not exist.",
    "59301": "Margin adjustment failed for exceeding the max limit.",
}
UNAUTHORISED = 401
PLACED = "Order placed"


class OkxError(Exception):
    """A request the exchange refuses, with its code. Nothing was done."""

    def __init__(self, code: str, text: str = "", *, status: int = 200) -> None:
        super().__init__(text or TEXTS.get(code, ""))
        self.code = code
        self.status = status


def parameter(name: str) -> OkxError:
    """A parameter that makes no sense."""
    return OkxError("51000", f"Parameter {name} error", status=400)


def missing(name: str) -> OkxError:
    """A parameter that must be there."""
    return OkxError("50014", f"Parameter {name} can not be empty.", status=400)


def refusal(code: str, text: str) -> OkxError:
    """A refusal of the books, which speak this exchange's codes where there are any."""
    return OkxError(code, TEXTS.get(code, text)) if code.isdecimal() else OkxError("51000", text)


def fine(data: Json) -> Answer:
    """The answer to a request that was carried out."""
    return Answer.of({"code": "0", "data": data, "msg": ""})


def failed(error: OkxError) -> Answer:
    """The answer to a refused request. Those about keys have no data (seen in public issue threads)."""
    if error.status == UNAUTHORISED:
        return Answer.of({"msg": str(error), "code": error.code}, status=error.status)
    return Answer.of({"code": error.code, "data": [], "msg": str(error)}, status=error.status)


def each(results: list[Json]) -> Answer:
    """The answer to orders: 0 if all went through, 1 if none did, 2 if some did."""
    refused = sum(row["sCode"] != "0" for row in results)
    if not refused:
        return fine(results)
    code = "1" if refused == len(results) else "2"
    text = "All operations failed" if code == "1" else "Bulk operation partially succeeded."
    return Answer.of({"code": code, "data": results, "msg": text})
