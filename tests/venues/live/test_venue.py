"""A real account behind the port: sent once, read back, found out, and never without a stop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.decisions import Action
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    Fact,
    InstrumentChanged,
    LinkChanged,
    LiquidationQuoted,
    MarkPrice,
    OrderEnded,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.held.losses import Ending
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.types import (
    ClientId,
    Order,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    RuleName,
    Side,
    Symbol,
)
from bot.venues.live.line import Unreadable
from bot.venues.live.plan import Levers, Plan, plan
from bot.venues.live.terms import AccountState, Instrument, OrderState
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Reply, Request, Urgency
from bot.venues.port import Batch
from tests.building.core import BTC, ETH_LONG, LONG, MAIN, D
from tests.venues.live.fake import (
    HTML,
    LOST,
    QUARTERLY,
    REFUSED,
    Desk,
    FakeDialect,
    FakeExchange,
    Fault,
    a_position,
    an_action,
    auth,
    every_fact,
    says,
)
from tests.venues.live.virtual import T0, live, now_ms

HEDGE = PositionId(MAIN, QUARTERLY, Side.SHORT)
OURS = ClientId("hf-2-9")


def a_stop(client_id: ClientId = OURS) -> Order:
    return Order(
        client_id=client_id,
        id=LONG,
        kind=OrderKind.STOP_MARKET,
        reduces=True,
        quantity=D(10),
        trigger=D(92),
    )


def held(**changes: Any) -> FakeExchange:
    """Holds ten BTC and a stop of ours; a foreign order rests beside it."""
    foreign = replace(a_stop(ClientId("web_1")), kind=OrderKind.LIMIT, trigger=None, limit=D(120))
    orders = {OURS: a_stop(), "web_1": foreign}
    return FakeExchange(positions={LONG: a_position()}, orders=dict(orders), **changes)


class Seat:
    """A venue, an action, and what came of it, at once and later."""

    def __init__(
        self, exchange: FakeExchange, special: Callable[[FakeDialect], None] = lambda _: None
    ) -> None:
        self.desk = Desk(exchange, special=special)
        self.exchange = exchange
        self.venue = LiveVenue(self.desk.connection, PositionMode.ONE_WAY)
        self.later: list[Batch] = []

    async def does(self, intent: Intent, within_s: float = 60) -> tuple[Sequence[Batch], Sequence[Batch]]:
        await self.venue.snapshot()
        now = await self.venue.execute(an_action(intent))
        await self.waits(within_s)
        return now, self.later

    async def waits(self, seconds: float) -> None:
        async def put(batch: Batch) -> None:
            self.later.append(batch)

        resolving = asyncio.ensure_future(self.venue.resolve(put))
        await asyncio.sleep(seconds)
        resolving.cancel()


def outcomes(batches: Sequence[Batch]) -> list[Outcome]:
    return [fact for fact in every_fact(batches) if isinstance(fact, Outcome)]


def does(
    exchange: FakeExchange, intent: Intent, within_s: float = 60
) -> tuple[Sequence[Batch], Sequence[Batch], Seat]:
    async def work() -> tuple[Sequence[Batch], Sequence[Batch], Seat]:
        seat = Seat(exchange)
        now, later = await seat.does(intent, within_s)
        return now, later, seat

    return live(work)


def kinds(facts: Sequence[Fact]) -> list[type[Any]]:
    return [type(fact) for fact in facts]


LEVERS: dict[str, Intent] = {
    "add": AddMargin(id=LONG, amount=D(25)),
    "withdraw": WithdrawMargin(id=LONG, amount=D(25)),
    "leverage": CutLeverage(id=LONG, leverage=D(5)),
    "reduce": ReducePosition(id=LONG, quantity=D(4)),
    "stop": PlaceStop(id=LONG, trigger=D(95)),
    "move": MoveStop(id=LONG, trigger=D(95)),
    "take": PlaceTakeProfit(id=LONG, trigger=D(150), quantity=D(3)),
    "cancel": CancelStop(id=LONG, client_id=OURS),
    "hedge": OpenHedge(id=LONG, symbol=QUARTERLY, quantity=D(3), leverage=D(2), limit=D(99)),
}
EVERY_LEVER = pytest.mark.parametrize("intent", LEVERS.values(), ids=LEVERS.keys())


@EVERY_LEVER
def test_each_lever_is_sent_once_and_read_back(intent: Intent) -> None:
    now, later, seat = does(held(), intent)
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert not later
    assert len(seat.exchange.sent) == {"MoveStop": 2, "OpenHedge": 3}.get(type(intent).__name__, 1)


@EVERY_LEVER
def test_outcome_and_account_come_in_one_batch(intent: Intent) -> None:
    now, _, _ = does(held(), intent)
    (batch,) = now
    moves = isinstance(intent, PlaceStop | MoveStop | PlaceTakeProfit | CancelStop)
    changed = OrdersChanged if moves else PositionChanged
    assert {changed, BalanceChanged, Outcome} <= set(kinds(batch))


TRUTHS = ("done", "not done")
BROKEN = {"lost": LOST, "html": HTML, "empty": Reply(sent=True, status=200, body="")}


@EVERY_LEVER
@pytest.mark.parametrize("done", [True, False], ids=TRUTHS)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_what_nobody_answered_is_found_out_and_never_sent_again(
    intent: Intent, done: bool, reply: Reply
) -> None:
    before = 2 if isinstance(intent, OpenHedge) else 0
    exchange = held(faults=[*[Fault()] * before, Fault(done=done, reply=reply)])
    now, later, _ = does(exchange, intent)
    assert [o.kind for o in outcomes(now)] == [OutcomeKind.UNKNOWN]
    truth = OutcomeKind.VERIFIED if done else OutcomeKind.NOT_APPLIED
    assert [o.kind for o in outcomes(later)] == [truth]
    acts = [r for r in exchange.sent[before:] if r.path != "cancel" or isinstance(intent, CancelStop)]
    assert len(acts) == 1


def test_nothing_is_disproved_before_the_exchange_can_no_longer_do_it() -> None:
    async def work() -> list[tuple[float, OutcomeKind]]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(AddMargin(id=LONG, amount=D(25))))
        seen: list[tuple[float, OutcomeKind]] = []

        async def put(batch: Batch) -> None:
            seen.extend((asyncio.get_running_loop().time(), o.kind) for o in outcomes([batch]))

        resolving = asyncio.ensure_future(seat.venue.resolve(put))
        await asyncio.sleep(30)
        resolving.cancel()
        return seen

    ((moment, kind),) = live(work)
    assert kind is OutcomeKind.NOT_APPLIED
    # Receive window and slack are over after 3.5 s, and queries are answered from up to 5 s behind.
    assert 5 <= moment <= 5.5


class Behind(FakeExchange):
    """Shows the account, and its orders, as they were five seconds ago."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.history: list[tuple[int, AccountState, set[str]]] = []

    def answer(self, request: Request) -> Reply:
        self.history.append((now_ms(), self.state(), set(self.past)))
        known = [past for at_ms, _, past in self.history if at_ms <= now_ms() - 5_000]
        if request.path == "order" and request.params["id"] not in (known or [set()])[-1] | set(self.orders):
            return says(400, -2013)
        return super().answer(request)

    def shown(self, number: int) -> AccountState:
        old = [state for at_ms, state, _ in self.history if at_ms <= now_ms() - 5_000]
        return old[-1] if old else self.history[0][1]


