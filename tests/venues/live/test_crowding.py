"""An exit that our own resting orders leave no room for."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bot.core.facts import Outcome, OutcomeKind
from bot.core.intents import AddMargin, Intent, ReducePosition
from bot.core.types import ClientId, Order, OrderKind
from bot.venues.live.dialects.binance.traits import CODES as BINANCE
from bot.venues.live.dialects.bybit.traits import CODES as BYBIT
from bot.venues.live.dialects.okx.traits import CODES as OKX
from bot.venues.live.terms import Codes
from bot.venues.live.wire import Reply, Request
from tests.building.core import LONG, D
from tests.venues.live.fake import HTML, FakeExchange, Fault, a_position, an_action, says
from tests.venues.live.test_venue import Seat, outcomes
from tests.venues.live.virtual import live

STOP, PROFIT, THEIRS = ClientId("hf-2-9"), ClientId("hf-2-10"), ClientId("web_1")
CROWDED = "-2022"


def resting(client_id: ClientId, kind: OrderKind) -> Order:
    return Order(client_id=client_id, id=LONG, kind=kind, reduces=True, quantity=D(10), trigger=D(90))


ORDERS: dict[str, Order] = {
    STOP: resting(STOP, OrderKind.STOP_MARKET),
    PROFIT: resting(PROFIT, OrderKind.TAKE_PROFIT_MARKET),
    THEIRS: resting(THEIRS, OrderKind.STOP_MARKET),
}


@dataclass
class Crowded(FakeExchange):
    """Refuses an exit while orders in the way rest: those named, all of ours, or anybody's."""

    in_the_way: frozenset[str] = frozenset()
    code: int = int(CROWDED)

    def carry_out(self, request: Request) -> Reply:
        if request.path == "reduce" and self.in_the_way & self.orders.keys():
            return says(400, self.code)
        return super().carry_out(request)


def an_exchange(*in_the_way: ClientId, **fields: Any) -> Crowded:
    books: dict[str, Any] = {"positions": {LONG: a_position()}, "orders": dict(ORDERS)}
    return Crowded(**(books | fields), in_the_way=frozenset(in_the_way))


def exits(exchange: Crowded, intent: Intent | None = None) -> tuple[list[str], list[Outcome], Seat]:
    """What was sent, what was told at once and later."""

    async def work() -> tuple[list[str], list[Outcome], Seat]:
        seat = Seat(exchange)
        now, later = await seat.does(intent or ReducePosition(id=LONG, quantity=D(4)))
        sent = [f"{r.path} {r.params.get('id', '')}".strip() for r in exchange.sent]
        return sent, outcomes([*now, *later]), seat

    return live(work)


def test_our_take_profits_give_way_first_and_the_stop_stays() -> None:
    exchange = an_exchange(PROFIT)
    sent, (outcome,), seat = exits(exchange)
    assert sent == ["reduce hf-3-1", "cancel hf-2-10", "reduce hf-3-1-21"]
    assert outcome.kind is OutcomeKind.VERIFIED
    assert (exchange.positions[LONG].quantity, sum(f.quantity for f in outcome.fills)) == (D(6), D(4))
    assert exchange.orders.keys() == {STOP, THEIRS}
    assert list(seat.venue.withdrawn) == [PROFIT]


def test_stops_give_way_where_that_was_not_enough() -> None:
    exchange = an_exchange(STOP)
    sent, (outcome,), _ = exits(exchange)
    assert sent == [
        "reduce hf-3-1",
        "cancel hf-2-10",
        "reduce hf-3-1-21",
        "cancel hf-2-9",
        "reduce hf-3-1-41",
    ]
    assert outcome.kind is OutcomeKind.VERIFIED
    assert exchange.orders.keys() == {THEIRS}


