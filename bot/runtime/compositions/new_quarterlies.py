"""Quarterlies that the exchange lists while a paper run goes on: there is one contract more to hedge with.

Of a real account the listing is read by ``venues.live.listing_watch``, with all that may change in it. A
paper exchange keeps the contracts it began with, and takes up only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bot.config import ConfigError
from bot.core.types import Symbol
from bot.runtime.clock import Clock
from bot.runtime.compositions.market import PaperMarket
from bot.runtime.starting.findings import Market
from bot.venues.calendar import undated
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Inbox
from bot.venues.live.line import Unreadable
from bot.venues.live.terms import Listing

EVERY_MS = 3_600_000


def quarterlies(symbols: Iterable[Symbol], markets: Mapping[str, Market]) -> list[Symbol]:
    """The dated contracts of the same coins as ``symbols`` that are traded now, those among them left out."""
    known = set(symbols)
    return [
        Symbol(symbol)
        for symbol, market in sorted(markets.items())
        # By its type and not by its expiry: XT gives its perpetuals one.
        if market.get("type") == "future" and market.get("active") and undated(Symbol(symbol)) in known
        if symbol not in known
    ]


class Reading(Protocol):
    """Reads the public part of an exchange."""

    async def markets(self) -> Mapping[str, Market]:
        """What it lists now; ``Unreadable`` where that cannot be read."""
        ...

    async def instruments(self, symbols: Sequence[Symbol], markets: Mapping[str, Market]) -> Listing:
        """The contracts of these; ``ConfigError`` for one of which nobody knows the tiers."""
        ...


class NewQuarterlies:
    """Looks once an hour whether there are any. ``watch`` is told when the listing has become longer."""

    def __init__(
        self, market: PaperMarket, connection: Connection, reading: Reading, watch: Callable[[], None]
    ) -> None:
        self._market = market
        self._listing = connection.listing
        self._reading = reading
        self._watch = watch
        self._say = connection.say
        self._beside = frozenset(self._listing.by_symbol)
        self._refused: set[Symbol] = set()
        """Those nothing is known of, which people have been told."""

    async def run(self, clock: Clock, inbox: Inbox) -> None:
        """Runs for ever."""
        while True:
            await clock.sleep(EVERY_MS)
            try:
                await self.look(inbox)
            except Unreadable as error:
                self._say(f"the list of contracts: {error}")

    async def look(self, inbox: Inbox) -> None:
        """Take up what is new."""
        markets = await self._reading.markets()
        known = self._listing.by_symbol.keys() | self._refused
        for symbol in quarterlies(self._beside, markets):
            if symbol in known:
                continue
            try:
                found = await self._reading.instruments([symbol], markets)
            except ConfigError as error:
                self._refused.add(symbol)
                self._say(f"{symbol} is listed and cannot be hedged with: {error}")
                continue
            self._listing.become(found)
            for batch in self._market.enlist(found.by_symbol[symbol].contract):
                await inbox.put(batch)
            self._watch()
