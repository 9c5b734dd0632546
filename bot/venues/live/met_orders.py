"""Conditional orders of ours that rest no longer without our doing: how each of them ended.

Private streams tell what an order that was met has traded, but XT's say nothing of conditional orders, and
any stream may be lost just when the market falls. So it is looked up, and nothing that closed a position goes
unexplained. Where the position is still there it is looked up at once: a stop the trader cancelled, one that
the exchange ended, and one that was met and has not closed the position want different things.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import MET, Fact, OrderEnded, Outcome, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.types import OUR_PREFIX, ZERO, Order
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.line import Unreadable
from bot.venues.live.looking import Lookout
from bot.venues.live.terms import AccountState, OrderState
from bot.venues.live.venue import LiveVenue

GRACE_MS = 1_000
"""How long a stream is given to tell it by itself; as far apart are two looks."""
LOOKS = 10
"""After so many looks without an answer it is left."""


@dataclass(slots=True, eq=False)
class _Gone:
    order: Order
    look_ms: int
    looks_left: int = LOOKS
    told: bool = False
    """Whether it was told that it was met and its position is still there."""


class MetOrders:
    """Looks up what became of orders that are gone, and tells of it."""

    def __init__(self, connection: Connection, venue: LiveVenue, ear: Ear) -> None:
        """It hears of every reading of ``venue``, and from ``ear`` what the streams have told."""
        venue.reader.changed = self.compare
        self._reader = venue.reader
        self._key = venue.key
        self._withdrawn = venue.withdrawn
        self._ear = ear
        self._endings = connection.dialect.traits.endings
        self._listing = connection.listing
        self._lookout = Lookout(connection, venue.reader)
        self._now_ms = connection.now_ms
        self._say = connection.say
        self._gone: list[_Gone] = []
        self._wanted = asyncio.Event()

    def compare(self, before: AccountState, after: AccountState) -> None:
        """Take note of what is gone between two readings."""
        now_ms = self._now_ms()
        for order in _gone(before, after):
            held, ours = _held(after, order), order.client_id in self._withdrawn
            if held < _held(before, order) or not (held or ours):
                # A reading may find the position closed, and only the next one its stop gone.
                self._gone.append(_Gone(order, now_ms + GRACE_MS))
            elif order.kind.is_stop and not ours:
                self._gone.append(_Gone(order, now_ms))
        if self._gone:
            self._wanted.set()

    async def run(self, inbox: Inbox) -> None:
        """Look up what is gone. Runs for ever."""
        while True:
            await self._next()
            await self._key.accepted.wait()  # A key that is refused would use up the looks.
            now_ms = self._now_ms()
            for gone in [each for each in self._gone if each.look_ms <= now_ms]:
                found = await self._look(gone)
                if found:
                    await inbox.put(found)

    async def _next(self) -> None:
        """Wait until there is something to look at."""
        self._wanted.clear()
        if not self._gone:
            await self._wanted.wait()
        wait_ms = max(0, min(gone.look_ms for gone in self._gone) - self._now_ms())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), wait_ms / 1000)

    async def _look(self, gone: _Gone) -> tuple[Fact, ...]:
        """One look at one order: what it traded and nobody has told, or how it ended without closing."""
        order = gone.order
        state: OrderState | None = None
        if order.client_id not in self._ear.met:
            try:
                instrument = self._listing.by_symbol[order.id.symbol]
                state = await self._lookout.order(instrument, order.client_id, conditional=True)
            except Unreadable as error:
                self._say(f"what became of {order.client_id}: {error}")
                if self._key.shown_by(error):
                    gone.look_ms = self._now_ms() + GRACE_MS  # It was no look.
                    return tuple(self._key.news(error))
            gone.looks_left -= 1
            if (state is None or state.open) and gone.looks_left > 0:
                gone.look_ms = self._now_ms() + GRACE_MS
                return self._met_in_vain(gone, state)
        self._gone.remove(gone)
        if order.client_id in self._ear.met:
            return ()
        facts: list[Fact] = []
        if state is not None and state.fills and not state.open:
            self._ear.met.append(order.client_id)
            facts.append(self._met(order, state))
        if not gone.told and not _done(order, state) and self._stays(order):
            facts.append(self._ended(order, state))
        return tuple(facts)

    def _met_in_vain(self, gone: _Gone, state: OrderState | None) -> tuple[Fact, ...]:
        """That an order was met which is still open, once, while its position is there."""
        if gone.told or state is None or not self._stays(gone.order):
            return ()
        if self._endings.get(state.status) is not Ending.MET:
            return ()
        gone.told = True
        return (self._ended(gone.order, state),)

    def _stays(self, order: Order) -> bool:
        """Whether the order was to close a position that is still there, and is gone without our doing."""
        ours = order.client_id in self._withdrawn
        return order.kind.is_stop and not ours and _held(self._reader.state, order) > 0

    def _ended(self, order: Order, state: OrderState | None) -> OrderEnded:
        status = state.status if state is not None else ""
        return OrderEnded(
            at_ms=self._now_ms(),
            id=order.id,
            client_id=order.client_id,
            how=self._endings.get(status, Ending.ENDED),
            status=status,
        )

    def _met(self, order: Order, state: OrderState) -> Outcome:
        return Outcome(
            at_ms=self._now_ms(),
            id=order.id,
            client_id=order.client_id,
            kind=OutcomeKind.VERIFIED,
            proof=MET,
            fills=state.fills,
        )


def _gone(before: AccountState, after: AccountState) -> Iterator[Order]:
    """Conditional orders of ours that rest no longer."""
    if after.flaws:
        return
    resting = {order.client_id for order in after.orders}
    for order in before.orders:
        ours = order.client_id.startswith(OUR_PREFIX) and order.trigger is not None and order.reduces
        if ours and order.client_id not in resting:
            yield order


def _done(order: Order, state: OrderState | None) -> bool:
    """Whether nothing has to be told: it rests after all, or it traded all that it was for."""
    if state is None:
        return False
    traded = sum((fill.quantity for fill in state.fills), ZERO)
    return state.open or (not order.closes_position and traded >= order.quantity)


def _held(state: AccountState, order: Order) -> Decimal:
    return next((position.quantity for position in state.positions if position.id == order.id), ZERO)