@pytest.mark.parametrize("name", ["add", "withdraw", "leverage", "reduce"])
@pytest.mark.parametrize("took_ms", [0, 50, 100, 200, 300])
def test_what_is_shown_five_seconds_late_is_not_taken_for_undone(name: str, took_ms: int) -> None:
    exchange = Behind(positions={LONG: a_position()}, faults=[Fault(reply=LOST)], took_ms=took_ms)

    async def work() -> list[OutcomeKind]:
        seat = Seat(exchange)
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS[name]))
        await seat.waits(60)
        return [o.kind for o in outcomes(seat.later)]

    assert live(work) == [OutcomeKind.VERIFIED]


def test_an_order_that_is_not_found_although_the_position_shrank_takes_patience() -> None:
    async def work() -> list[tuple[bool, OutcomeKind]]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS["reduce"]))
        seat.exchange.positions[LONG] = a_position(quantity=D(6))  # By its owner, or by the order after all.
        await seat.waits(60)
        return [((o.at_ms - T0) > 30_000, o.kind) for o in outcomes(seat.later)]

    assert live(work) == [(True, OutcomeKind.NOT_APPLIED)]


def test_a_stop_that_is_listed_rests_whatever_the_question_for_it_says() -> None:
    async def work() -> list[OutcomeKind]:
        exchange = held(faults=[Fault(reply=LOST)])
        seat = Seat(exchange)
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS["stop"]))
        seat.desk.dialect.order = lambda *_: None  # type: ignore[method-assign]
        await seat.waits(60)
        return [o.kind for o in outcomes(seat.later)]

    assert live(work) == [OutcomeKind.VERIFIED]


def test_what_is_executed_late_is_not_taken_for_undone() -> None:
    exchange = held(faults=[Fault(late_ms=2_900, reply=LOST)])
    _, later, _ = does(exchange, ReducePosition(id=LONG, quantity=D(4)))
    assert [o.kind for o in outcomes(later)] == [OutcomeKind.VERIFIED]
    assert exchange.positions[LONG].quantity == D(6)


@EVERY_LEVER
def test_what_is_cut_off_while_under_way_is_looked_for_later(intent: Intent) -> None:
    async def work() -> tuple[list[OutcomeKind], FakeExchange]:
        steps = 2 if isinstance(intent, OpenHedge) else 0
        exchange = held(faults=[*[Fault()] * steps, Fault(late_ms=10_000)])
        seat = Seat(exchange)
        await seat.venue.snapshot()
        executing = asyncio.ensure_future(seat.venue.execute(an_action(intent)))
        await asyncio.sleep(5)
        executing.cancel()
        await asyncio.gather(executing, return_exceptions=True)
        await seat.waits(30)
        return [o.kind for o in outcomes(seat.later)], exchange

    # The cut took the call with it before the exchange executed.
    assert live(work)[0] == [OutcomeKind.NOT_APPLIED]


def test_what_is_cut_off_in_the_queue_was_not_sent() -> None:
    async def work() -> tuple[list[Outcome], int]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.desk.wires.gate.close(60_000, emergencies=True)
        executing = asyncio.ensure_future(seat.venue.execute(an_action(LEVERS["add"])))
        await asyncio.sleep(5)
        executing.cancel()
        await asyncio.gather(executing, return_exceptions=True)
        await seat.waits(1)
        return outcomes(seat.later), len(seat.exchange.sent)

    (outcome,), sent = live(work)
    assert (outcome.kind, outcome.proof, sent) == (
        OutcomeKind.NOT_APPLIED,
        "not sent: cut off in the queue",
        0,
    )


async def cut_off(seat: Seat, intent: Intent, after_s: float) -> None:
    """Begin to carry it out, and be cut off."""
    executing = asyncio.ensure_future(seat.venue.execute(an_action(intent)))
    await asyncio.sleep(after_s)
    executing.cancel()
    await asyncio.gather(executing, return_exceptions=True)


def test_what_is_cut_off_after_it_was_seen_is_still_found_out() -> None:
    async def work() -> tuple[list[OutcomeKind], set[str]]:
        # The cancel of the old stop is cut off: the new one has been seen already.
        seat = Seat(held(faults=[Fault(), Fault(late_ms=10_000)]))
        await seat.venue.snapshot()
        await cut_off(seat, MoveStop(id=LONG, trigger=D(95)), 5)
        await seat.waits(30)
        return [o.kind for o in outcomes(seat.later)], set(seat.exchange.orders)

    assert live(work) == ([OutcomeKind.VERIFIED], {"hf-3-1", "web_1"})


@pytest.mark.parametrize("code", [-2019, -2015])
def test_what_is_cut_off_after_it_was_refused_is_told_as_refused(code: int) -> None:
    async def work() -> tuple[list[tuple[OutcomeKind, str]], int, bool]:
        seat = Seat(held(faults=[Fault(done=False, reply=says(400, code))]))
        await seat.venue.snapshot()
        seat.exchange.took_ms = 4_000  # So long takes the reading after it.
        executing = asyncio.ensure_future(seat.venue.execute(an_action(LEVERS["add"])))
        await asyncio.sleep(2)
        if not executing.done():
            executing.cancel()
            await asyncio.gather(executing, return_exceptions=True)
            await seat.waits(30)
        found = outcomes(seat.later or executing.result())
        return (
            [(o.kind, o.code) for o in found],
            len(seat.exchange.sent),
            ClientId("hf-3-1") in seat.venue.acts,
        )

    assert live(work) == ([(OutcomeKind.REJECTED, str(code))], 1, False)


def test_without_a_connection_nothing_was_sent() -> None:
    now, later, _ = does(held(faults=[Fault(done=False, reply=REFUSED)]), LEVERS["add"])
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.proof == "not sent: ClientConnectorError: refused"
    assert not later


def test_a_rejection_comes_with_its_code_and_with_the_account_as_it_is() -> None:
    now, later, _ = does(held(faults=[Fault(done=False, reply=says(400, -2019))]), LEVERS["add"])
    (batch,) = now
    (outcome,) = outcomes(now)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "-2019")
    assert BalanceChanged in kinds(batch)
    assert not later


def test_a_rate_limit_is_a_rejection_and_not_a_question() -> None:
    now, later, _ = does(held(faults=[Fault(done=False, reply=says(429, -1003))]), LEVERS["add"])
    (outcome,) = outcomes(now)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "-1003")
    assert not later


