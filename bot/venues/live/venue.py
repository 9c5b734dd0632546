"""A real account behind the port every venue has.

An action is sent once. What the exchange confirms is read back before it counts as verified; what nobody
answered is found out by reading, after the moment from which the exchange can no longer carry it out, and is
never sent again. Outcome, position, balance and orders of one reading come in one batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import assert_never

from bot.core.decisions import Action
from bot.core.facts import Fact, Fill, MarkPrice, OrderEnded, Outcome, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.intents import CancelStop, CloseHedge, MoveStop, PlaceStop, ReducePosition
from bot.core.types import ClientId, Order, Position, PositionMode
from bot.venues.live.account import AccountReader, Snapshot
from bot.venues.live.connection import Connection
from bot.venues.live.crowding import Crowding
from bot.venues.live.effect import Effect, Sight
from bot.venues.live.line import Unreadable
from bot.venues.live.looking import Lookout
from bot.venues.live.open_acts import GIVE_UP_MS, PATIENCE_MS, OpenAct, OpenActs
from bot.venues.live.our_key import OurKey
from bot.venues.live.outcome import (
    Applied,
    AuthLost,
    Limited,
    NothingDone,
    Rejected,
    Unknown,
    Unsent,
    Verdict,
)
from bot.venues.live.patience import patiently
from bot.venues.live.plan import Levers, plan, position_of, sought
from bot.venues.live.rates import capped
from bot.venues.live.sending import Left, Sender
from bot.venues.live.terms import AccountState
from bot.venues.live.wire import Urgency
from bot.venues.port import Batch

LOOKS_MS = (0, 150, 400, 1_000)
"""How long to wait before each look for what the exchange has confirmed: its queries may lag behind it."""
WITHDRAWN_MAX = 200
EXITS = (ReducePosition, CloseHedge)
"""What may be sent however old the last reading is: the exchange lets it close what there is, and no more."""


class LiveVenue:
    """One account at one exchange."""

    def __init__(self, connection: Connection, mode: PositionMode) -> None:
        """``mode`` is how the account keeps positions, as its ``Setup`` said."""
        dialect = connection.dialect
        self.account = connection.account
        self.listing = connection.listing
        self.reader = AccountReader(connection, mode)
        self.withdrawn: deque[ClientId] = deque(maxlen=WITHDRAWN_MAX)
        """Resting orders that we have cancelled, or tried to: nobody need ask how those ended."""
        self.acts = OpenActs(dialect.traits.recv_window_ms, connection.now_ms)
        self._reading = dialect.reading
        self._endings = dialect.traits.endings
        self._levers = Levers(acting=dialect.acting(mode), cancel_by_id=dialect.cancel_by_id)
        self._line = connection.wires.reads
        self._clock = connection.wires.clock
        self._lookout = Lookout(connection, self.reader)
        self._sender = Sender(connection, self._heard_late)
        self._crowding = Crowding(connection, self._sender, self._levers, self.reader, self.withdrawn)
        self._now_ms = connection.now_ms
        self._say = connection.say
        self.too_old: Callable[[], str] = lambda: ""
        """Why what was last read of the account is no longer good enough to act on; empty while it is."""
        self.refused: Callable[[str], None] = lambda _: None
        """Told the code of every refusal."""
        self.key = OurKey(connection)

    @property
    def state(self) -> AccountState:
        """The account as last read."""
        return self.reader.state

    def tell_what_leaves(self, left: Left) -> None:
        """From now on ``left`` is told of each request of an action."""
        self._sender.left = left

    async def snapshot(self) -> Sequence[Batch]:
        """The account as it is now, with contracts, marks and funding of what is held: one batch.

        None where nothing is held and no currency is named: there are exchanges that list no empty wallets.
        """
        facts = self.reader.facts(await patiently(lambda: self.reader.read(Urgency.ACCOUNT)))
        reading = self._reading
        held = {position.id.symbol for position in self.state.positions}
        instruments = [self.listing.by_symbol[symbol] for symbol in sorted(held)]
        requests = reading.market_requests(instruments) if instruments else ()
        payloads = [await patiently(partial(self._line.read, r, Urgency.ACCOUNT)) for r in requests]
        try:
            market = reading.market(payloads, self.listing) if payloads else ()
        except (ValueError, KeyError) as error:
            raise Unreadable(requests[0], f"{type(error).__name__}: {error}") from error
        clock = self._clock
        now = [fact for fact in market if not clock.is_ahead(fact.at_ms)]
        if len(now) < len(market):
            # Taken as it is, it would keep away every mark that is dated before it.
            clock.doubt()
        timely = (
            clock.ours(fact) if isinstance(fact, MarkPrice) else capped(fact, self._say) for fact in now
        )
        batch = (*facts, *(fact for fact in timely if fact.symbol in held))
        return [batch] if batch else []

    async def execute(self, action: Action) -> Sequence[Batch]:
        """Carry out an action, once.

        Cut off at any moment, it goes on being looked for by ``resolve``.
        """
        made = plan(action, self._levers, self.listing, self.state)
        if not isinstance(made, str) and not isinstance(action.intent, EXITS):
            # A process that stood still was told of a fresh mark before anybody noticed that it had.
            old = self.too_old()
            made = f"the account is not known: {old}" if old else made
        if isinstance(made, str):
            return [(self._outcome(action, OutcomeKind.NOT_APPLIED, f"not sent: {made}"),)]
        self._note_cancel(action)
        act = OpenAct(action=action, plan=made, before=position_of(made.id, self.state))
        with self.acts.under_way(act):
            verdict = await self._crowding.send(act)
            match verdict:
                case Applied():
                    act.confirmed = True
                    return [await self._confirm(act)]
                case Unknown(proof=proof):
                    return [(self._outcome(action, OutcomeKind.UNKNOWN, proof),)]
                case _:
                    act.nothing_done = self._nothing_done(action, verdict)
                    batch = await self._with_news(verdict, act.nothing_done)
                    # Only now: cut off while it was read, the proof is handed on by ``resolve``.
                    self.acts.close(act)
                    return [batch]

    def resume(self, action: Action, before: Position | None, *, confirmed: bool = False) -> None:
        """Take over an action that an earlier run left open: find out what became of it, by reading.

        ``before`` is the position as it was when the action was decided, ``None`` where that is gone:
        then stops that rest now are none that it was to replace. ``confirmed`` says that the exchange told
        the earlier run that it was done. Call it after ``snapshot``.
        """
        made = sought(action, self.listing, self.state)
        if isinstance(made, str):
            self._say(f"{action.client_id} of an earlier run cannot be looked for: {made}")
            return
        self._note_cancel(action)
        if before is None:
            made = replace(made, replaces=())
        same = before is not None and before.id == made.id
        self.acts.add(
            OpenAct(
                action=action,
                plan=made,
                before=before if same else None,
                # Nothing leaves while the clocks are apart: it is a time of the exchange, whatever ours is.
                left_ms=action.deadline_ms - self._clock.offset_ms,
                confirmed=confirmed,
            )
        )

    async def reread(self, urgency: Urgency = Urgency.ACCOUNT) -> Batch:
        """The account as it is now, as facts; a key that works again is said with it.

        ``Unreadable`` where it fails; ``key`` makes news of what that says of our key.
        """
        facts = self.reader.facts(await self.reader.read(urgency))
        return (*self.key.works(self.reader.began_ms), *facts)

    async def resolve(self, put: Callable[[Batch], Awaitable[None]]) -> None:
        """Find out what became of what is open, and ``put`` it. Runs for ever."""

        async def find_out(act: OpenAct) -> None:
            with self.acts.looking(act):
                batch = await self._look_again(act)
                if batch:
                    await put(batch)

        try:
            async with asyncio.TaskGroup() as looks:
                while True:
                    await self.acts.due()
                    for batch in self.acts.heard():
                        await put(batch)
                    await self.key.accepted.wait()
                    # Side by side: they share what they read of the account.
                    for act in self.acts.waiting():
                        act.running = True
                        looks.create_task(find_out(act))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def _heard_late(self, act: OpenAct, verdict: Verdict) -> None:
        """An answer that nobody waited for any more belongs to its act, if it proves anything."""
        open_still = self.acts.holds(act)
        closes = open_still and len(act.plan.requests) == 1
        match verdict:
            case Unknown():
                return
            case Applied(proof=proof):
                act.confirmed = True
                if not open_still and act.disproved_ms is not None:
                    self._say(f"{act.action.client_id} was read as not done and is confirmed now: {proof}")
            case _ if closes:
                act.nothing_done = self._nothing_done(act.action, verdict)
            case AuthLost(code=code, proof=proof):
                self.acts.hear(self.key.lost(code, proof, acting=True))
        if open_still:
            self.acts.look_now(act)

    # -- what became of it --------------------------------------------------------------------------

    def _nothing_done(self, action: Action, verdict: NothingDone) -> Batch:
        """Nothing came of it, proven."""
        if isinstance(verdict, Rejected):
            self.refused(verdict.code)
        match verdict:
            case Unsent(proof=proof):
                return (self._outcome(action, OutcomeKind.NOT_APPLIED, f"not sent: {proof}"),)
            case AuthLost(code=code, proof=proof):
                outcome = self._outcome(action, OutcomeKind.REJECTED, proof, code)
                return (outcome, *self.key.lost(code, proof, acting=True))
            case Limited(code=code, proof=proof) | Rejected(code=code, proof=proof):
                return (self._outcome(action, OutcomeKind.REJECTED, proof, code),)
            case _:
                assert_never(verdict)

    async def _with_news(self, verdict: NothingDone, proven: Batch) -> Batch:
        """After a rejection something in the account is not as was thought: the account is read."""
        if not isinstance(verdict, Rejected):
            return proven
        try:
            return (*await self.reread(Urgency.PROTECTION), *proven)
        except Unreadable as error:
            return (*proven, *self.key.news(error))

    async def _confirm(self, act: OpenAct) -> Batch:
        """Read back what the exchange has confirmed; what is not seen soon is looked for later."""
        found, seen = None, None
        lost: Batch = ()
        for wait_ms in LOOKS_MS:
            await asyncio.sleep(wait_ms / 1000)
            try:
                found, seen = await self._lookout.look(act)
            except Unreadable as error:
                self._say(f"{act.action.client_id} could not be read back: {error}")
                if self.key.shown_by(error):
                    lost = self.key.news(error)
                    break
                continue
            if seen.sight is Sight.DONE:
                return await self._verified(act, found, seen)
        why = seen.proof if seen is not None else "it could not be read back"
        return (
            *(self.reader.facts(found) if found is not None else ()),
            *self._applied(act, f"confirmed, not seen yet: {why}"),
            *lost,
        )

    def _applied(self, act: OpenAct, proof: str) -> Batch:
        """Tell, once, that it is done, and what is still missing to its proof."""
        if act.applied:
            return ()
        act.applied = True
        return (self._outcome(act.action, OutcomeKind.APPLIED, proof),)

    async def _verified(self, act: OpenAct, found: Snapshot, seen: Effect) -> Batch:
        """It is there. What it replaces goes now, and the account is read once more if something went.

        It goes only where what takes its place was seen to rest, or nothing is left to protect: the exchange
        may have taken the new stop and ended it since, and then the old one is the only one. Cut off on the
        way, or while it rests all the same, the act stays open, with patience.
        """
        made, resting = act.plan, {order.client_id for order in found.state.orders}
        gone = not found.state.flaws and position_of(made.id, found.state) is None
        stands = gone or act.action.client_id in resting
        kept = [order for order in made.replaces if order.client_id in resting]
        lost: Batch = ()
        if kept and stands:
            found, lost = await self._withdraw(act, kept, found)
            resting = {order.client_id for order in found.state.orders}
            kept = [order for order in kept if order.client_id in resting]
        proof = seen.proof
        if kept:
            proof += "; still resting beside it: " + ", ".join(order.client_id for order in kept)
            if stands and self.acts.age_ms(act) <= PATIENCE_MS:
                self.acts.postpone(act, found.began_ms)
                return (*self.reader.facts(found), *self._applied(act, proof), *lost)
            self._say(f"{act.action.client_id}: {proof}")
        self.acts.close(act)
        outcome = self._outcome(act.action, OutcomeKind.VERIFIED, proof, fills=seen.fills)
        return (*self.reader.facts(found), outcome, *(() if gone else self._ended(act.action, seen)), *lost)

    async def _withdraw(
        self, act: OpenAct, orders: Sequence[Order], found: Snapshot
    ) -> tuple[Snapshot, Batch]:
        """Cancel what an act replaces; the account after it, as far as it is read, and news of our key."""
        made, lost = act.plan, list[Fact]()
        for order in orders:
            # Whether it went is read, whatever the answer; twice does no harm.
            with suppress(LookupError):
                request = self._levers.cancel(made.instrument, order, found.state)
                self.withdrawn.append(order.client_id)
                verdict = await self._sender.one(request, made.urgency)
                if isinstance(verdict, AuthLost):
                    lost += self.key.lost(verdict.code, verdict.proof, acting=True)
        try:
            found = await self._lookout.account(act)
        except Unreadable as error:
            self._say(f"{act.action.client_id}: after cancelling: {error}")
            lost += self.key.news(error)
        return found, lost

    def _ended(self, action: Action, seen: Effect) -> Batch:
        """That a stop was taken, and was gone again before anybody saw it rest."""
        if seen.ended is None or not isinstance(action.intent, PlaceStop | MoveStop):
            return ()
        how = self._endings.get(seen.ended, Ending.ENDED)
        told = OrderEnded(
            at_ms=self._now_ms(), id=action.id, client_id=action.client_id, how=how, status=seen.ended
        )
        return (told,)

    def _note_cancel(self, action: Action) -> None:
        if isinstance(action.intent, CancelStop):
            self.withdrawn.append(ClientId(action.intent.client_id))

    async def _look_again(self, act: OpenAct) -> Batch:
        """One later look at an act that is open; nothing where it is still open afterwards."""
        if act.nothing_done:
            self.acts.close(act)
            return act.nothing_done
        if act.left_ms is None:
            self.acts.close(act)
            return (self._outcome(act.action, OutcomeKind.NOT_APPLIED, "not sent: cut off in the queue"),)
        began_ms = self._now_ms()
        try:
            found, seen = await self._lookout.look(act)
        except Unreadable as error:
            self._say(f"{act.action.client_id} is still open: {error}")
            self.acts.postpone(act, began_ms)
            return self.key.news(error)
        if seen.sight is Sight.DONE:
            return await self._verified(act, found, seen)
        untrue = seen.sight is Sight.NOT_DONE
        if untrue and self.acts.disproved(act, began_ms, doubtful=seen.doubtful):
            self.acts.close(act)
            proof = f"read twice after its time: {seen.proof}"
            return (*self.reader.facts(found), self._outcome(act.action, OutcomeKind.NOT_APPLIED, proof))
        age_ms = self.acts.age_ms(act)
        late = self.acts.overdue(act, began_ms, traded=bool(seen.fills))
        if late and (act.confirmed or seen.sight is Sight.LAGGING):
            self._say(f"{act.action.client_id} was confirmed and the account does not show it: {seen.proof}")
            return await self._verified(act, found, seen)
        self.acts.postpone(act, began_ms)
        given_up = self._undecided(act, seen) if age_ms > PATIENCE_MS else ()
        return (*self.reader.facts(found), *given_up)

    def _undecided(self, act: OpenAct, seen: Effect) -> Batch:
        """Reading tells nothing: people are told, once, and some day it is given up.

        Not where an order might yet trade. It can no longer happen then, budgets stay spent, and whatever is
        decided next is decided by the margin that is there; unknown for ever, it would keep every stop and
        every addition from the position, and its money from all others. That it was done is not claimed.
        """
        if not act.told:
            act.told = True
            self._say(f"{act.action.client_id} cannot be decided by reading: {seen.proof}")
        if self.acts.age_ms(act) <= GIVE_UP_MS or act.plan.orders:
            return ()
        self.acts.close(act)
        proof = f"counted as spent, no reading can decide it: {seen.proof}"
        self._say(f"{act.action.client_id}: {proof}")
        return (self._outcome(act.action, OutcomeKind.GIVEN_UP, proof),)

    def _outcome(
        self, action: Action, kind: OutcomeKind, proof: str, code: str = "", fills: Sequence[Fill] = ()
    ) -> Outcome:
        return Outcome(
            at_ms=self._now_ms(),
            id=action.id,
            client_id=action.client_id,
            kind=kind,
            code=code,
            proof=proof,
            fills=tuple(fills),
        )
