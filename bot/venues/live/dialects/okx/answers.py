"""What an answer of OKX to a request that changes something proves."""

from __future__ import annotations

from collections.abc import Mapping

from bot.venues.live.dialects.okx.acting import ALGO, CANCEL, CANCEL_ALGO, MARGIN, ORDER, SET_LEVERAGE
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.exact import exact
from bot.venues.live.rows import Row, number, row, text, text_if_given
from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request

FINE = "0"
IDS = {ORDER: "ordId", CANCEL: "ordId", ALGO: "algoId", CANCEL_ALGO: "algoId"}
"""Where the answer to each request about an order has the exchange's id of it."""


class OkxAnswers:
    """A code for the whole answer, and one per order inside it; see ``Answers``."""

    def code(self, status: int, payload: Payload) -> str | None:
        """The code of the order where there is one, else that of the answer; ``None`` where all are 0.

        A sub-code (51008_1000) tells more of the same code and is left off.
        """
        answer = row(payload, "the answer")
        whole = text(answer, "code")
        data = answer.get("data")
        inner = [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []
        codes = [text(each, "sCode") for each in inner if "sCode" in each]
        found = next((each for each in codes if each != FINE), whole)
        return None if found == FINE else found.partition("_")[0]

    def proves(self, request: Request, payload: Payload) -> bool:
        """An order comes back with its id, a margin and a leverage with what was asked for."""
        if self.code(200, payload) is not None:
            return False
        data = listed(payload)
        if len(data) != 1:
            return False
        (of,) = data
        if request.path in IDS:
            return _is_of(of, request)
        if request.path == SET_LEVERAGE:
            return _same(of, request, "instId", "mgnMode") and _equal(of, request, "lever")
        if request.path == MARGIN:
            return _same(of, request, "instId", "type") and _equal(of, request, "amt")
        return False


def _is_of(of: Row, request: Request) -> bool:
    """Whether a row names the order of the request: by its id, and by ours where OKX repeats it."""
    ours = "algoClOrdId" if request.path in (ALGO, CANCEL_ALGO) else "clOrdId"
    repeated = text_if_given(of, ours)
    fits = repeated == request.params[ours] or (not repeated and request.path == CANCEL_ALGO)
    return text(of, "sCode") == FINE and text_if_given(of, IDS[request.path]) != "" and fits


def _same(of: Row, request: Request, *names: str) -> bool:
    return all(of.get(name) == request.params[name] for name in names)


def _equal(of: Row, request: Request, name: str) -> bool:
    return number(of, name) == exact(request.params[name], name)
