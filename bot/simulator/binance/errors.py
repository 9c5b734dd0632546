"""Binance's refusals: code, message and HTTP status.

Messages are those of the error pages "USDⓈ-M Futures / Error Code" and of answers quoted in public issue
trackers. Statuses: 400 for the request, 401 for the key, 429 and 418 for the rate (General Info, "HTTP Return
Codes").
"""

from __future__ import annotations

from bot.simulator.wire import Answer
from bot.simulator.world import Refusal

MESSAGES = {
    -1003: "Too many requests; current limit of IP is 2400 requests per minute.",
    -1013: "INVALID_MESSAGE.",
    -1015: "Too many new orders; current limit is {0} orders per {1}.",
    -1020: "This operation is not supported.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1100: "Illegal characters found in a parameter.",
    -1102: "Mandatory parameter '{0}' was not sent, was empty/null, or malformed.",
    -1106: "Parameter '{0}' sent when not required.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1128: "Combination of optional parameters invalid.",
    -1130: "Data sent for parameter '{0}' is not valid.",
    -1131: "recvWindow must be less than 60000",
    -1136: "Invalid newOrderRespType.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than minimum quantity.",
    -4005: "Quantity greater than max quantity.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id is not valid.",
    -4016: "Limit price can't be higher than {0}.",
    -4024: "Limit price can't be lower than {0}.",
    -4028: "Leverage {0} is not valid",
    -4031: "Invalid parameter working type: {0}",
    -4032: "Exceed maximum cancel order size.",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4051: "Isolated balance insufficient.",
    -4054: "Cannot add position margin: position is 0.",
    -4055: "Amount must be positive.",
    -4056: "Invalid api key type.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4082: "Invalid number of batch place orders: {0}",
    -4084: "Method is not allowed currently. Upcoming soon.",
    -4104: "Invalid contract type",
    -4108: "Symbol is on delivering or delivered or settling or closed or pre-trading.",
    -4116: "ClientOrderId is duplicated.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    -4136: "Target strategy invalid for orderType {0},closePosition true",
    -4137: "Quantity must be zero with closePosition equals true.",
    -4138: "Reduce only must be true with closePosition equals true.",
    -4144: "Invalid pair",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4164: "Order's notional must be no smaller than {0} (unless you choose reduce only).",
    -4165: "Maximum time interval is {0} days",
    -4167: "Unable to adjust to Multi-Assets mode with symbols of USD-M Futures under isolated-margin mode.",
    -4168: "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
    -4170: "Unable to adjust Multi-Assets Mode with open orders in USD-M Futures.",
    -4171: "No need to change Multi-Assets mode.",
    -4183: "Limit price can't be higher than {0}.",
    -4184: "Limit price can't be lower than {0}.",
    -5000: "Path {0}, Method {1} is invalid",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected.",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    -5024: "Symbol is not in trading status. Order amendment is not permitted.",
    -5025: "Only limit order is supported.",
    -5027: "No need to modify the order.",
    -5037: "Invalid price match",
    -5038: "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT",
    -5039: "Invalid self trade prevention mode",
    -5040: "The goodTillDate timestamp must be greater than the current time plus 600 seconds"
    " and smaller than 253402300799000",
    -5041: "No depth matches this BBO order",
}
UNAUTHORISED = frozenset({-2014, -2015})


class BinanceError(Exception):
    """A refusal on its way to the client."""

    def __init__(self, code: int, *values: object, status: int | None = None) -> None:
        self.code = code
        self.message = MESSAGES.get(code, "An unknown error occurred.").format(*values, "", "")
        self.status = status or (401 if code in UNAUTHORISED else 400)
        super().__init__(f"{code}: {self.message}")

    @property
    def answer(self) -> Answer:
        """As it goes over the wire."""
        return Answer.of({"code": self.code, "msg": self.message}, status=self.status)


def raise_refusal(refusal: Refusal, *values: object) -> None:
    """Turn a refusal of the paper exchange into Binance's; its codes are Binance's already."""
    raise BinanceError(int(refusal.code), *values)
