"""The latest orders of a symbol at Bybit that are over; conditional ones are orders like others there."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.types import ClientId
from bot.venues.live.dialect import Recent
from bot.venues.live.dialects.bybit.contracts import listed
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Param, Request

NUMBER = 50
"""The most on one page."""


def _requests(instrument: Instrument) -> Sequence[Request]:
    params: dict[str, Param] = {"category": instrument.family, "symbol": instrument.id, "limit": NUMBER}
    path = "v5/order/history"
    return [Request(api=("private",), method="GET", path=path, params=params, window="account")]


def _ids(payload: Payload) -> Sequence[ClientId]:
    return [ClientId(str(row["orderLinkId"])) for row in listed(payload) if row.get("orderLinkId")]


RECENT = Recent(requests=_requests, ids=_ids)
