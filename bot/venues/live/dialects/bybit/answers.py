"""What an answer of Bybit to a request that changes something proves."""

from __future__ import annotations

from bot.venues.live.dialects.bybit.acting import ADD_MARGIN, CANCEL, CREATE
from bot.venues.live.dialects.bybit.contracts import result
from bot.venues.live.rows import number, row
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request


class BybitAnswers:
    """``retCode`` says it all, with HTTP 200 nearly always; see ``Answers``."""

    def code(self, status: int, payload: Payload) -> str | None:
        """The code; ``None`` where it is 0. ``ValueError`` where there is none: no answer of Bybit's."""
        code = number(row(payload, "the answer"), "retCode")
        return None if code == 0 else str(int(code))

    def proves(self, request: Request, payload: Payload) -> bool:
        """An order comes back with its id and ours, a margin with its symbol; leverage has an empty result.

        The acknowledgement of an order says that it was accepted: what it traded is read afterwards.
        """
        if number(row(payload, "the answer"), "retCode") != 0:
            return False
        if request.path in (CREATE, CANCEL):
            answer = result(payload)
            return bool(answer.get("orderId")) and answer.get("orderLinkId") == request.params["orderLinkId"]
        if request.path == ADD_MARGIN:
            return result(payload).get("symbol") == request.params["symbol"]
        return True
