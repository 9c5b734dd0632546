"""Funding that was paid, open interest, and coins held outright, at XT.

Sources: doc.xt.com, futures, "Get Fund Fee Information" (``cast``; below nought it was paid, which is
assumed) and "get the open position of a trading pair" (``openInterest`` in coins: ``openInterestUsd`` of the
example is as many times the price of one); spot, "Get a user's asset list" (names in small letters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.core.facts import OpenInterest
from bot.venues.live.dialects.xt.spelling import PRIVATE, PUBLIC, page, result, side_of, text_of, time_of
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Listing, Payload, Payment
from bot.venues.live.wire import Request

PAYMENTS = "future/user/v1/balance/funding-rate-list"
INTEREST = "future/market/v1/public/contract/open-interest"
SPOT, SPOT_PATH = ("private", "spot"), "balances"
A_PAGE = 100


class XtBeside:
    """See ``Beside``."""

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        """One for each symbol: XT wants one named."""
        return [
            Request(
                api=PRIVATE,
                method="GET",
                path=PAYMENTS,
                params={"symbol": each.id, "startTime": since_ms, "limit": A_PAGE},
            )
            for each in instruments
        ]

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        """XT tells the side, which is half of the account's positions."""
        return [
            Payment(
                venue_id=text_of(row.get("id"), "id"),
                at_ms=time_of(row.get("createdTime"), "createdTime"),
                symbol=listing.by_id[str(row["symbol"])].symbol,
                amount=exact(row.get("cast"), "cast"),
                side=side_of(row),
            )
            for payload in payloads
            for row in page(payload, "funding that was paid")[0]
            if str(row.get("symbol")) in listing.by_id
        ]

    def spot_requests(self) -> Sequence[Request]:
        """The wallet of the spot market."""
        return (Request(api=SPOT, method="GET", path=SPOT_PATH),)

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        """Available and frozen together."""
        found: dict[str, Decimal] = {}
        for payload in payloads:
            told = result(payload, "spot balances")
            assets = told.get("assets") if isinstance(told, Mapping) else None
            if not isinstance(assets, list) or not all(isinstance(row, Mapping) for row in assets):
                raise ValueError(f"spot balances: found {str(told)[:100]}, expected a list of assets")
            for row in assets:
                asset = text_of(row.get("currency"), "currency").upper()
                found[asset] = exact(row.get("totalAmount"), "totalAmount")
        return found

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """One for each symbol."""
        return [
            Request(api=PUBLIC, method="GET", path=INTEREST, params={"symbol": each.id})
            for each in instruments
        ]

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        """In coins."""
        found = []
        for payload in payloads:
            row = result(payload, "open interest")
            if not isinstance(row, Mapping) or str(row.get("symbol")) not in listing.by_id:
                raise ValueError(f"open interest: found {str(row)[:100]}, expected that of a listed symbol")
            symbol = listing.by_id[str(row["symbol"])].symbol
            told = positive(row.get("openInterest"), "openInterest")
            at_ms = time_of(row["time"], "time") if "time" in row else now_ms
            found.append(OpenInterest(at_ms=at_ms, symbol=symbol, quantity=told))
        return found
