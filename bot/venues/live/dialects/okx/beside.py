"""Funding that was paid, open interest, and coins held outright, at OKX.

Sources: okx.com docs-v5, account/bills (type 8; sub-type 173 paid, 174 received; the amount is ``pnl``),
public/open-interest (``oi`` counts contracts) and account/balance (``cashBal``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.core.facts import OpenInterest
from bot.venues.live.dialects.okx.account import BALANCE_PATH, currencies, read
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.spelling import SWAP, instrument_type, quantity
from bot.venues.live.rows import above_nought, ms, number, text
from bot.venues.live.terms import Instrument, Listing, Payload, Payment
from bot.venues.live.wire import Request

BILLS, INTEREST = "account/bills", "public/open-interest"
FUNDING = "8"


class OkxBeside:
    """See ``Beside``."""

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        """All perpetuals at once, a hundred of the latest."""
        return [read(BILLS, instType=SWAP, type=FUNDING, begin=str(since_ms))]

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        """A bill does not tell whose side it was."""
        return [
            Payment(
                venue_id=text(of, "billId"),
                at_ms=ms(of.get("ts"), "ts"),
                symbol=listing.by_id[str(of["instId"])].symbol,
                amount=number(of, "pnl"),
            )
            for payload in payloads
            for of in listed(payload)
            if of.get("type") == FUNDING and str(of.get("instId")) in listing.by_id
        ]

    def spot_requests(self) -> Sequence[Request]:
        """The trading account, in which coins lie beside what backs the positions."""
        return (read(BALANCE_PATH),)

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        """All currencies of it; what was borrowed is below nought."""
        return {text(of, "ccy"): number(of, "cashBal") for payload in payloads for of in currencies(payload)}

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """One for each instrument."""
        return [
            Request(
                api=("public",),
                method="GET",
                path=INTEREST,
                params={"instType": instrument_type(each.contract), "instId": each.id},
                window=INTEREST,
            )
            for each in instruments
        ]

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        """Contracts as our quantities."""
        found = []
        for payload in payloads:
            for of in listed(payload):
                instrument = listing.by_id.get(str(of.get("instId")))
                if instrument is not None:
                    held = quantity(above_nought(of, "oi"), instrument.contract)
                    at_ms = ms(of.get("ts"), "ts")
                    found.append(OpenInterest(at_ms=at_ms, symbol=instrument.symbol, quantity=held))
        return found