def sendings(intent: Intent, shut_ms: int = 0) -> list[tuple[str, str, int]]:
    """What is told of requests that leave, while the gate is shut for so long: whose, which, and when."""

    async def work() -> list[tuple[str, str, int]]:
        seat, told = Seat(held()), list[tuple[str, str, int]]()
        await seat.venue.snapshot()
        began_ms = now_ms()
        seat.venue.tell_what_leaves(
            lambda action, request: told.append((action.client_id, request.path, now_ms() - began_ms))
        )
        seat.desk.wires.gate.close(shut_ms, emergencies=True)
        await cut_off(seat, intent, 20)
        return told

    return live(work)


def test_each_request_is_told_of_as_it_leaves_the_gate_and_none_that_never_did() -> None:
    in_two = ReducePosition(id=LONG, quantity=D(8))
    assert sendings(LEVERS["add"], shut_ms=2_000) == [("hf-3-1", "margin", 2_000)]
    assert sendings(in_two) == [("hf-3-1", "reduce", 0), ("hf-3-1", "reduce", 0)]
    assert sendings(LEVERS["add"], shut_ms=5_000) == []


def test_a_revoked_key_is_told_as_a_lost_link() -> None:
    now, _, _ = does(held(faults=[Fault(done=False, reply=says(401, -2015))]), LEVERS["add"])
    assert [f for f in every_fact(now) if auth(up=False)(f)]
    assert outcomes(now)[0].code == "-2015"


def test_a_wrong_clock_is_noticed() -> None:
    _, _, seat = does(held(faults=[Fault(done=False, reply=says(400, -1021))]), LEVERS["add"])
    assert seat.desk.wires.noticed == ["-1021"]


def test_an_order_that_exists_already_is_verified() -> None:
    now, _, _ = does(held(faults=[Fault(reply=says(400, -4116))]), LEVERS["stop"])
    assert outcomes(now)[0].kind is OutcomeKind.VERIFIED


def test_fills_come_with_the_outcome() -> None:
    now, _, _ = does(held(), ReducePosition(id=LONG, quantity=D(3)))
    assert [fill.quantity for fill in outcomes(now)[0].fills] == [D(3)]


def test_a_large_reduction_goes_in_slices_with_ids_of_their_own() -> None:
    exchange = held()
    now, _, _ = does(exchange, ReducePosition(id=LONG, quantity=D(9)))
    assert [(r.params["id"], r.params["quantity"]) for r in exchange.sent] == [
        ("hf-3-1", "4"),
        ("hf-3-1-2", "4"),
        ("hf-3-1-3", "1"),
    ]
    (outcome,) = outcomes(now)
    assert [fill.quantity for fill in outcome.fills] == [D(4), D(4), D(1)]


def test_a_bound_goes_with_every_slice_and_what_it_leaves_unfilled_is_told_as_it_is() -> None:
    exchange = held(within_bounds=D(5))
    now, later, _ = does(exchange, ReducePosition(id=LONG, quantity=D(9), limit=D("99.5")))
    assert [(r.params["quantity"], r.params["limit"]) for r in exchange.sent] == [
        ("4", "99.5"),
        ("4", "99.5"),
        ("1", "99.5"),
    ]
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert [fill.quantity for fill in outcome.fills] == [D(4), D(1)]
    assert exchange.positions[LONG].quantity == D(5)
    assert not later


def test_an_exit_that_found_nobody_at_its_bound_is_verified_without_a_fill_and_the_stop_stays() -> None:
    exchange = held(within_bounds=D(0))
    now, _, _ = does(exchange, ReducePosition(id=LONG, quantity=D(10), limit=D("99.5")))
    (outcome,) = outcomes(now)
    assert (outcome.kind, outcome.fills) == (OutcomeKind.VERIFIED, ())
    assert exchange.positions[LONG].quantity == D(10)
    assert set(exchange.orders) == {OURS, "web_1"}


def test_a_slice_that_is_refused_ends_it_and_what_traded_counts() -> None:
    exchange = held(faults=[Fault(), Fault(done=False, reply=says(400, -2022))])
    now, _, _ = does(exchange, ReducePosition(id=LONG, quantity=D(9)))
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert [fill.quantity for fill in outcome.fills] == [D(4)]


def test_a_slice_that_nobody_answered_ends_it_and_leaves_it_open() -> None:
    exchange = held(faults=[Fault(), Fault(reply=LOST)])
    now, later, _ = does(exchange, ReducePosition(id=LONG, quantity=D(9)))
    assert outcomes(now)[0].kind is OutcomeKind.UNKNOWN
    (outcome,) = outcomes(later)
    assert [fill.quantity for fill in outcome.fills] == [D(4), D(4)]
    assert len(exchange.sent) == 2


def test_no_more_is_closed_than_is_held() -> None:
    exchange = held()
    does(exchange, ReducePosition(id=LONG, quantity=D(40)))
    closing = [r.params["quantity"] for r in exchange.sent if "quantity" in r.params]
    assert sum(Decimal(str(quantity)) for quantity in closing) == D(10)


def test_our_stop_goes_with_the_position_that_was_closed_and_nobody_elses_order_does() -> None:
    exchange = held()
    now, _, _ = does(exchange, ReducePosition(id=LONG, quantity=D(10)))
    assert set(exchange.orders) == {"web_1"}
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert [f.orders for f in every_fact(now) if isinstance(f, OrdersChanged) and f.id == LONG][-1] == (
        exchange.orders["web_1"],
    )


def test_our_stop_stays_with_what_is_left_of_a_position() -> None:
    exchange = held()
    does(exchange, ReducePosition(id=LONG, quantity=D(9)))
    assert set(exchange.orders) == {OURS, "web_1"}


@pytest.mark.parametrize(
    ("rule", "intent", "urgency"),
    [
        ("flatten", ReducePosition(id=LONG, quantity=D(10)), Urgency.KILL),
        ("keeper", ReducePosition(id=LONG, quantity=D(10)), Urgency.EMERGENCY),
        ("seatbelt", PlaceStop(id=LONG, trigger=D(95)), Urgency.PROTECTION),
    ],
)
def test_what_a_person_wants_closed_goes_before_everything_else(
    rule: str, intent: Intent, urgency: Urgency
) -> None:
    async def planned() -> Plan | str:
        seat = Seat(held())
        await seat.venue.snapshot()
        levers = Levers(acting=seat.desk.connection.dialect.acting(PositionMode.ONE_WAY))
        action = replace(an_action(intent), rule=RuleName(rule))
        return plan(action, levers, seat.venue.listing, seat.venue.state)

    made = live(planned)
    assert isinstance(made, Plan)
    assert made.urgency is urgency


# -- stops ---------------------------------------------------------------------------------------------


def test_a_stop_is_moved_without_a_moment_in_which_there_is_none() -> None:
    exchange = held()
    now, _, _ = does(exchange, MoveStop(id=LONG, trigger=D(95)))
    assert [(r.path, r.params["id"]) for r in exchange.sent] == [("stop", "hf-3-1"), ("cancel", OURS)]
    # Before the cancel it was read back that the new one rests.
    assert set(exchange.orders) == {"hf-3-1", "web_1"}
    (orders,) = [f for f in every_fact(now) if isinstance(f, OrdersChanged)]
    assert {order.client_id for order in orders.orders} == {"hf-3-1", "web_1"}


