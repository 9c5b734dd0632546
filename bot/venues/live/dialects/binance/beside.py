"""Funding that was paid, open interest, and coins held outright, at Binance.

Sources: developers.binance.com, derivatives, "Get Income History" (USD-M and COIN-M) and "Open Interest". The
history does not tell whose side paid nor at which rate. Spot, "Account information": its weight counts in a
window of the spot market's own, which is counted here with the futures' to be safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import OpenInterest
from bot.venues.live.dialects.binance.payloads import MALFORMED, moment, rows, table
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Instrument, Listing, Payload, Payment
from bot.venues.live.wire import Param, Request

FUNDING = "FUNDING_FEE"
INCOME_MAX = 1000
INCOME_WEIGHT = 30
"""USD-M's; COIN-M's is less."""
SPOT_WEIGHT = 20


@dataclass(frozen=True, slots=True)
class BinanceBeside:
    """The readings of one interface."""

    section: Section

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        """All symbols at once: one of them costs as much."""
        asked: dict[str, Param] = {"incomeType": FUNDING, "startTime": since_ms, "limit": INCOME_MAX}
        return (self.section.read("income", asked, weight=INCOME_WEIGHT),)

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        """``ValueError`` for a row that makes no sense: one that is left out would be missed for ever."""
        found = []
        for payload in payloads:
            for row in rows(payload, "income"):
                try:
                    instrument = listing.by_id.get(row["symbol"])
                    if instrument is None or row["incomeType"] != FUNDING:
                        continue
                    payment = Payment(
                        venue_id=f"{instrument.id} {int(row['tranId'])}",
                        at_ms=moment(row["time"], "time"),
                        symbol=instrument.symbol,
                        amount=exact(row["income"], "income"),
                    )
                except MALFORMED as error:
                    raise ValueError(f"income: {type(error).__name__} {error!s:.160}") from error
                found.append(payment)
        return found

    def spot_requests(self) -> Sequence[Request]:
        """The wallet of the spot market; what was lent, staked or saved is in others."""
        asked: dict[str, Param] = {"omitZeroBalances": True}
        return (self.section.read("account", asked, weight=SPOT_WEIGHT, api=("private",)),)

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        """Free and in orders together."""
        found: dict[str, Decimal] = {}
        for payload in payloads:
            try:
                for row in rows(table(payload, "spot account")["balances"], "balances"):
                    held = exact(row["free"], "free") + exact(row["locked"], "locked")
                    found[str(row["asset"])] = held
            except MALFORMED as error:
                raise ValueError(f"spot account: {type(error).__name__} {error!s:.160}") from error
        return found

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """One for each symbol."""
        return [self.section.look("openInterest", {"symbol": each.id}) for each in instruments]

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        """Coins on USD-M, contracts on COIN-M."""
        found = []
        for payload in payloads:
            row = table(payload, "open interest")
            try:
                instrument = listing.by_id[row["symbol"]]
                told = positive(row["openInterest"], "openInterest")
                at_ms = moment(row["time"], "time")
            except MALFORMED as error:
                raise ValueError(f"open interest: {type(error).__name__} {error!s:.160}") from error
            quantity = self.section.received(told, instrument.contract)
            found.append(OpenInterest(at_ms=at_ms, symbol=instrument.symbol, quantity=quantity))
        return found
