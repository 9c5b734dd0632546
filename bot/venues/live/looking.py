"""Looks at an account for the trace of an act: its orders by their ids, and the account as a whole.

Margin has no id. The amount could carry one in its last digits, and does not, on purpose. What identifies a
move is its position, its exact amount and its time, and of ours only one is on its way at a time; so digits
would tell ours only from a move by hand of the very same amount in the same seconds, after which the position
has what was wanted. For that every rule would add something else than it was told to, and an exchange that
rounds the digits away would show ours as not there, so that it would be added twice. Where no history is kept
(Bybit, XT) digits are lost in the margin of the position as soon as funding is paid or a part is closed.
"""

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
        intent = act.action.intent
        if isinstance(intent, AddMargin | WithdrawMargin) and self._is_open_to_doubt(act, found, seen):
            seen = await self._remembered(act, intent, seen)
        return found, seen

    def _is_open_to_doubt(self, act: OpenAct, found: Snapshot, seen: Effect) -> bool:
        """Whether the exchange's own history has to say whose the margin is that moved, or did not.

        Not where margin moved by just the amount. What somebody moves by hand in the same seconds would pass
        for ours, or hide it; only the very same amount still does, and then the position has what was wanted.
        """
        if self._history is None or (act.confirmed and seen.sight is not Sight.UNCLEAR) or seen.alone:
            return False
        # A move that may be of the other side's position decides nothing.
        id_ = act.plan.id
        both = any(p.id.symbol == id_.symbol and p.id != id_ for p in found.state.positions)
        return self._history.names_sides or not both

    async def _remembered(self, act: OpenAct, intent: AddMargin | WithdrawMargin, seen: Effect) -> Effect:
        """What the history shows. It may be written later than the position: its no takes patience then."""
        assert self._history is not None, "asked only where there is one"
        amount = intent.amount if isinstance(intent, AddMargin) else -intent.amount
        request = self._history.request(act.plan.instrument)
        payload = await self._line.read(request, Urgency.PROTECTION)
        try:
            moves = self._history.moves(act.plan.id, payload)
        except (ValueError, KeyError) as error:
            raise Unreadable(request, f"{type(error).__name__}: {error}") from error
        since_ms = act.action.at_ms + self._clock.offset_ms - CLOCKS_MS
        if any(at_ms >= since_ms and moved == amount for at_ms, moved in moves):
            return Effect(sight=Sight.DONE, proof=f"{amount} is in the exchange's history of margin")
        proof = f"{seen.proof}, and {amount} is not in the exchange's history of margin"
        return Effect(sight=Sight.NOT_DONE, proof=proof, doubtful=seen.sight is Sight.DONE)

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