def test_a_stop_that_cannot_be_placed_leaves_the_old_one() -> None:
    exchange = held(faults=[Fault(done=False, reply=says(400, -2019))])
    does(exchange, MoveStop(id=LONG, trigger=D(95)))
    assert [r.path for r in exchange.sent] == ["stop"]
    assert set(exchange.orders) == {OURS, "web_1"}


@pytest.mark.parametrize(("stops", "sent"), [((), 1), ((a_stop(),), 0)], ids=["naked", "protected"])
def test_only_the_first_stop_of_a_position_goes_through_a_pause(stops: Sequence[Order], sent: int) -> None:
    async def work() -> int:
        seat = Seat(FakeExchange(positions={LONG: a_position()}, orders={o.client_id: o for o in stops}))
        await seat.venue.snapshot()
        seat.desk.wires.gate.close(60_000, emergencies=False)
        await cut_off(seat, PlaceStop(id=LONG, trigger=D(95)), 5)
        return len(seat.exchange.sent)

    assert live(work) == sent


def test_an_old_stop_whose_cancel_was_lost_is_cancelled_again() -> None:
    exchange = held(faults=[Fault(), Fault(done=False, reply=LOST)])
    now, later, seat = does(exchange, MoveStop(id=LONG, trigger=D(95)))
    (applied,), (verified,) = outcomes(now), outcomes(later)
    assert (applied.kind, verified.kind) == (OutcomeKind.APPLIED, OutcomeKind.VERIFIED)
    assert applied.proof.endswith(f"still resting beside it: {OURS}")
    assert "still resting" not in verified.proof
    assert set(exchange.orders) == {"hf-3-1", "web_1"}
    assert not seat.desk.said


def test_an_old_stop_is_gone_whatever_was_answered_to_its_cancel() -> None:
    exchange = held(faults=[Fault(), Fault(reply=HTML)])
    now, _, seat = does(exchange, MoveStop(id=LONG, trigger=D(95)))
    (outcome,) = outcomes(now)
    assert (outcome.kind, outcome.proof) == (OutcomeKind.VERIFIED, "hf-3-1 rests")
    assert not seat.desk.said


def test_if_the_old_stop_cannot_be_cancelled_both_rest_and_it_is_said() -> None:
    exchange = held(faults=[Fault(), *[Fault(done=False, reply=says(400, -2013))] * 100])
    now, later, seat = does(exchange, MoveStop(id=LONG, trigger=D(95)))
    (applied,), (verified,) = outcomes(now), outcomes(later)
    assert (applied.kind, verified.kind) == (OutcomeKind.APPLIED, OutcomeKind.VERIFIED)
    assert verified.proof.endswith(f"still resting beside it: {OURS}")
    assert set(exchange.orders) == {OURS, "hf-3-1", "web_1"}
    assert seat.desk.said == [f"hf-3-1: {verified.proof}"]
    assert len(exchange.sent) < 25


def test_a_move_that_nobody_answered_cancels_the_old_stop_once_the_new_one_is_seen() -> None:
    exchange = held(faults=[Fault(reply=LOST)])
    _, later, _ = does(exchange, MoveStop(id=LONG, trigger=D(95)))
    assert outcomes(later)[0].kind is OutcomeKind.VERIFIED
    assert set(exchange.orders) == {"hf-3-1", "web_1"}


def test_the_old_stop_stays_where_the_exchange_has_ended_the_new_one() -> None:
    async def work() -> tuple[list[OutcomeKind], list[tuple[ClientId, Ending]], set[str]]:
        exchange = held(faults=[Fault(reply=LOST)])
        seat = Seat(exchange)
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(MoveStop(id=LONG, trigger=D(95))))
        del exchange.orders["hf-3-1"]
        exchange.past["hf-3-1"] = OrderState(client_id=ClientId("hf-3-1"), open=False, status="EXPIRED")
        await seat.waits(60)
        ended = [(f.client_id, f.how) for f in every_fact(seat.later) if isinstance(f, OrderEnded)]
        return [o.kind for o in outcomes(seat.later)], ended, set(exchange.orders)

    # Nobody has seen it rest: how it ended is told with its outcome.
    assert live(work) == ([OutcomeKind.VERIFIED], [("hf-3-1", Ending.ENDED)], {OURS, "web_1"})


def test_a_move_of_an_earlier_run_does_not_cancel_the_stop_of_another_lot() -> None:
    async def work() -> set[str]:
        exchange = held()
        ended = OrderState(client_id=ClientId("hf-3-1"), open=False, status="CANCELED")
        exchange.past["hf-3-1"] = ended
        seat = Seat(exchange)
        await seat.venue.snapshot()
        seat.venue.resume(an_action(MoveStop(id=LONG, trigger=D(95))), a_position())
        await seat.waits(60)
        return set(exchange.orders)

    assert live(work) == {OURS, "web_1"}


@pytest.mark.parametrize(("before", "left"), [(a_position(), {"web_1"}), (None, {OURS, "web_1"})])
def test_a_move_for_a_position_that_is_gone_cancels_no_stop_of_the_next(
    before: Position | None, left: set[str]
) -> None:
    async def work() -> set[str]:
        exchange = held()
        exchange.orders["hf-3-1"] = replace(a_stop(ClientId("hf-3-1")), trigger=D(80))
        seat = Seat(exchange)
        await seat.venue.snapshot()
        seat.venue.resume(an_action(MoveStop(id=LONG, trigger=D(80))), before)
        await seat.waits(60)
        return set(exchange.orders)

    assert live(work) == {"hf-3-1", *left}


def test_a_stop_that_is_confirmed_and_never_seen_replaces_nothing() -> None:
    async def work() -> tuple[list[OutcomeKind], list[str]]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.lag = 10_000
        await seat.venue.execute(an_action(MoveStop(id=LONG, trigger=D(95))))
        await seat.waits(60)
        return [o.kind for o in outcomes(seat.later)], [r.path for r in seat.exchange.sent]

    assert live(work) == ([OutcomeKind.VERIFIED], ["stop"])


@pytest.mark.parametrize("client_id", ["web_1", "hf-9-9"])
def test_no_order_is_cancelled_that_is_not_a_resting_one_of_ours(client_id: str) -> None:
    exchange = held()
    now, _, _ = does(exchange, CancelStop(id=LONG, client_id=client_id))
    assert outcomes(now)[0].kind is OutcomeKind.NOT_APPLIED
    assert not exchange.sent


def test_a_stop_that_outlived_its_position_is_cancelled() -> None:
    exchange = held()
    exchange.positions.clear()

    async def work() -> tuple[Seat, Sequence[Batch]]:
        seat = Seat(exchange)
        now, _ = await seat.does(CancelStop(id=LONG, client_id=OURS))
        return seat, now

    seat, now = live(work)
    assert [outcome.kind for outcome in outcomes(now)] == [OutcomeKind.VERIFIED]
    assert list(exchange.orders) == ["web_1"]
    assert list(seat.venue.withdrawn) == [OURS]


