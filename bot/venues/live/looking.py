"""Looks at an account for the trace of an act: its orders by their ids, and the account as a whole."""

from __future__ import annotations

from bot.core.types import ClientId
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.connection import Connection
from bot.venues.live.effect import Effect, effect
from bot.venues.live.line import Unreadable
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.terms import Instrument, OrderState
from bot.venues.live.wire import Urgency


class Lookout:
    """Asks what became of acts."""

    def __init__(self, connection: Connection, reader: AccountReader) -> None:
        self._reading = connection.dialect.reading
        self._line = connection.wires.reads
        self._reader = reader

    async def look(self, act: OpenAct) -> tuple[Snapshot, Effect]:
        """One look, or ``Unreadable``. Orders first: the account read after them is at least as new."""
        made = act.plan
        orders = [
            await self.order(made.instrument, client_id, conditional=made.conditional)
            for client_id in made.orders
        ]
        found = await self._reader.read(Urgency.PROTECTION)
        return found, effect(act.action, made, act.before, found.state, orders)

    async def order(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> OrderState | None:
        """What became of an order of ours; ``None`` if there is none, ``Unreadable`` where nobody knows."""
        requests = self._reading.order_requests(instrument, client_id, conditional=conditional)
        payloads = [await self._line.read(request, Urgency.PROTECTION, errors=True) for request in requests]
        try:
            return self._reading.order(instrument, client_id, payloads)
        except (ValueError, KeyError) as error:
            raise Unreadable(requests[0], f"{type(error).__name__}: {error}") from error
