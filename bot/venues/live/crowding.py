"""An exit that is refused because resting orders of ours would close the position already.

Exchanges bound what orders that only reduce may come to together, and refuse the one that is too much. Then
our own give way, once: take-profits first, and stops only if that was not enough, for until the exit has
traded they are all that protects. What was refused is proven not done, so the same is asked for again, under
another client id. Whether it worked or not, the account is read afterwards, and a position that is left
without a stop gets one before anything else. Orders of the trader's own are never touched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from bot.core.intents import CloseHedge, ReducePosition
from bot.core.types import OUR_PREFIX, ClientId, Order
from bot.venues.live.account import AccountReader
from bot.venues.live.connection import Connection
from bot.venues.live.line import Unreadable
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.outcome import Rejected, Verdict
from bot.venues.live.plan import Levers, Plan, plan, position_of
from bot.venues.live.sending import Sender
from bot.venues.live.terms import AccountState


class Crowding:
    """Sends acts; before it gives up an exit, our own orders make room for it."""

    def __init__(
        self,
        connection: Connection,
        sender: Sender,
        levers: Levers,
        reader: AccountReader,
        withdrawn: deque[ClientId],
    ) -> None:
        """Each order that is cancelled is noted in ``withdrawn``."""
        self._codes = connection.dialect.traits.codes
        self._listing = connection.listing
        self._sender = sender
        self._levers = levers
        self._reader = reader
        self._withdrawn = withdrawn

    async def send(self, act: OpenAct) -> Verdict:
        """Carry the act out, and say what is proven of it."""
        verdict = await self._sender.send(act)
        if not isinstance(act.action.intent, ReducePosition | CloseHedge):
            return verdict
        for attempt, stands_in_the_way in enumerate((_takes_profit, _stops), 2):
            if not isinstance(verdict, Rejected) or verdict.code not in self._codes.crowded:
                break
            try:
                state = (await self._reader.glance(frozenset({act.plan.id.symbol}), act.plan.urgency)).state
            except Unreadable:
                break
            orders = [order for order in _ours(act.plan, state) if stands_in_the_way(order)]
            again = plan(act.action, self._levers, self._listing, state, attempt)
            if orders and not isinstance(again, str):
                await self._make_room(act.plan, orders, state)
                act.plan = replace(again, orders=(*act.plan.orders, *again.orders))
                verdict = await self._sender.send(act)
        return verdict

    async def _make_room(self, made: Plan, orders: list[Order], state: AccountState) -> None:
        for order in orders:
            # Whether it went is read, whatever the answer.
            with suppress(LookupError):
                request = self._levers.cancel(made.instrument, order, state)
                self._withdrawn.append(order.client_id)
                await self._sender.one(request, made.urgency)


def _ours(made: Plan, state: AccountState) -> Iterator[Order]:
    """The resting orders of ours that reduce the position; none where it is gone."""
    if position_of(made.id, state) is None:
        return
    for order in state.orders:
        if order.id == made.id and order.reduces and order.client_id.startswith(OUR_PREFIX):
            yield order


def _takes_profit(order: Order) -> bool:
    return not order.kind.is_stop


def _stops(order: Order) -> bool:
    return order.kind.is_stop