def by_its_own_id(dialect: FakeDialect) -> None:
    """An exchange that cancels by its own ids only."""

    def cancel(instrument: Instrument, order: Order, venue_id: str) -> Request:
        id_ = venue_id.removeprefix("own-")
        return Request(api="private", method="POST", path="cancel", params={"id": id_, "own": venue_id})

    dialect.cancel_by_id = cancel


@pytest.mark.parametrize("known", [True, False])
def test_an_exchange_may_cancel_by_ids_of_its_own(known: bool) -> None:
    async def work() -> tuple[Sequence[Outcome], FakeExchange]:
        exchange = held()
        own = {ClientId(each): f"own-{each}" for each in exchange.orders} if known else {}
        exchange.state = lambda: replace(FakeExchange.state(exchange), venue_ids=own)  # type: ignore[method-assign]
        seat = Seat(exchange, by_its_own_id)
        now, _ = await seat.does(MoveStop(id=LONG, trigger=D(95)), within_s=1)
        return outcomes(now), exchange

    (outcome,), exchange = live(work)
    assert outcome.kind is (OutcomeKind.VERIFIED if known else OutcomeKind.APPLIED)
    cancels = [r.params["own"] for r in exchange.sent if r.path == "cancel"]
    assert cancels == ([f"own-{OURS}"] if known else [])
    assert ("still resting" in outcome.proof) is not known


# -- hedges --------------------------------------------------------------------------------------------


def test_a_hedge_sets_mode_and_leverage_before_it_buys() -> None:
    exchange = held(faults=[Fault(reply=says(400, -4046))])
    now, _, _ = does(exchange, LEVERS["hedge"])
    assert [r.path for r in exchange.sent] == ["mode", "leverage", "open"]
    assert outcomes(now)[0].kind is OutcomeKind.VERIFIED
    assert exchange.positions[HEDGE].quantity == D(3)


@pytest.mark.parametrize("reply", [LOST, HTML])
def test_a_hedge_whose_preparation_is_unknown_is_not_bought(reply: Reply) -> None:
    exchange = held(faults=[Fault(), Fault(done=False, reply=reply)])
    now, later, _ = does(exchange, LEVERS["hedge"])
    assert [r.path for r in exchange.sent] == ["mode", "leverage"]
    assert outcomes(now)[0].kind is OutcomeKind.NOT_APPLIED
    assert not later


def test_a_hedge_is_closed_where_it_is_held() -> None:
    exchange = held()
    exchange.positions[HEDGE] = a_position(HEDGE, quantity=D(3))
    now, _, _ = does(exchange, CloseHedge(id=LONG, symbol=QUARTERLY, quantity=D(3)))
    assert outcomes(now)[0].kind is OutcomeKind.VERIFIED
    assert HEDGE not in exchange.positions


class TakesBack(FakeExchange):
    """It deleverages the hedge as soon as it was opened."""

    def carry_out(self, request: Request) -> Reply:
        reply = super().carry_out(request)
        if request.path == "open":
            del self.positions[HEDGE]
        return reply


def test_a_hedge_that_was_taken_away_at_once_is_told_as_traded_once_no_reading_can_be_from_before() -> None:
    now, later, seat = does(TakesBack(positions={LONG: a_position()}), LEVERS["hedge"])
    assert [o.kind for o in outcomes(now)] == [OutcomeKind.APPLIED]
    (outcome,) = outcomes(later)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert sum(fill.quantity for fill in outcome.fills) == D(3)
    # Queries are answered from up to five seconds behind, and twice that is waited.
    assert 10_000 < outcome.at_ms - T0 < 13_000
    assert seat.desk.said == [f"hf-3-1 was confirmed and the account does not show it: {outcome.proof}"]


# -- what cannot be done -------------------------------------------------------------------------------

IMPOSSIBLE: dict[str, Intent] = {
    "no position": AddMargin(id=ETH_LONG, amount=D(1)),
    "not listed": OpenHedge(
        id=LONG, symbol=Symbol("XRP/USDT:USDT"), quantity=D(1), leverage=D(1), limit=D(1)
    ),
    "no such lever": BuyOption(id=LONG, symbol=BTC, quantity=D(1), price=D(1)),
    "no hedge": CloseHedge(id=LONG, symbol=QUARTERLY, quantity=D(1)),
}


@pytest.mark.parametrize("intent", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_be_planned_is_said_and_not_sent(intent: Intent) -> None:
    exchange = held()
    now, later, _ = does(exchange, intent)
    (outcome,) = outcomes(now)
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.proof.startswith(f"not sent: {type(intent).__name__}: ")
    assert not exchange.sent
    assert not later


# -- an exchange that answers from behind ---------------------------------------------------------------


@EVERY_LEVER
@pytest.mark.parametrize("lag", [1, 2, 3])
def test_a_lagging_account_is_looked_at_again(intent: Intent, lag: int) -> None:
    async def work() -> Sequence[Outcome]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.lag = lag
        return outcomes(await seat.venue.execute(an_action(intent)))

    assert [o.kind for o in live(work)] == [OutcomeKind.VERIFIED]


def test_what_stays_behind_longer_is_applied_first_and_verified_later() -> None:
    async def work() -> tuple[list[OutcomeKind], list[OutcomeKind]]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.lag = 7
        now = outcomes(await seat.venue.execute(an_action(LEVERS["add"])))
        await seat.waits(20)
        return [o.kind for o in now], [o.kind for o in outcomes(seat.later)]

    assert live(work) == ([OutcomeKind.APPLIED], [OutcomeKind.VERIFIED])


def test_what_was_confirmed_and_is_never_seen_is_believed_in_the_end_and_said() -> None:
    async def work() -> tuple[list[OutcomeKind], list[str]]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.lag = 10_000
        await seat.venue.execute(an_action(LEVERS["add"]))
        await seat.waits(60)
        return [o.kind for o in outcomes(seat.later)], seat.desk.said

    kinds_later, said = live(work)
    assert kinds_later == [OutcomeKind.VERIFIED]
    assert said == ["hf-3-1 was confirmed and the account does not show it: isolated margin 100 -> 100"]


def test_while_the_account_cannot_be_read_an_act_stays_open() -> None:
    async def work() -> tuple[list[OutcomeKind], list[OutcomeKind]]:
        seat = Seat(held(faults=[Fault(reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS["add"]))
        seat.exchange.unreadable = HTML
        await seat.waits(20)
        meanwhile = [o.kind for o in outcomes(seat.later)]
        seat.exchange.unreadable = None
        await seat.waits(20)
        return meanwhile, [o.kind for o in outcomes(seat.later)]

    assert live(work) == ([], [OutcomeKind.VERIFIED])


def test_an_act_that_no_reading_can_decide_is_said_and_given_up_in_the_end() -> None:
    async def work() -> tuple[list[tuple[float, OutcomeKind]], list[str], bool]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS["add"]))
        # Its owner has bought more meanwhile, with margin of its own.
        seat.exchange.positions[LONG] = a_position(quantity=D(20), margin=D(190))
        await seat.waits(1_000)
        at_s = [((o.at_ms - T0) / 1000, o.kind) for o in outcomes(seat.later)]
        return at_s, seat.desk.said, ClientId("hf-3-1") in seat.venue.acts

    ((when, kind),), said, still_open = live(work)
    # A position that nothing can be done for but to leave it is worse than a budget that is counted twice.
    assert kind is OutcomeKind.GIVEN_UP
    assert 300 < when < 312
    assert not still_open
    assert said == [
        "hf-3-1 cannot be decided by reading: the position has grown meanwhile",
        "hf-3-1: counted as spent, no reading can decide it: the position has grown meanwhile",
    ]


@pytest.mark.parametrize(("behind_ms", "marks"), [(900, 1), (2_000, 0)])
def test_a_mark_of_a_time_to_come_is_not_begun_with(behind_ms: int, marks: int) -> None:
    async def work() -> int:
        seat = Seat(held())
        # As it was when it was read; it has been set right since.
        seat.desk.wires.clock.offset_ms = -behind_ms
        return sum(isinstance(fact, MarkPrice) for fact in every_fact(await seat.venue.snapshot()))

    assert live(work) == marks


@pytest.mark.parametrize(
    ("margin", "kind"),
    [
        # 100 + 50 were added before four fifths went, with four fifths of all margin.
        (30, OutcomeKind.VERIFIED),
        # 50 came to what was left of 100.
        (70, OutcomeKind.VERIFIED),
        # Nothing came.
        (20, OutcomeKind.NOT_APPLIED),
    ],
)
def test_margin_is_found_again_where_an_exit_took_most_of_the_position_meanwhile(
    margin: int, kind: OutcomeKind
) -> None:
    async def work() -> list[OutcomeKind]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(AddMargin(id=LONG, amount=D(50))))
        seat.exchange.positions[LONG] = a_position(quantity=D(2), margin=D(margin))
        await seat.waits(30)
        return [outcome.kind for outcome in outcomes(seat.later)]

    assert live(work) == [kind]


