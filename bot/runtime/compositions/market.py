"""The live market as the paper exchange sees it: what trades there, trades here.

Facts of the public streams pass through on their way to the inbox. Prices move the paper exchange, which
fills, charges and liquidates by them; funding is settled at the rate that was announced, when its time has
come. What the exchange does travels with the fact that caused it, so that the engine judges an event at the
price it happened at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.config import Settings
from bot.config.compose import PlannedPosition, market_model, opening
from bot.core.contracts import Contract
from bot.core.decisions import Action
from bot.core.facts import Fact, FundingRate, LastPrice, LinkChanged, MarkPrice
from bot.core.types import Symbol
from bot.runtime.clock import Clock
from bot.runtime.errors import ShellError
from bot.venues.live.ear import Inbox
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.model import PaperError
from bot.venues.port import Batch, Venue

GAP_MS = 60_000
"""After a silence of this long nobody knows how the price travelled: it counts as a jump."""
CALENDAR_MS = 1_000


class PaperMarket:
    """Moves a paper exchange by what is heard of the real one."""

    def __init__(
        self,
        exchange: PaperExchange,
        contracts: Mapping[Symbol, Contract],
        planned: Sequence[PlannedPosition],
        settings: Settings,
        now_ms: Callable[[], int],
    ) -> None:
        """``planned`` are opened at the first prices of their symbols."""
        self._exchange = exchange
        self._contracts = dict(contracts)
        self._planned = list(planned)
        self._settings = settings
        self._now_ms = now_ms
        self._prices: dict[Symbol, _Prices] = {}
        self._funding: dict[Symbol, FundingRate] = {}
        self._delivered: set[Symbol] = set()

    def heard(self, batch: Batch) -> list[Batch]:
        """What the engine hears of a batch: its facts, and what they did at the paper exchange."""
        heard: list[Batch] = []
        for fact in batch:
            match fact:
                case MarkPrice(symbol=symbol) if symbol in self._contracts:
                    self._known(symbol).mark = fact
                    heard += _with(fact, self._move(symbol))
                case LastPrice(symbol=symbol) if symbol in self._contracts:
                    self._known(symbol).last = fact
                    heard += _with(fact, self._move(symbol))
                case FundingRate(symbol=symbol) if symbol in self._contracts:
                    heard += _with(fact, self._settle(fact))
                case LinkChanged(up=True):
                    # What comes back counts from a reading on, and nobody reads a paper account by himself.
                    heard.append((fact, *self.snapshot()))
                case _:
                    heard.append((fact,))
        return heard

    def snapshot(self) -> Batch:
        """The account as it is now."""
        return self._exchange.snapshot(self._now_ms())

    def expire(self) -> list[Batch]:
        """Deliver the dated contracts whose day has come, at their last mark."""
        now_ms = self._now_ms()
        heard: list[Batch] = []
        for symbol, contract in self._contracts.items():
            prices = self._prices.get(symbol)
            due = contract.expired(now_ms) and symbol not in self._delivered
            if due and prices is not None and prices.mark is not None:
                self._delivered.add(symbol)
                heard += self._exchange.deliver(now_ms, symbol, prices.mark.price)
        return heard

    def enlist(self, contract: Contract) -> list[Batch]:
        """The exchange lists a contract more: it can be traded here, too."""
        self._contracts[contract.symbol] = contract
        model = market_model(self._settings, self._contracts)
        return list(self._exchange.listing.enlist(self._now_ms(), contract, model))

    # -- inside -------------------------------------------------------------------------------------

    def _known(self, symbol: Symbol) -> _Prices:
        return self._prices.setdefault(symbol, _Prices())

    def _move(self, symbol: Symbol) -> list[Batch]:
        prices, now_ms = self._known(symbol), self._now_ms()
        if prices.mark is None:
            return []  # Nothing is judged, and nothing opened, before the first mark.
        mark = prices.mark.price
        # Until something has traded the mark stands for it.
        last = mark if prices.last is None else prices.last.price
        gap = now_ms - prices.moved_ms > GAP_MS
        prices.moved_ms = now_ms
        batches = list(self._exchange.move(now_ms, symbol, mark, last, gap=gap))
        return [*batches, *self._opened(symbol, now_ms)] if self._planned else batches

    def _opened(self, symbol: Symbol, now_ms: int) -> list[Batch]:
        """Open what is planned in a symbol, at its first prices."""
        due = [each for each in self._planned if each.id.symbol == symbol]
        batches: list[Batch] = []
        for planned in due:
            self._planned.remove(planned)
            prices = self._known(symbol)
            assert prices.mark is not None, f"{symbol}: opened without a price"
            first = prices.mark.price if prices.last is None else prices.last.price
            try:
                batches += self._exchange.open(
                    now_ms, opening(self._settings, planned, self._contracts[symbol], first)
                )
            except PaperError as error:
                place = str(self._settings.origin(planned.key))
                raise ShellError(place, str(error), "change the position or the balance") from error
        return batches

    def _settle(self, fact: FundingRate) -> list[Batch]:
        """Settle at the rate that held until now, once the exchange announces the next one."""
        before = self._funding.get(fact.symbol)
        self._funding[fact.symbol] = fact
        prices = self._prices.get(fact.symbol)
        due = before is not None and before.next_ms < fact.next_ms and before.next_ms <= self._now_ms()
        if not due or before is None or prices is None or prices.mark is None:
            return []
        return list(self._exchange.settle_funding(self._now_ms(), fact.symbol, before.rate))


class _Prices:
    """What is known of one symbol."""

    __slots__ = ("last", "mark", "moved_ms")

    def __init__(self) -> None:
        self.mark: MarkPrice | None = None
        self.last: LastPrice | None = None
        self.moved_ms = 0


def _with(fact: Fact, effects: Sequence[Batch]) -> list[Batch]:
    """The fact together with what it did."""
    if not effects:
        return [(fact,)]
    return [(fact, *effects[0]), *effects[1:]]


class MarketEar:
    """Where the public feed leaves its facts: they go through the paper exchange into the inbox."""

    def __init__(self, market: PaperMarket, inbox: Inbox) -> None:
        """Everything ``market`` makes of it goes to ``inbox``."""
        self._market = market
        self._inbox = inbox

    async def put(self, batch: Batch) -> None:
        """Let the exchange hear it, then the engine."""
        for heard in self._market.heard(batch):
            await self._inbox.put(heard)

    def put_now(self, batch: Batch) -> None:
        """The same from where nobody can wait."""
        for heard in self._market.heard(batch):
            self._inbox.put_now(heard)


async def keep_calendar(
    market: PaperMarket, clock: Clock, recovering: Callable[[], bool], inbox: Inbox
) -> None:
    """Deliver what expires, and tell the account while somebody is ``recovering``. Runs for ever.

    A real account is read again and again, and after a standstill that is what brings it back.
    """
    while True:
        await clock.sleep(CALENDAR_MS)
        if recovering():
            await inbox.put(market.snapshot())
        for batch in market.expire():
            await inbox.put(batch)


class DistantVenue:
    """A venue to which every action is on its way for ``latency_ms``."""

    def __init__(self, venue: Venue, sleep: Callable[[int], Awaitable[None]], latency_ms: int) -> None:
        """Nothing is on its way yet."""
        self._venue = venue
        self._sleep = sleep
        self._latency_ms = latency_ms

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry the action out when it has arrived."""
        if self._latency_ms:
            await self._sleep(self._latency_ms)
        return await self._venue.execute(action)

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now."""
        return await self._venue.snapshot()
