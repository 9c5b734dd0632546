"""The streams of Binance: which calls of ccxt.pro hold them open, and what ccxt's client has to be told.

Marks of USD-M come as one array a second with every symbol. ``watch_balance`` is the one call for the private
stream: it gets a listen key, connects, and sends nothing else; every private event comes over that
connection, whatever the call is named after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.facts import Link
from bot.core.types import AccountName
from bot.venues.live.dialects.binance.frames import heard
from bot.venues.live.dialects.binance.reading import interval_of
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.terms import Heard, Listing, Payload, Subscription, Wanted

RECV_WINDOW_MS = 3_000
KEEP_ALIVE_MS = 5_000
"""ccxt notices a dead connection after three of these; its default of 180 s makes nine minutes."""


@dataclass(frozen=True, slots=True)
class BinanceStreams:
    """The streams of one interface."""

    section: Section

    def client_options(self) -> Mapping[str, Any]:
        """No reading at the spot host while markets load, no snapshots of ccxt's own, short windows."""
        return {
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "defaultType": "swap",
                "recvWindow": RECV_WINDOW_MS,
                "fetchOpenOrders": {"warnWithoutSymbol": False},
                "createOrder": {"warnOnSTPForInverse": False},
                "watchBalance": {"fetchBalanceSnapshot": False, "awaitBalanceSnapshot": False},
                "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
            },
            "streaming": {"keepAlive": KEEP_ALIVE_MS},
        }

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        """Marks with funding, last prices, and what else is wanted; one connection each."""
        symbols = [symbol for symbol in wanted.symbols if symbol in listing.by_symbol]
        if not symbols:
            return ()
        marked = None if self.section.mark_array else symbols
        bars = [[symbol, interval_of(timeframe)] for symbol in symbols for timeframe in wanted.timeframes_ms]

        async def marks(client: Any) -> object:  # noqa: ANN401 - a client of ccxt, which has no types of its own
            return await client.watch_mark_prices(marked)

        async def last(client: Any) -> object:  # noqa: ANN401
            return await client.watch_tickers(symbols)

        async def closes(client: Any) -> object:  # noqa: ANN401
            return await client.watch_ohlcv_for_symbols(bars)

        async def book(client: Any) -> object:  # noqa: ANN401
            return await client.watch_bids_asks(symbols)

        found = [
            Subscription(name="marks", link=Link.MARKET, start=marks),
            Subscription(name="last prices", link=Link.MARKET, start=last),
        ]
        if bars:
            found.append(Subscription(name="bars", link=Link.MARKET, start=closes))
        if wanted.book:
            found.append(Subscription(name="book", link=Link.MARKET, start=book))
        return found

    def private_streams(self) -> Sequence[Subscription]:
        """The one private stream."""

        async def account(client: Any) -> object:  # noqa: ANN401
            # A key that ran out stays in ccxt's options and would be dialled with for ever. Asking anew gives
            # the key that is still good, or a new one.
            client.options[self.section.private_kind] = {"listenKey": None, "lastAuthenticatedTime": 0}
            return await client.watch_balance()

        return (Subscription(name="account", link=Link.ACCOUNT, start=account),)

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        """What one message says."""
        return heard(self.section, account, message, listing)
