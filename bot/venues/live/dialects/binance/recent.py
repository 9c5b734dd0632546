"""The latest orders of a symbol at Binance, plain and conditional ones: of seven days."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.core.types import ClientId
from bot.venues.live.dialect import Recent
from bot.venues.live.dialects.binance.payloads import rows
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Param, Request

NUMBER = 100
WEIGHT = 5


def recent(section: Section) -> Recent:
    """For one of its sections."""
    return Recent(requests=partial(_requests, section), ids=_ids)


def _requests(section: Section, instrument: Instrument) -> Sequence[Request]:
    asked: dict[str, Param] = {"symbol": instrument.id, "limit": NUMBER}
    return [section.read(path, asked, weight=WEIGHT) for path in ("allOrders", "allAlgoOrders")]


def _ids(payload: Payload) -> Sequence[ClientId]:
    named = (row.get("clientAlgoId") or row.get("clientOrderId") for row in rows(payload, "orders"))
    return [ClientId(str(name)) for name in named if name]