def test_an_order_that_still_trades_is_never_counted_as_done() -> None:
    async def work() -> list[Outcome]:
        seat = Seat(held(faults=[Fault(done=False, reply=LOST)]))
        await seat.venue.snapshot()
        await seat.venue.execute(an_action(LEVERS["reduce"]))
        seat.exchange.past["hf-3-1"] = OrderState(client_id=ClientId("hf-3-1"), open=True, status="NEW")
        await seat.waits(1_000)
        return outcomes(seat.later)

    assert live(work) == []


# -- an earlier run ------------------------------------------------------------------------------------


@EVERY_LEVER
@pytest.mark.parametrize("done", [True, False], ids=TRUTHS)
def test_what_an_earlier_run_left_open_is_found_out_and_never_sent_again(intent: Intent, done: bool) -> None:
    async def earlier(exchange: FakeExchange) -> Action:
        seat = Seat(exchange)
        await seat.venue.snapshot()
        action = an_action(intent)
        await seat.venue.execute(action)  # Its outcome is lost with the run.
        return action

    async def work() -> tuple[list[OutcomeKind], int]:
        steps = 2 if isinstance(intent, OpenHedge) else 0
        exchange = held(faults=[*[Fault()] * steps, Fault(done=done, reply=LOST)])
        before = exchange.positions[LONG]
        action = await earlier(exchange)
        sent = len(exchange.sent)
        seat = Seat(exchange)
        await seat.venue.snapshot()
        seat.venue.resume(action, before)
        await seat.waits(60)
        again = [r for r in exchange.sent[sent:] if r.path != "cancel"]
        return [o.kind for o in outcomes(seat.later)], len(again)

    truth = OutcomeKind.VERIFIED if done else OutcomeKind.NOT_APPLIED
    assert live(work) == ([truth], 0)


def test_whether_an_act_of_an_earlier_run_may_still_happen_is_told_by_the_clock_of_the_exchange() -> None:
    async def work() -> tuple[list[OutcomeKind], list[OutcomeKind]]:
        seat = Seat(held())
        await seat.venue.snapshot()
        # Our clock has been wrong since the machine started again: by it the deadline was long ago.
        wrong_ms = 40_000
        seat.desk.connection.wires.clock.read(now_ms() - wrong_ms, now_ms(), now_ms())
        action = replace(an_action(LEVERS["add"]), deadline_ms=now_ms() - wrong_ms + 5_000)
        seat.venue.resume(action, a_position())
        await seat.waits(5)
        early = outcomes(seat.later)
        await seat.waits(60)
        return [o.kind for o in early], [o.kind for o in outcomes(seat.later)]

    assert live(work) == ([], [OutcomeKind.NOT_APPLIED])


def test_what_an_earlier_run_knew_as_done_is_not_disproved_by_what_the_account_shows() -> None:
    async def work() -> list[OutcomeKind]:
        seat = Seat(held())
        await seat.venue.snapshot()
        # It was added, and its owner has taken it out again since.
        seat.venue.resume(an_action(LEVERS["add"]), a_position(), confirmed=True)
        await seat.waits(60)
        return [o.kind for o in outcomes(seat.later)]

    assert live(work) == [OutcomeKind.VERIFIED]


# -- snapshot ------------------------------------------------------------------------------------------


def snapshots(*changes: Callable[[FakeExchange], None]) -> list[list[Fact]]:
    async def work() -> list[list[Fact]]:
        exchange = held()
        seat = Seat(exchange)
        found = [every_fact(await seat.venue.snapshot())]
        for change in changes:
            change(exchange)
            await asyncio.sleep(1)
            found.append(list(await seat.venue.reread()))
        return found

    return live(work)


def test_a_snapshot_tells_contracts_before_positions_and_marks_with_them() -> None:
    (facts,) = snapshots()
    assert [f.contract.symbol for f in facts if isinstance(f, InstrumentChanged)] == [BTC, QUARTERLY]
    assert kinds(facts) == [
        InstrumentChanged,
        InstrumentChanged,
        BalanceChanged,
        PositionChanged,
        OrdersChanged,
        AccountRead,
        MarkPrice,
    ]


def rereadings(change: Callable[[FakeExchange], object], *, after_s: float = 10) -> Sequence[Fact]:
    """What a second reading tells, some time after the first and after a change."""

    async def work() -> Sequence[Fact]:
        exchange = held()
        exchange.liquidations = {LONG: D(90)}
        seat = Seat(exchange)
        await seat.venue.snapshot()
        change(exchange)
        await asyncio.sleep(after_s)
        return await seat.venue.reread()

    return live(work)


def test_a_reading_that_found_nothing_new_tells_the_balance_and_that_this_is_all() -> None:
    assert kinds(rereadings(lambda exchange: None)) == [BalanceChanged, AccountRead]


