"""What an answer of XT proves.

Two forms are in use: ``returnCode`` with ``error.code``, and ``rc`` with ``mc``.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.venues.live.terms import Payload
from bot.venues.live.wire import Request

_TELL_NO_ID = ("position/margin", "position/adjust-leverage", "position/change-type")
"""Requests whose success is an empty answer."""


class XtAnswers:
    """Codes and proofs."""

    def code(self, status: int, payload: Payload) -> str | None:
        """XT's word for what is wrong; where it has none, that something is."""
        if not isinstance(payload, Mapping):
            return None
        error = payload.get("error")
        found = error.get("code") if isinstance(error, Mapping) else error
        if isinstance(found, str | int) and not isinstance(found, bool) and found not in ("", 0):
            return str(found)
        outcome = payload.get("returnCode", payload.get("rc"))
        if outcome is None or outcome == 0:
            return None
        word = payload.get("mc")
        return word if isinstance(word, str) and word else f"returnCode {outcome}"

    def proves(self, request: Request, payload: Payload) -> bool:
        """Whether it says that all went well and, for an order, carries XT's id of it."""
        if not isinstance(payload, Mapping) or payload.get("returnCode") != 0 or "result" not in payload:
            return False
        if str(payload.get("msgInfo", "")).lower() not in ("success", ""):
            return False
        if request.path.endswith(_TELL_NO_ID):
            return True
        found = payload["result"]
        return isinstance(found, str | int) and not isinstance(found, bool) and str(found).isdecimal()
