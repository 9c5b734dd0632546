"""What OKX remembers of isolated margin that was moved by hand.

Source: okx.com docs-v5, account/bills: type 6, sub-types 160 (margin increased by hand) and 161 (decreased),
the latest 100 of the last seven days. A bill names the contract and not the side of the position.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core.types import PositionId
from bot.venues.live.dialects.okx.account import read
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.rows import ms, number, text
from bot.venues.live.terms import Instrument, Payload
from bot.venues.live.wire import Request

_MARGIN = "6"
_SIGNS = {"160": 1, "161": -1}


class OkxMarginHistory:
    """The bills of margin; see ``MarginHistory``."""

    names_sides = False

    def request(self, instrument: Instrument) -> Request:
        """The latest of a contract."""
        return read("account/bills", type=_MARGIN, instId=instrument.id)

    def moves(self, id_: PositionId, payload: Payload) -> Sequence[tuple[int, Decimal]]:
        """Those by hand; the sign of what changed is the account's, and so the sub-type tells the way."""
        return [
            (ms(bill.get("ts"), "ts"), _SIGNS[text(bill, "subType")] * abs(number(bill, "balChg")))
            for bill in listed(payload)
            if text(bill, "subType") in _SIGNS
        ]
