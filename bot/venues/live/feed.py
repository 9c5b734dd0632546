"""Brings the facts of one account: streams as they come, the account as it is read, outcomes found out late.

Streams are hints and REST is the truth. Whatever a private stream says leads to a reading; readings go on by
themselves as well, and faster where a threshold is near.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from bot.core.facts import Link, LinkChanged
from bot.core.held.spot import pricing
from bot.core.types import Symbol
from bot.venues.live.bars import Bars
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.funding import FundingPayments
from bot.venues.live.interest import OpenInterestPoll
from bot.venues.live.line import Unreadable
from bot.venues.live.listing_watch import ListingWatch
from bot.venues.live.market_watch import MarketWatch
from bot.venues.live.met_orders import MetOrders
from bot.venues.live.setup_watch import SetupWatch
from bot.venues.live.spot import SpotPoll
from bot.venues.live.streams import StreamKeeper
from bot.venues.live.terms import Wanted
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Urgency

CALM_MS, NEAR_MS = 9_000, 2_000
"""How often the account is read by itself: usually, and where a threshold is near. Whatever no stream tells,
a key that was revoked among it, is known ten seconds later, the answer's time included."""
DEBOUNCE_MS, GAP_MS = 50, 250
"""How long a hint waits for others, and the least time between the beginnings of two readings.

More where the exchange's limits allow no more."""
TAKES_MS = 1_000
"""A reading takes no longer than this, unless it has to wait at the gate."""
PROBE_MS = 60_000
"""How often a key that is not accepted is tried."""
AFRESH_MS = 5_000
"""How long after a start of the private stream every sign of life of it counts as a hint."""
BLIND_MS = 15_000
"""Age of the last reading of the account beyond which its link is down; more where it is read more slowly."""
WATCH_MS = 1_000
"""How often that is looked at."""
BANNED = "the exchange lets nobody pass"
HALF = 0.5
"""How much of what background may use is for reading the account."""
EXPIRY_MS = 3_600_000
"""How long at most until what is watched is looked through for what has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """Market data beside marks, funding and last prices."""

    timeframes_ms: tuple[int, ...] = ()
    book: bool = False
    open_interest: bool = False
    quarterlies: bool = False
    """Whether the dated contracts beside what is held are watched as well."""
    beside: frozenset[Symbol] = frozenset()
    """Contracts that are watched whether or not anything is held in them."""
    spot: bool = False
    """Whether the coins that are held outright are read, and their perpetuals watched."""


class Feed:
    """Everything that comes from the exchange by itself. ``run`` it as a feed of the shell."""

    def __init__(
        self,
        connection: Connection,
        venue: LiveVenue | None,
        *,
        wants: Wants | None = None,
        also: Collection[Symbol] = (),
        near: Callable[[], bool] = lambda: False,
    ) -> None:
        """Without a ``venue`` only the markets of ``also`` are watched.

        ``near`` says whether a threshold is near, so that the account is read more often.
        """
        self._account = connection.account
        self._dialect = connection.dialect
        self._listing = connection.listing
        self._wires = connection.wires
        self._venue = venue
        self._now_ms = connection.now_ms
        self._say = connection.say
        self._wants = wants or Wants()
        self._also = frozenset(also) | self._wants.beside
        self._near = near
        self._flaws = Flaws(connection.say)
        self._hinted = asyncio.Event()
        self._hinted_ms = 0
        """When the latest hint came."""
        self._afresh_ms = 0
        self._account_up = self._in_time = True
        self._refused = False
        """Whether our key was refused at the last reading."""
        self._unread_because = ""
        self._renewing = asyncio.Lock()
        self._bars = Bars(connection, self._wants.timeframes_ms)
        self.ear = Ear(connection)
        self.ear.hint = self._hint
        self.ear.passed_on = self._alive
        if venue is not None:
            venue.too_old = partial(self._too_old, venue)
            venue.reader.beside = self._also
        self._met = None if venue is None else MetOrders(connection, venue, self.ear)
        self._funding = None if venue is None else FundingPayments(connection, venue, self.ear)
        self._relisted = asyncio.Event()
        self._interest = OpenInterestPoll(connection, self.ear)
        self._spot = SpotPoll(connection, self._hint)
        self._market = StreamKeeper(connection, lambda: self._bars.want(self.ear.symbols))
        self._private = StreamKeeper(connection, self._afresh, None if venue is None else venue.key.accepted)
        self._listings = None if venue is None else ListingWatch(connection, venue, self.ear, self._hint)
        self._setup = None if venue is None else SetupWatch(connection, venue)
        if venue is not None and self._listings is not None:
            venue.refused = self._listings.heard_code
        self._watch = MarketWatch(connection, self.ear, self._renew)

    def relisted(self) -> None:
        """Somebody read another listing: watch what is wanted of it."""
        self._relisted.set()

    async def run(self, inbox: Inbox) -> None:
        """Bring facts until cancelled."""
        self.ear.open(inbox)
        self._wires.listen(self.ear.hears, self._alive)
        async with asyncio.TaskGroup() as group:
            self.ear.link_down = lambda why: self._link_down(why, group)
            group.create_task(self._watch.run(inbox), name="market watch")
            group.create_task(self.ear.corroborate(), name="corroboration")
            group.create_task(self._wires.keep_warm(), name="clock of the exchange")
            group.create_task(self._bars.run(inbox), name="bars")
            self._look_at_symbols(group)
            group.create_task(self._drop_what_expires(group), name="contracts that expire")
            if self._wants.open_interest:
                group.create_task(self._interest.run(inbox), name="open interest")
            if self._venue is not None:
                self._private.hold(self._dialect.streams.private_streams(), group)
                group.create_task(self._venue.resolve(inbox.put), name="open acts")
                assert self._met is not None, "an account whose orders nobody follows"
                assert self._funding is not None, "an account whose funding nobody reads"
                assert self._listings is not None, "an account whose contracts nobody reads"
                assert self._setup is not None, "an account whose setup nobody reads"
                group.create_task(self._setup.run(inbox), name="the setup of the account")
                group.create_task(self._listings.run(inbox), name="the list of contracts")
                if self._wants.spot:
                    group.create_task(self._spot.run(inbox), name="coins held outright")
                group.create_task(self._met.run(inbox), name="orders that were met")
                group.create_task(self._funding.run(inbox), name="funding that was paid")
                group.create_task(self._read_for_ever(inbox, group), name="account")
                group.create_task(self._watch_account(self._venue, inbox), name="account watch")

    # -- the account --------------------------------------------------------------------------------

    async def _read_for_ever(self, inbox: Inbox, group: asyncio.TaskGroup) -> None:
        venue = self._venue
        assert venue is not None, "only an account can be read"
        wait_ms = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_ms / 1000):
                    await self._hinted.wait()
                await asyncio.sleep(DEBOUNCE_MS / 1000)
            began_ms = self._now_ms()
            hinted = self._hinted.is_set()
            self._hinted.clear()
            # What an action of ours changed has been read back by whoever carried it out.
            known = hinted and self._hinted_ms < venue.reader.complete_ms
            rest_ms = 0 if known else await self._read(venue, inbox)
            self._refused = rest_ms > 0
            # From its beginning on; one that had to wait for its turn does not bring the next one nearer.
            ended_ms = self._now_ms()
            counts_ms = began_ms if ended_ms - began_ms <= TAKES_MS else ended_ms
            self._look_at_symbols(group)
            await asyncio.sleep(rest_ms / 1000)
            # A strategy that trades without end hints without end: stops and hedges need the exchange too.
            gap_ms = max(GAP_MS, self._cost_ms(venue))
            await asyncio.sleep(max(0, began_ms + gap_ms - self._now_ms()) / 1000)
            wait_ms = max(0, counts_ms + self._pace_ms(venue) - self._now_ms())

    async def _read(self, venue: LiveVenue, inbox: Inbox) -> int:
        """One reading; how long to leave the exchange alone because it refuses our key, 0 where it does not.

        A key that was refused is tried with a single request first. Where nothing comes of that, nothing was
        said of the key: it is tried again soon, and still with a single one.
        """
        self._refused = self._refused or not venue.key.accepted.is_set()  # Somebody else may have been told.
        try:
            if self._refused:
                await venue.reader.probe(Urgency.ACCOUNT)
                self._refused = False
            batch = await venue.reread()
        except Unreadable as error:
            self._flaws.note("the account", str(error))
            if venue.key.shown_by(error):
                lost = venue.key.news(error)
                if lost:
                    await inbox.put(lost)
                return PROBE_MS
            self._unread_because = f": {error}"
            return CALM_MS if self._refused else 0
        if self._listings is not None:
            self._listings.compare(venue.state)
        self._unread_because = ""
        if not self._account_up and not self._too_old(venue):  # The last answers before a ban end no ban.
            self._account_up = True
            # As old as the reading that shows it: what it tells is the account since then.
            back = self._link(venue.reader.began_ms, up=True, because="the account can be read again")
            batch = (back, *batch)
        if batch:
            await inbox.put(batch)
        return 0

    async def _watch_account(self, venue: LiveVenue, inbox: Inbox) -> None:
        """Tell that the account is not read, whatever the reason, or that nothing may be sent. Runs for ever.

        A reading need not fail for that: during a ban it waits for hours, and nobody would hear of it.
        """
        while True:
            await asyncio.sleep(WATCH_MS / 1000)
            for link in (self._unread(venue), self._clock_link()):
                if link is not None:
                    await inbox.put((link,))

    def _unread(self, venue: LiveVenue) -> LinkChanged | None:
        """That the account's link is down, once."""
        because = self._too_old(venue)
        if not because or not self._account_up or self._refused:
            return None
        self._account_up = False
        return self._link(self._now_ms(), up=False, because=because)

    def _clock_link(self) -> LinkChanged | None:
        """That our clock and the exchange's came apart, or agree again."""
        apart = self._wires.clock.apart
        if self._in_time is (not apart):
            return None
        self._in_time = not apart
        if self._in_time:
            self._hint()
        return LinkChanged(
            at_ms=self._now_ms(),
            account=self._account,
            link=Link.CLOCK,
            up=self._in_time,
            because=apart or "the clocks agree again",
        )

    def _too_old(self, venue: LiveVenue) -> str:
        """Since when the account is not known any more; empty while it is."""
        age_ms = self._now_ms() - venue.reader.began_ms
        banned = self._wires.gate.banned
        # In this order, because to see whether a threshold is near takes a look at everything.
        if not banned and (age_ms <= BLIND_MS or age_ms <= BLIND_MS + self._pace_ms(venue) - CALM_MS):
            return ""
        because = f"it was last read {age_ms / 1000:.0f} s ago{self._unread_because}"
        return f"{BANNED}, {because}" if banned else because

    def _pace_ms(self, venue: LiveVenue) -> int:
        """How long until the next reading by itself: no faster than the exchange's limits allow."""
        return max(NEAR_MS if self._near() else CALM_MS, self._cost_ms(venue))

    def _cost_ms(self, venue: LiveVenue) -> int:
        """How far apart readings must be to leave half of what background may use to others."""
        costs_ms: dict[str, int] = {}
        for request in venue.reader.requests:
            window = request.window
            costs_ms[window] = costs_ms.get(window, 0) + self._wires.gate.busy_ms(request, HALF)
        return max(costs_ms.values(), default=0)

    def _link(self, at_ms: int, *, up: bool, because: str) -> LinkChanged:
        return LinkChanged(at_ms=at_ms, account=self._account, link=Link.ACCOUNT, up=up, because=because)

    # -- the streams --------------------------------------------------------------------------------

    def _look_at_symbols(self, group: asyncio.TaskGroup) -> None:
        """Watch what is held now; a new symbol starts the market streams anew."""
        symbols = self._symbols()
        if symbols == self.ear.symbols:
            return
        self.ear.symbols = symbols
        wanted = Wanted(
            symbols=tuple(sorted(symbols)),
            timeframes_ms=self._wants.timeframes_ms,
            book=self._wants.book,
            open_interest=self._wants.open_interest,
        )
        self._market.hold(self._dialect.streams.streams(wanted, self._listing) if symbols else (), group)

    async def _drop_what_expires(self, group: asyncio.TaskGroup) -> None:
        """Look again as soon as something expires, for where no reading of an account does. Runs for ever."""
        while True:
            now_ms, listed = self._wires.clock.now_ms(), self._listing.by_symbol
            expiries_ms = [listed[s].contract.expiry_ms for s in self.ear.symbols if s in listed]
            waits_ms = [at_ms - now_ms for at_ms in expiries_ms if at_ms is not None and at_ms > now_ms]
            with suppress(TimeoutError):
                async with asyncio.timeout(min([EXPIRY_MS, *waits_ms]) / 1000):
                    await self._relisted.wait()
            self._relisted.clear()
            self._look_at_symbols(group)

    def _symbols(self) -> frozenset[Symbol]:
        """What is held, what was named and what may hedge it; of the latter two only what is traded.

        A contract stays known after its delivery, and is never marked again; one that is listed for next
        week or suspended is not marked either. What is held is watched whatever becomes of it: its margin
        counts until its delivery.
        """
        now_ms, listed = self._wires.clock.now_ms(), self._listing.by_symbol
        held = {p.id.symbol for p in self._venue.state.positions} if self._venue is not None else set()
        settled = {listed[symbol].contract.settlement for symbol in held}
        also = self._also | {pricing(asset, each) for asset in self._spot.assets for each in settled}
        if self._venue is not None:
            self._venue.reader.beside = also
        symbols = {s for s in held | also if s in listed}
        if self._wants.quarterlies:
            indices = {listed[s].contract.index for s in symbols}
            symbols |= {
                instrument.symbol
                for instrument in listed.values()
                if instrument.contract.expiry_ms is not None and instrument.contract.index in indices
            }
        contracts = {s: listed[s].contract for s in symbols}
        still = {s for s, each in contracts.items() if each.suspended or each.expired(now_ms)}
        return frozenset(symbols - (still - held))

    def _hint(self) -> None:
        self._hinted_ms = self._now_ms()
        self._hinted.set()

    def _afresh(self) -> None:
        """The private stream starts: what happened while it was gone is in none."""
        self._afresh_ms = self._now_ms()
        self._hint()

    def _alive(self) -> None:
        """A connection stands, or a log-in or subscription was answered."""
        if self._now_ms() - self._afresh_ms < AFRESH_MS:
            self._hint()

    def _link_down(self, why: str, group: asyncio.TaskGroup) -> None:
        self._say(f"the private stream is dead: {why}")
        group.create_task(self._renew(why), name="another client")

    async def _renew(self, why: str) -> None:
        """Another client; every stream starts anew on it by itself, because the old one's are closed."""
        if self._renewing.locked():
            return
        async with self._renewing:
            self._say(f"connecting anew: {why}")
            await self._wires.renew()
            self._hint()
            if self._listings is not None:
                self._listings.doubt()  # What has gone silent may be a market that is traded no more.