def test_orders_are_asked_for_where_something_is_known_and_of_all_once_a_minute() -> None:
    async def work() -> list[frozenset[Symbol] | None]:
        seat = Seat(held())
        await seat.venue.snapshot()
        for after_s in (10, 49, 1):
            await asyncio.sleep(after_s)
            await seat.venue.reread()
        return seat.desk.dialect.asked_among

    assert live(work) == [None, {BTC}, {BTC}, None]


def test_a_position_that_turns_up_elsewhere_has_its_orders_read_at_once() -> None:
    async def work() -> list[frozenset[Symbol] | None]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.positions[ETH_LONG] = a_position(ETH_LONG)
        await asyncio.sleep(10)
        await seat.venue.reread()
        return seat.desk.dialect.asked_among

    assert live(work) == [None, {BTC}, None]


def test_everything_is_told_once_a_minute_all_the_same() -> None:
    told = kinds(rereadings(lambda exchange: None, after_s=60))
    assert told == [BalanceChanged, PositionChanged, OrdersChanged, LiquidationQuoted, AccountRead]


@pytest.mark.parametrize(("price", "told"), [("90.08", []), ("90.1", [D("90.1")]), (None, [None])])
def test_the_exchange_s_liquidation_price_is_told_where_it_moved(
    price: str | None, told: list[Decimal | None]
) -> None:
    def move(exchange: FakeExchange) -> None:
        exchange.liquidations = {} if price is None else {LONG: D(price)}

    assert [f.price for f in rereadings(move) if isinstance(f, LiquidationQuoted)] == told


def test_a_position_that_changed_is_told_with_its_liquidation_price() -> None:
    def add(exchange: FakeExchange) -> None:
        exchange.positions[LONG] = exchange.positions[LONG].with_margin(D(500))

    told = rereadings(add)
    assert kinds(told) == [BalanceChanged, PositionChanged, LiquidationQuoted, AccountRead]


def test_what_is_gone_is_told_with_its_orders() -> None:
    def close(exchange: FakeExchange) -> None:
        exchange.positions.clear()
        exchange.orders.clear()

    _, facts = snapshots(close)
    gone = [f for f in facts if isinstance(f, PositionChanged)]
    assert [(f.id, f.position) for f in gone] == [(LONG, None)]
    assert [f.orders for f in facts if isinstance(f, OrdersChanged)] == [()]


def test_a_row_that_makes_no_sense_makes_nothing_disappear() -> None:
    def garble(exchange: FakeExchange) -> None:
        exchange.positions.clear()
        exchange.flaws = ("a position without an entry price",)

    _, facts = snapshots(garble)
    assert PositionChanged not in kinds(facts)


@pytest.mark.parametrize(
    "flaw", ["position BTC: entry is ''", "position ?: entry is ''", "order in BTC: ..."]
)
def test_a_row_that_makes_no_sense_hides_neither_a_position_nor_a_stop(flaw: str) -> None:
    def garble(exchange: FakeExchange) -> None:
        exchange.positions.clear()
        exchange.orders.clear()
        exchange.flaws = (flaw,)

    facts = rereadings(garble)
    assert kinds(facts) == [BalanceChanged, AccountRead]


def test_a_contract_that_is_not_known_here_hides_nothing_that_is() -> None:
    def close(exchange: FakeExchange) -> None:
        exchange.positions.clear()
        exchange.orders.clear()
        exchange.flaws = ("position NEWUSDT: 'NEWUSDT' is not listed",)

    _, facts = snapshots(close)
    assert [f.position for f in facts if isinstance(f, PositionChanged)] == [None]


def test_the_orders_of_a_position_whose_row_makes_no_sense_are_still_asked_for() -> None:
    async def work() -> frozenset[Symbol] | None:
        seat = Seat(held())
        await seat.venue.snapshot()
        kept = dict(seat.exchange.positions)
        seat.exchange.positions.clear()
        seat.exchange.flaws = ("position BTC: entry is ''",)
        del seat.exchange.orders[OURS], seat.exchange.orders["web_1"]
        await seat.venue.reread()
        await seat.venue.reread()
        seat.exchange.positions.update(kept)
        return seat.desk.dialect.asked_among[-1]

    assert live(work) == frozenset({BTC})


@pytest.mark.parametrize("flaw", ["balance USDT: free is 'nan'", "wallet ?: free is 'nan'"])
def test_a_balance_that_makes_no_sense_is_not_nothing(flaw: str) -> None:
    async def work() -> list[Fact]:
        seat = Seat(held())
        await seat.venue.snapshot()
        state = replace(FakeExchange.state(seat.exchange), balances=(), flaws=(flaw,))
        seat.exchange.state = lambda: state  # type: ignore[method-assign]
        return list(await seat.venue.reread())

    assert [f for f in live(work) if isinstance(f, BalanceChanged)] == []


def test_that_there_is_no_liquidation_price_any_more_is_told_also_when_everything_is() -> None:
    def none(exchange: FakeExchange) -> None:
        exchange.liquidations = {}

    assert [f.price for f in rereadings(none, after_s=60) if isinstance(f, LiquidationQuoted)] == [None]


def test_a_currency_that_is_gone_is_empty() -> None:
    async def work() -> list[Fact]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.state = lambda: replace(FakeExchange.state(seat.exchange), balances=())  # type: ignore[method-assign]
        return list(await seat.venue.reread())

    (balance,) = [f for f in live(work) if isinstance(f, BalanceChanged)]
    assert (balance.currency, balance.wallet, balance.free) == ("USDT", D(0), D(0))


def test_an_account_of_which_nothing_is_listed_is_no_event() -> None:
    async def work() -> Sequence[Batch]:
        seat = Seat(FakeExchange())
        seat.exchange.state = lambda: AccountState(positions=(), balances=(), orders=())  # type: ignore[method-assign]
        return await seat.venue.snapshot()

    assert () not in live(work)


def test_a_new_symbol_s_contract_comes_before_its_position() -> None:
    def open_eth(exchange: FakeExchange) -> None:
        exchange.positions[ETH_LONG] = a_position(ETH_LONG)

    _, facts = snapshots(open_eth)
    assert kinds(facts).index(InstrumentChanged) < kinds(facts).index(PositionChanged)


def test_a_reading_that_was_overtaken_says_nothing() -> None:
    async def work() -> tuple[Batch, Batch]:
        seat = Seat(held())
        await seat.venue.snapshot()
        await asyncio.sleep(1)
        old = await seat.venue.reader.read(Urgency.ACCOUNT)
        await asyncio.sleep(1)
        new = await seat.venue.reread()
        return seat.venue.reader.facts(old), new

    overtaken, newer = live(work)
    assert overtaken == ()
    assert newer


