"""Hears every message of an account's streams, before ccxt does, and leaves facts in the inbox at once.

What is not watched is not let through, nor what changes nothing: some streams tell of every symbol there is,
every second. A message that makes no sense is dropped and counted. A mark that is hard to believe is held
until a second source has been asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Protocol

from bot.core.facts import (
    MET,
    BarClosed,
    Book,
    Fact,
    FundingRate,
    LastPrice,
    MarkPrice,
    OpenInterest,
    Outcome,
)
from bot.core.types import ClientId, Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.corroboration import Corroboration
from bot.venues.live.datagate import Judgement, Source
from bot.venues.live.flaws import Flaws
from bot.venues.live.rates import capped
from bot.venues.live.terms import Payload
from bot.venues.port import Batch

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError)
_OF_A_MARKET = (LastPrice, FundingRate, BarClosed, Book, OpenInterest)
MET_MAX = 200
"""Orders that were met that are remembered."""


class Inbox(Protocol):
    """Where facts are left."""

    async def put(self, batch: Batch) -> None:
        """Leave a batch; waits while there is no room."""
        ...

    def put_now(self, batch: Batch) -> None:
        """Leave a batch from where nobody can wait."""
        ...


class Ear:
    """What is heard of one account and its markets.

    ``marks_ms`` is when each watched symbol's latest mark holds for, by our clock; ``heard_ms`` when
    anything at all was heard.
    """

    def __init__(
        self,
        connection: Connection,
    ) -> None:
        self.symbols: Collection[Symbol] = frozenset()
        self.marks_ms: dict[Symbol, int] = {}
        self.heard_ms = 0
        self.hint: Callable[[], None] = lambda: None
        """Told that the account changed."""
        self.passed_on: Callable[[], None] = lambda: None
        """Told of a log-in, a subscription or a pong."""
        self.link_down: Callable[[str], None] = lambda _: None
        """Told why the private stream is dead although its connection is not."""
        self.flaws = Flaws(connection.say)
        self.corroboration = Corroboration(connection)
        self._account = connection.account
        self._streams = connection.dialect.streams
        self._listing = connection.listing
        self._clock = connection.wires.clock
        self._now_ms = connection.now_ms
        self._last_ms: dict[Symbol, int] = {}
        """Of each symbol's latest traded price, by the exchange's clock."""
        self.funding: dict[Symbol, tuple[Decimal, int]] = {}
        """Of each symbol the rate of the next settlement, and when that is."""
        self.met: deque[ClientId] = deque(maxlen=MET_MAX)
        """Orders of ours of which it was told that they were met."""
        self._inbox: Inbox | None = None

    def open(self, inbox: Inbox) -> None:
        """From now on facts go there."""
        self._inbox = inbox

    def hears(self, message: Payload) -> bool:
        """Take in one message; whether ccxt is to have it as well."""
        self.heard_ms = self._now_ms()
        try:
            heard = self._streams.hear(self._account, message, self._listing, self._clock.now_ms())
        except _MALFORMED as error:
            self._make_no_sense(f"{type(error).__name__}: {error}")
            return False
        if heard.flaw:
            self._make_no_sense(heard.flaw)
        indices = heard.indices
        for fact in heard.facts:
            if type(fact) is MarkPrice:
                self._hear_mark(fact, indices.get(fact.symbol))
            else:
                self._leave(fact)
        if heard.account:
            self.hint()
        if heard.link_down:
            self.link_down(heard.link_down)
        if heard.pass_on:
            self.passed_on()
        return heard.pass_on

    async def corroborate(self) -> None:
        """Ask a second source about what is hard to believe, for ever."""
        await self.corroboration.run(lambda: self.symbols, self._settled)

    def _settled(self, judged: Judgement) -> None:
        if judged.mark is None:
            return
        if judged.streamed:
            self.marks_ms[judged.mark.symbol] = judged.mark.at_ms
        if self._inbox is not None:
            self._inbox.put_now((judged.mark,))

    def _hear_mark(self, fact: MarkPrice, index: Decimal | None) -> None:
        if fact.symbol not in self.symbols:
            return
        if not self._is_of_now(fact):
            self.corroboration.refuse(fact.symbol)
            return
        found = self.corroboration.admit(self._clock.ours(fact), index, Source.STREAM)
        if found is not None:
            self.marks_ms[found.symbol] = found.at_ms
            if self._inbox is not None:
                self._inbox.put_now((found,))

    def _make_no_sense(self, flaw: str) -> None:
        self.flaws.note("a stream", flaw)
        self.corroboration.senseless(flaw)

    def _leave(self, fact: Fact) -> None:
        if isinstance(fact, _OF_A_MARKET):
            if fact.symbol not in self.symbols:
                return
            if isinstance(fact, LastPrice):
                if not (self._is_of_now(fact) and self._is_next(fact)):
                    return
                fact = self._clock.ours(fact)
                self.corroboration.trade(fact)
            elif isinstance(fact, FundingRate):
                fact = capped(fact, self.flaws.counting("a stream"))
                if not self._is_news(fact):
                    return
        elif isinstance(fact, Outcome) and fact.proof == MET:
            self.met.append(fact.client_id)
        if self._inbox is not None:
            self._inbox.put_now((fact,))

    def _is_of_now(self, fact: MarkPrice | LastPrice) -> bool:
        """Neither of a time that is still to come, nor a mark that was held up for long."""
        if self._clock.is_ahead(fact.at_ms):
            when = "a price of {}, which is still to come"
        elif isinstance(fact, MarkPrice) and self._clock.is_past(fact.at_ms):
            when = "a mark of {}, which is long ago"
        else:
            return True
        self.flaws.note("a stream", f"{fact.symbol}: {when.format(fact.at_ms)}")
        self._clock.doubt()
        return False

    def _is_next(self, fact: LastPrice) -> bool:
        """Neither twice, nor overtaken on its way."""
        if fact.at_ms <= self._last_ms.get(fact.symbol, 0):
            return False
        self._last_ms[fact.symbol] = fact.at_ms
        return True

    def _is_news(self, fact: FundingRate) -> bool:
        said = fact.rate, fact.next_ms
        if self.funding.get(fact.symbol) == said:
            return False
        self.funding[fact.symbol] = said
        return True
