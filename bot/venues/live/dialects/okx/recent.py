"""The latest orders of an instrument at OKX that are over.

A conditional order that was met is among them, under its own id; one that was cancelled is in a list of its
own, which wants to know of which state and sort.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.types import ClientId
from bot.venues.live.dialect import Recent
from bot.venues.live.dialects.okx.account import read as asked_for
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.spelling import instrument_type, read
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Param, Request

NUMBER = "100"
"""The most on one page."""


def _requests(instrument: Instrument) -> Sequence[Request]:
    latest: dict[str, Param] = {
        "instType": instrument_type(instrument.contract),
        "instId": instrument.id,
        "limit": NUMBER,
    }
    return [
        asked_for("trade/orders-history", **latest),
        asked_for("trade/orders-algo-history", ordType="conditional", state="canceled", **latest),
    ]


def _ids(payload: Payload) -> Sequence[ClientId]:
    named = (row.get(name) for row in listed(payload) for name in ("clOrdId", "algoClOrdId"))
    return [read(str(name), "") for name in named if name]


RECENT = Recent(requests=_requests, ids=_ids)