def test_a_glance_at_one_position_leaves_the_orders_of_the_others_as_they_were_known() -> None:
    async def work() -> tuple[set[str], list[Fact], int]:
        seat = Seat(held())
        reader = seat.venue.reader
        seat.exchange.positions[ETH_LONG] = a_position(ETH_LONG)
        seat.exchange.orders[ClientId("web_2")] = replace(a_stop(ClientId("web_2")), id=ETH_LONG)
        await seat.venue.snapshot()
        del seat.exchange.orders[OURS], seat.exchange.orders[ClientId("web_2")]
        await asyncio.sleep(1)
        facts = list(reader.facts(await reader.glance(frozenset({LONG.symbol}), Urgency.PROTECTION)))
        return {order.client_id for order in reader.state.orders}, facts, reader.began_ms - reader.complete_ms

    known, facts, older_ms = live(work)
    assert known == {"web_1", "web_2"}
    assert [fact.id for fact in facts if isinstance(fact, OrdersChanged)] == [LONG]
    assert older_ms >= 1_000  # Who waits to know all of the account still has to read it.


def test_a_reading_of_all_that_a_glance_has_overtaken_still_tells_of_the_others() -> None:
    async def work() -> tuple[set[ClientId], list[PositionId], bool, bool]:
        seat = Seat(held())
        reader = seat.venue.reader
        seat.exchange.positions[ETH_LONG] = a_position(ETH_LONG)
        seat.exchange.orders[ClientId("web_2")] = replace(a_stop(ClientId("web_2")), id=ETH_LONG)
        await seat.venue.snapshot()
        await asyncio.sleep(1)
        seat.exchange.orders[ClientId("web_3")] = replace(a_stop(ClientId("web_3")), id=ETH_LONG)
        whole = await reader.read(Urgency.ACCOUNT)
        await asyncio.sleep(1)
        seat.exchange.orders[ClientId("web_4")] = a_stop(ClientId("web_4"))
        reader.facts(await reader.glance(frozenset({LONG.symbol}), Urgency.PROTECTION))
        newest_ms = reader.began_ms
        facts = reader.facts(whole)
        known = {order.client_id for order in reader.state.orders}
        told = [fact.id for fact in facts if isinstance(fact, OrdersChanged)]
        whole_told = any(isinstance(fact, AccountRead) for fact in facts)
        return known, told, whole_told, reader.began_ms == newest_ms and reader.complete_ms == whole.began_ms

    known, told, whole_told, dated = live(work)
    assert known == {OURS, "web_1", "web_2", "web_3", "web_4"}
    assert (told, whole_told, dated) == ([ETH_LONG], True, True)


def test_the_account_s_facts_hold_for_when_their_reading_began() -> None:
    async def work() -> tuple[int, list[int]]:
        seat = Seat(held(took_ms=700))
        began = an_action(LEVERS["add"]).at_ms
        facts = every_fact(await seat.venue.snapshot())
        return began, [f.at_ms for f in facts if isinstance(f, PositionChanged | BalanceChanged)]

    began, at_ms = live(work)
    assert set(at_ms) == {began}


def test_a_reading_is_as_old_as_its_leaving_and_not_as_its_wait_at_the_gate() -> None:
    async def work() -> tuple[int, int]:
        seat = Seat(held())
        seat.desk.wires.gate.close(30_000, emergencies=False)
        began_ms = now_ms()
        found = await seat.venue.reader.read(Urgency.ACCOUNT)
        return found.began_ms - began_ms, now_ms() - began_ms

    assert live(work) == (30_000, 30_000)


def test_what_a_reading_found_that_left_after_a_glance_is_newer_than_that() -> None:
    async def work() -> tuple[Decimal, Decimal]:
        seat = Seat(held())
        reader = seat.venue.reader
        await seat.venue.snapshot()
        await asyncio.sleep(1)
        # The whole reading waits for its turn; a glance passes it by, and then the account changes.
        seat.desk.wires.gate.close(5_000, emergencies=False)
        whole = asyncio.ensure_future(reader.read(Urgency.ACCOUNT))
        await asyncio.sleep(1)
        glanced = await reader.glance(frozenset({LONG.symbol}), Urgency.EMERGENCY)
        seat.exchange.positions[LONG] = a_position(quantity=D(4))
        found = await whole
        reader.facts(glanced)
        before = reader.state.positions[0].quantity
        reader.facts(found)
        return before, reader.state.positions[0].quantity

    assert live(work) == (D(10), D(4))


def test_a_key_that_works_again_is_told() -> None:
    async def work() -> list[Batch]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.exchange.unreadable = says(401, -2015)
        with pytest.raises(Unreadable) as raised:
            await seat.venue.reread()
        lost = seat.venue.key.news(raised.value)
        assert not seat.venue.key.lost(raised.value.code, "again")
        seat.exchange.unreadable = None
        return [lost, await seat.venue.reread(), await seat.venue.reread()]

    lost, back, after = live(work)
    assert auth(up=False)(lost[0])
    assert auth(up=True)(back[0])
    assert BalanceChanged in kinds(back)
    assert LinkChanged not in kinds(after)


def test_that_a_key_reads_does_not_prove_that_it_may_act() -> None:
    async def work() -> list[list[type[Any]]]:
        seat = Seat(held(faults=[Fault(done=False, reply=says(401, -2015))]))
        await seat.venue.snapshot()
        seen = [kinds(every_fact(await seat.venue.execute(an_action(LEVERS["add"]))))]
        for _ in range(3):
            await asyncio.sleep(25)
            seen.append(kinds(await seat.venue.reread()))
        return seen

    assert [LinkChanged in told for told in live(work)] == [True, False, False, True]


def test_an_act_that_the_dialect_cannot_spell_is_not_sent() -> None:
    def by_its_own_id_only(dialect: FakeDialect) -> None:
        def cancel(instrument: Instrument, order: Order) -> Request:
            raise ValueError("only by the exchange's own id")

        dialect.cancel = cancel  # type: ignore[method-assign]

    async def work() -> Sequence[Outcome]:
        seat = Seat(held(), by_its_own_id_only)
        return outcomes((await seat.does(LEVERS["cancel"], within_s=1))[0])

    (outcome,) = live(work)
    assert (outcome.kind, outcome.proof) == (
        OutcomeKind.NOT_APPLIED,
        "not sent: CancelStop: only by the exchange's own id",
    )


@pytest.mark.parametrize(("waits_ms", "leaves"), [(4_900, True), (5_000, False), (60_000, False)])
def test_what_waited_for_its_turn_past_its_deadline_does_not_leave(waits_ms: int, *, leaves: bool) -> None:
    # A process that was stopped at the gate finds it open before anybody has given the action up.
    async def work() -> tuple[FakeExchange, Sequence[Batch]]:
        seat = Seat(held())
        await seat.venue.snapshot()
        seat.desk.wires.gate.close(waits_ms, emergencies=True)
        return seat.exchange, await seat.venue.execute(an_action(AddMargin(id=LONG, amount=D(25))))

    exchange, batches = live(work)
    assert bool(exchange.sent) is leaves
    (outcome,) = [fact for fact in every_fact(batches) if isinstance(fact, Outcome)]
    assert outcome.kind is (OutcomeKind.VERIFIED if leaves else OutcomeKind.NOT_APPLIED)
    if not leaves:
        assert outcome.proof == "not sent: its deadline passed while it waited for its turn"
