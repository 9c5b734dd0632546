"""Conditional orders of ours that are gone while their position shrank: whether they were met, and for what.

Private streams tell it, but XT's say nothing of conditional orders, and any stream may be lost just when the
market falls. Then it is looked up, so that nothing that closed a position goes unexplained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from bot.core.facts import MET, Outcome, OutcomeKind
from bot.core.types import OUR_PREFIX, ZERO, Order
from bot.venues.live.account import AccountReader
from bot.venues.live.connection import Connection
from bot.venues.live.ear import Ear, Inbox
from bot.venues.live.line import Unreadable
from bot.venues.live.looking import Lookout
from bot.venues.live.terms import AccountState, OrderState

GRACE_MS = 1_000
"""How long a stream is given to tell it by itself; as far apart are two looks."""
LOOKS = 10
"""After so many looks without an answer it is left."""


@dataclass(slots=True, eq=False)
class _Gone:
    order: Order
    look_ms: int
    looks_left: int = LOOKS


class MetOrders:
    """Looks up what became of orders that are gone, and tells of those that were met."""

    def __init__(self, connection: Connection, reader: AccountReader, ear: Ear) -> None:
        """It hears of every reading of ``reader``, and from ``ear`` what the streams have told."""
        reader.changed = self.compare
        self._ear = ear
        self._listing = connection.listing
        self._lookout = Lookout(connection, reader)
        self._now_ms = connection.now_ms
        self._say = connection.say
        self._gone: list[_Gone] = []
        self._wanted = asyncio.Event()

    def compare(self, before: AccountState, after: AccountState) -> None:
        """Take note of what is gone between two readings."""
        found = [_Gone(order, self._now_ms() + GRACE_MS) for order in _gone(before, after)]
        if found:
            self._gone += found
            self._wanted.set()

    async def run(self, inbox: Inbox) -> None:
        """Look up what is gone. Runs for ever."""
        while True:
            await self._next()
            now_ms = self._now_ms()
            for gone in [each for each in self._gone if each.look_ms <= now_ms]:
                outcome = await self._look(gone)
                if outcome is not None:
                    await inbox.put((outcome,))

    async def _next(self) -> None:
        """Wait until there is something to look at."""
        self._wanted.clear()
        if not self._gone:
            await self._wanted.wait()
        wait_ms = max(0, min(gone.look_ms for gone in self._gone) - self._now_ms())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), wait_ms / 1000)

    async def _look(self, gone: _Gone) -> Outcome | None:
        """One look at one order: an outcome where it was met and nobody has told it."""
        order = gone.order
        state: OrderState | None = None
        if order.client_id not in self._ear.met:
            try:
                instrument = self._listing.by_symbol[order.id.symbol]
                state = await self._lookout.order(instrument, order.client_id, conditional=True)
            except Unreadable as error:
                self._say(f"what became of {order.client_id}: {error}")
            gone.looks_left -= 1
            if (state is None or state.open) and gone.looks_left > 0:
                gone.look_ms = self._now_ms() + GRACE_MS
                return None
        self._gone.remove(gone)
        if state is None or state.open or not state.fills or order.client_id in self._ear.met:
            return None
        self._ear.met.append(order.client_id)
        return Outcome(
            at_ms=self._now_ms(),
            id=order.id,
            client_id=order.client_id,
            kind=OutcomeKind.VERIFIED,
            proof=MET,
            fills=state.fills,
        )


def _gone(before: AccountState, after: AccountState) -> Iterator[Order]:
    """Conditional orders of ours that rest no longer, on positions of which there is less."""
    if after.flaws:
        return
    resting = {order.client_id for order in after.orders}
    for order in before.orders:
        ours = order.client_id.startswith(OUR_PREFIX) and order.trigger is not None
        if ours and order.client_id not in resting and _held(after, order) < _held(before, order):
            yield order


def _held(state: AccountState, order: Order) -> Decimal:
    return next((position.quantity for position in state.positions if position.id == order.id), ZERO)
