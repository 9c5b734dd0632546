"""What Binance remembers of isolated margin that was moved.

Source: developers.binance.com, derivatives, "Get Position Margin Change History": of the last 30 days, the
latest 500 unless it is asked for a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.types import PositionId
from bot.venues.live.dialects.binance.acting import ADD, REDUCE
from bot.venues.live.dialects.binance.payloads import BOTH, MALFORMED, moment, rows
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Request

BY_HAND = "USER_ADJUST"
"""Moved on purpose; the history tells of what trades moved as well."""
SIGNS = {ADD: 1, REDUCE: -1}


@dataclass(frozen=True, slots=True)
class BinanceMarginHistory:
    """The history of one interface."""

    section: Section
    names_sides: bool = True

    def request(self, instrument: Instrument) -> Request:
        """The latest moves in a contract."""
        return self.section.read("positionMargin/history", {"symbol": instrument.id})

    def moves(self, id_: PositionId, payload: Payload) -> Sequence[tuple[int, Decimal]]:
        """Those on purpose on one position. ``ValueError`` where a row makes no sense: it may be the one."""
        try:
            return [
                (moment(row["time"], "time"), SIGNS[int(row["type"])] * exact(row["amount"], "amount"))
                for row in rows(payload, "margin history")
                if row["deltaType"] == BY_HAND and row["positionSide"] in (BOTH, id_.side.upper())
            ]
        except MALFORMED as error:
            raise ValueError(f"margin history: {type(error).__name__} {error}") from error