def test_orders_of_the_traders_own_stay_and_it_is_asked_for_once_more_for_each_of_our_kinds() -> None:
    exchange = an_exchange(THEIRS)
    sent, (outcome,), _ = exits(exchange)
    assert [each for each in sent if each.startswith("reduce")] == [
        "reduce hf-3-1",
        "reduce hf-3-1-21",
        "reduce hf-3-1-41",
    ]
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, CROWDED)
    # What protects now is told with it, and is placed again by whoever sees that it is gone.
    assert exchange.orders.keys() == {THEIRS}


def test_where_nothing_of_ours_rests_the_refusal_stands() -> None:
    sent, (outcome,), _ = exits(an_exchange(THEIRS, orders={THEIRS: ORDERS[THEIRS]}))
    assert sent == ["reduce hf-3-1"]
    assert outcome.kind is OutcomeKind.REJECTED


def test_where_the_position_is_gone_nothing_is_cancelled_for_it() -> None:
    class Gone(Crowded):
        def carry_out(self, request: Request) -> Reply:
            self.positions.clear()
            return says(400, self.code)

    exchange = Gone(positions={LONG: a_position()}, orders=dict(ORDERS))
    sent, (outcome,), _ = exits(exchange)
    assert sent == ["reduce hf-3-1"]
    assert outcome.kind is OutcomeKind.REJECTED


@pytest.mark.parametrize("code", [-4161, -2019])
def test_another_refusal_moves_nobody(code: int) -> None:
    exchange = an_exchange(STOP, code=code)
    sent, (outcome,), _ = exits(exchange)
    assert sent == ["reduce hf-3-1"]
    assert exchange.orders.keys() == ORDERS.keys()
    assert outcome.kind is OutcomeKind.REJECTED


def test_only_exits_make_orders_give_way() -> None:
    exchange = an_exchange(faults=[Fault(done=False, reply=says(400, -2022))])
    sent, (outcome,), _ = exits(exchange, AddMargin(id=LONG, amount=D(5)))
    assert sent == ["margin"]
    assert outcome.kind is OutcomeKind.REJECTED


def test_an_account_that_cannot_be_read_lets_the_refusal_stand() -> None:
    class Blind(Crowded):
        def carry_out(self, request: Request) -> Reply:
            self.unreadable = HTML
            return super().carry_out(request)

    exchange = Blind(positions={LONG: a_position()}, orders=dict(ORDERS), in_the_way=frozenset({STOP}))
    sent, (outcome,), _ = exits(exchange)
    assert sent == ["reduce hf-3-1"]
    assert outcome.kind is OutcomeKind.REJECTED


def test_an_exit_that_nobody_answered_the_second_time_is_found_by_its_other_id() -> None:
    exchange = an_exchange(PROFIT, faults=[Fault(), Fault(), Fault(reply=HTML)])
    sent, told, _ = exits(exchange)
    assert sent == ["reduce hf-3-1", "cancel hf-2-10", "reduce hf-3-1-21"]
    assert [o.kind for o in told] == [OutcomeKind.UNKNOWN, OutcomeKind.VERIFIED]
    assert sum((fill.quantity for fill in told[-1].fills), Decimal(0)) == D(4)


def test_an_exit_of_an_earlier_run_is_found_by_whichever_id_it_left_under() -> None:
    exchange = an_exchange(PROFIT)
    sent, _, _ = exits(exchange)
    assert sent[-1] == "reduce hf-3-1-21"

    async def another_run() -> list[Outcome]:
        seat = Seat(exchange)
        await seat.venue.snapshot()
        seat.venue.resume(an_action(ReducePosition(id=LONG, quantity=D(4))), a_position())
        await seat.waits(60)
        return outcomes(seat.later)

    (outcome,) = live(another_run)
    assert outcome.kind is OutcomeKind.VERIFIED
    assert sum((fill.quantity for fill in outcome.fills), Decimal(0)) == D(4)


@pytest.mark.parametrize("codes", [BINANCE, BYBIT, OKX])
def test_what_says_so_is_a_refusal(codes: Codes) -> None:
    assert codes.crowded
    assert codes.crowded <= codes.rejected
