"""Looks at an account for the trace of an act: its orders by their ids, and the account as a whole."""

from __future__ import annotations

from bot.core.intents import AddMargin, WithdrawMargin
from bot.core.types import ClientId
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.connection import Connection
from bot.venues.live.effect import Effect, Sight, effect
from bot.venues.live.line import Unreadable
from bot.venues.live.open_acts import OpenAct
from bot.venues.live.terms import Instrument, OrderState, Payload
from bot.venues.live.together import SharedReading
from bot.venues.live.wire import Urgency

CLOCKS_MS = 200
"""How far our idea of the exchange's clock may be off."""


class Lookout:
    """Asks what became of acts."""

    def __init__(self, connection: Connection, reader: AccountReader) -> None:
        self._reading = connection.dialect.reading
        self._history = connection.dialect.margin_history
        self._line = connection.wires.reads
        self._clock = connection.wires.clock
        self._account = SharedReading(reader, connection.wires.gate)

    async def look(self, act: OpenAct) -> tuple[Snapshot, Effect]:
        """One look, or ``Unreadable``. Orders first: the account read after them is at least as new."""
        made = act.plan
        orders = [
            await self.order(made.instrument, client_id, conditional=made.conditional)
            for client_id in made.orders
        ]
        found = await self._account.read(made.id.symbol)
        seen = effect(act.action, made, act.before, found.state, orders)
        if seen.sight is Sight.UNCLEAR and isinstance(act.action.intent, AddMargin | WithdrawMargin):
            seen = await self._remembered(act, act.action.intent, seen)
        return found, seen

    async def _remembered(self, act: OpenAct, intent: AddMargin | WithdrawMargin, seen: Effect) -> Effect:
        """What the exchange's own history of margin shows, where the position has become another one."""
        if self._history is None:
            return seen
        amount = intent.amount if isinstance(intent, AddMargin) else -intent.amount
        request = self._history.request(act.plan.instrument)
        payload = await self._line.read(request, Urgency.PROTECTION)
        try:
            moves = self._history.moves(act.plan.id, payload)
        except (ValueError, KeyError) as error:
            raise Unreadable(request, f"{type(error).__name__}: {error}") from error
        since_ms = act.action.at_ms + self._clock.offset_ms - CLOCKS_MS
        done = any(at_ms >= since_ms and moved == amount for at_ms, moved in moves)
        what = f"{amount} {'is' if done else 'is not'} in the exchange's history of margin"
        return Effect(sight=Sight.DONE if done else Sight.NOT_DONE, proof=what)

    async def account(self, act: OpenAct) -> Snapshot:
        """The account as a reading finds it that begins from now on, with the orders beside the act."""
        return await self._account.read(act.plan.id.symbol)

    async def order(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> OrderState | None:
        """What became of an order of ours; ``None`` if there is none, ``Unreadable`` where nobody knows."""
        requests = self._reading.order_requests(instrument, client_id, conditional=conditional)
        payloads: list[Payload] = []
        for request in requests:
            payloads.append(await self._line.read(request, Urgency.PROTECTION, errors=True))
            if len(payloads) == 1 and self._line.error(200, payloads[0]) is not None:
                payloads += [None] * (len(requests) - 1)  # Of no order there are no trades to ask for.
                break
        try:
            return self._reading.order(instrument, client_id, payloads)
        except (ValueError, KeyError) as error:
            raise Unreadable(requests[0], f"{type(error).__name__}: {error}") from error
