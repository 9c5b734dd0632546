"""Looks at an account for the trace of an act: its orders by their ids, and the account as a whole."""

from __future__ import annotations

from bot.core.types import ClientId
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.connection import Connection
from bot.venues.live.effect import Effect, effect
from bot.venues.live.line import Unreadable
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.plan import Plan
from bot.venues.live.terms import OrderState
from bot.venues.live.wire import Urgency


class Lookout:
    """Asks what became of acts."""

    def __init__(self, connection: Connection, reader: AccountReader) -> None:
        self._reading = connection.dialect.reading
        self._line = connection.wires.reads
        self._reader = reader

    async def look(self, act: OpenAct) -> tuple[Snapshot, Effect]:
        """One look, or ``Unreadable``. Orders first: the account read after them is at least as new."""
        orders = [await self._order(act.plan, client_id) for client_id in act.plan.orders]
        found = await self._reader.read(Urgency.PROTECTION)
        return found, effect(act.action, act.plan, act.before, found.state, orders)

    async def _order(self, made: Plan, client_id: ClientId) -> OrderState | None:
        requests = self._reading.order_requests(made.instrument, client_id, conditional=made.conditional)
        payloads = [await self._line.read(request, Urgency.PROTECTION, errors=True) for request in requests]
        try:
            return self._reading.order(made.instrument, client_id, payloads)
        except (ValueError, KeyError) as error:
            raise Unreadable(requests[0], f"{type(error).__name__}: {error}") from error
