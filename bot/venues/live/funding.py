"""Funding that was settled on what an account holds, read back from the exchange's own records.

Private streams tell it differently or, for cross positions, without the symbol, and lose it where they are
cut off at that moment. The records tell it of every exchange. They are asked after each settlement, and
again, because an exchange takes up to a minute to book it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from bot.core.facts import FundingPaid
from bot.core.types import PositionId, Side, Symbol
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.flaws import Flaws
from bot.venues.live.line import Unreadable
from bot.venues.live.terms import AccountState, Payload, Payment
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Urgency

LOOK_MS = 1_000
ASK_AFTER_MS = (10_000, 30_000, 75_000)
"""How long after a settlement it is asked for: the first finds it mostly, the last should find it always."""
EARLIER_MS = 60_000
"""Records may bear a time this much before that of the settlement."""
REMEMBERED_MAX = 5_000
"""Payments that are not told again."""


class FundingPayments:
    """Tells of funding that was settled."""

    def __init__(self, connection: Connection, venue: LiveVenue, ear: Ear) -> None:
        """``ear`` knows when the next settlements are, ``venue`` what is held and whether our key is good."""
        self._account = connection.account
        self._beside = connection.dialect.beside
        self._listing = connection.listing
        self._line = connection.wires.reads
        self._now_ms = connection.now_ms
        self._flaws = Flaws(connection.say)
        self._reader = venue.reader
        self._key = venue.key
        self._ear = ear
        self._next: dict[Symbol, tuple[Decimal, int]] = {}
        """The rate and the time of the next settlement of what is held."""
        self._settled: dict[Symbol, Decimal] = {}
        """The rate that was announced for the last settlement."""
        self._sides: dict[Symbol, frozenset[Side]] = {}
        """What is held, or was held last."""
        self._held: tuple[Symbol, ...] = ()
        self._held_in: AccountState | None = None
        """The account as it was when that was looked up."""
        self._asks: set[tuple[int, int]] = set()
        """When to ask, and for the settlement of which time."""
        self._told: deque[str] = deque(maxlen=REMEMBERED_MAX)

    async def run(self, inbox: Inbox) -> None:
        """Runs for ever."""
        while True:
            await asyncio.sleep(LOOK_MS / 1000)
            await self.look(inbox)

    async def look(self, inbox: Inbox) -> None:
        """Take note of settlements whose time has come, and ask for those that are due once our key may."""
        now_ms = self._now_ms()
        self._note(now_ms)
        due = {ask for ask in self._asks if ask[0] <= now_ms}
        if due and self._key.accepted.is_set():
            self._asks -= due
            await self._ask(min(settled_ms for _, settled_ms in due) - EARLIER_MS, inbox)

    # -- inside -------------------------------------------------------------------------------------

    def _note(self, now_ms: int) -> None:
        if self._reader.state is not self._held_in:
            self._look_up(self._reader.state)
        for symbol, (rate, next_ms) in list(self._next.items()):
            if next_ms <= now_ms:
                self._settled[symbol] = rate
                self._asks.update((next_ms + after_ms, next_ms) for after_ms in ASK_AFTER_MS)
            if next_ms <= now_ms or symbol not in self._held:
                del self._next[symbol]
        for symbol in self._held:
            heard = self._ear.funding.get(symbol)
            if heard is not None and heard[1] > now_ms:
                self._next[symbol] = heard

    def _look_up(self, state: AccountState) -> None:
        """What is held, and on which sides."""
        held: dict[Symbol, set[Side]] = {}
        for position in state.positions:
            held.setdefault(position.id.symbol, set()).add(position.id.side)
        self._sides |= {symbol: frozenset(sides) for symbol, sides in held.items()}
        self._held, self._held_in = tuple(held), state

    async def _ask(self, since_ms: int, inbox: Inbox) -> None:
        listed = self._listing.by_symbol
        asked = [listed[symbol] for symbol in sorted(self._sides) if symbol in listed]
        payloads: list[Payload] = []
        try:
            for request in self._beside.payment_requests(asked, since_ms):
                payloads += await self._line.pages(request, Urgency.MARKET)
            payments = self._beside.payments(payloads, self._listing)
        except (Unreadable, ValueError, KeyError) as error:
            self._flaws.note("funding that was paid", str(error))
            lost = self._key.news(error) if isinstance(error, Unreadable) else ()
            if lost:
                await inbox.put(lost)
            return
        facts = [fact for each in self._new(payments) if (fact := self._fact(each)) is not None]
        if facts:
            await inbox.put(facts)

    def _new(self, payments: Sequence[Payment]) -> list[Payment]:
        new = [each for each in payments if each.venue_id not in self._told]
        self._told.extend(each.venue_id for each in new)
        return sorted(new, key=lambda each: (each.at_ms, each.venue_id))

    def _fact(self, payment: Payment) -> FundingPaid | None:
        rate = self._settled.get(payment.symbol) if payment.rate is None else payment.rate
        side = payment.side or self._side(payment, rate)
        if side is None:
            self._flaws.note("funding that was paid", f"{payment.symbol}: nobody knows on which side")
            return None
        id_ = PositionId(self._account, payment.symbol, side)
        return FundingPaid(at_ms=payment.at_ms, id=id_, rate=rate, amount=payment.amount)

    def _side(self, payment: Payment, rate: Decimal | None) -> Side | None:
        """The side that is held; of two the one that the sign fits, because longs pay a rate above nought."""
        sides = self._sides.get(payment.symbol, frozenset())
        if len(sides) == 1:
            return next(iter(sides))
        if not sides or not rate:
            return None
        return Side.LONG if (rate > 0) is (payment.amount < 0) else Side.SHORT
