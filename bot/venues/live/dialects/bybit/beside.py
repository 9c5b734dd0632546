"""Funding that was paid, open interest, and coins held outright, at Bybit.

Sources: bybit-exchange.github.io, v5, order/execution (``execType`` Funding, whose ``execFee`` is a fee:
above nought it was paid), market/tickers (``openInterest``: coins of linear, dollars of inverse ones) and
account/wallet-balance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.core.facts import OpenInterest
from bot.venues.live.dialects.bybit.account import WALLET_PATH, coins, read
from bot.venues.live.dialects.bybit.contracts import listed
from bot.venues.live.dialects.bybit.market import market_requests
from bot.venues.live.rows import above_nought, given, ms, number, row, text
from bot.venues.live.terms import Instrument, Listing, Payload, Payment
from bot.venues.live.wire import Request

FUNDING = "Funding"
A_PAGE = 100


class BybitBeside:
    """See ``Beside``."""

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        """By category; the list of executions goes back two years, a request of it seven days."""
        families = dict.fromkeys(each.family for each in instruments)
        path = "v5/execution/list"
        return [
            read(path, category=family, execType=FUNDING, startTime=since_ms, limit=A_PAGE)
            for family in families
        ]

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        """Whose side it was is not told: ``side`` of such a row is not explained anywhere."""
        return [
            Payment(
                venue_id=text(of, "execId"),
                at_ms=ms(of.get("execTime"), "execTime"),
                symbol=listing.by_id[str(of["symbol"])].symbol,
                amount=-number(of, "execFee"),
            )
            for payload in payloads
            for of in listed(payload)
            if of.get("execType") == FUNDING and str(of.get("symbol")) in listing.by_id
        ]

    def spot_requests(self) -> Sequence[Request]:
        """The unified wallet, in which coins lie beside what backs the positions."""
        return (read(WALLET_PATH, accountType="UNIFIED"),)

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        """All coins of it; what was borrowed is below nought."""
        return {
            text(of, "coin"): number(of, "walletBalance") for payload in payloads for of in coins(payload)
        }

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """It is in the tickers, which tell all symbols of a category at once."""
        return market_requests(instruments)

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        """A row without it (not trading yet) is left out."""
        found = []
        for payload in payloads:
            at_ms = ms(row(payload, "the answer").get("time"), "time")
            for of in listed(payload):
                instrument = listing.by_id.get(str(of.get("symbol")))
                if instrument is None or not given(of, "openInterest") or number(of, "openInterest") == 0:
                    continue
                quantity = above_nought(of, "openInterest")
                found.append(OpenInterest(at_ms=at_ms, symbol=instrument.symbol, quantity=quantity))
        return found
