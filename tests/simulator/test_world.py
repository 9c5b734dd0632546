"""What the simulated exchange remembers of what happens on it."""

from decimal import Decimal

import pytest

from bot.core.types import MarginMode, OrderKind, PositionId, PositionMode, Side
from bot.simulator import Change, Event, OrderRecord, OrderStatus, OrderTerms, Origin, Refusal, World
from bot.simulator.records import IncomeKind
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, BOB, FEES, START_MS, Hands, a_holding, a_world

D = Decimal
LONG = PositionId(ALICE, BTC, Side.LONG)


def place(
    world: World, kind: OrderKind = OrderKind.MARKET, id_: PositionId = LONG, **terms: object
) -> OrderRecord:
    values = {k: D(v) if isinstance(v, str) and k != "client_id" else v for k, v in terms.items()}
    values.setdefault("client_id", "c1")
    placed = world.place(OrderTerms(id=id_, kind=kind, **values))  # type: ignore[arg-type]
    assert isinstance(placed, OrderRecord), placed
    return placed


def heard(world: World) -> list[Event]:
    events: list[Event] = []
    world.listen(events.append)
    return events


def test_a_market_order_is_new_before_it_trades_and_stays_known_when_it_is_over() -> None:
    world = a_world()
    events = heard(world)
    order = place(world, quantity="2")
    assert [(u.change, u.order.status) for e in events for u in e.updates] == [
        (Change.NEW, OrderStatus.NEW),
        (Change.TRADE, OrderStatus.FILLED),
    ]
    assert (order.filled, order.average) == (D(2), D(100))
    view = world.view(ALICE)
    assert view.positions[LONG].quantity == D(2)
    (trade,) = view.trades
    assert (trade.price, trade.fee, trade.maker) == (D(100), D(200) * FEES.taker_fee, False)
    assert [(i.kind, i.amount) for i in view.income] == [(IncomeKind.FEE, D("-0.1"))]


def test_a_triggered_stop_trades_under_an_id_of_its_own() -> None:
    world = a_world()
    world.open(a_holding())
    events = heard(world)
    stop = place(world, OrderKind.STOP_MARKET, quantity="10", trigger="95", reduces=True, reduce_only=True)
    assert [o.order_id for o in world.view(ALICE).open_orders] == [stop.order_id]
    world.move(BTC, D(94))
    assert [u.change for e in events for u in e.updates] == [
        Change.NEW,
        Change.TRIGGERED,
        Change.NEW,
        Change.TRADE,
        Change.FINISHED,
    ]
    met = world.order(ALICE, stop.order_id)
    assert met is not None
    assert met.status is OrderStatus.TRIGGERED
    child = world.order(ALICE, met.child or 0)
    assert child is not None
    assert (child.origin, child.parent, child.status) == (Origin.TRIGGERED, stop.order_id, OrderStatus.FILLED)
    assert (child.filled, child.average) == (D(10), D(95))
    assert world.view(ALICE).positions == {}
    assert world.view(ALICE).open_orders == ()


def test_a_liquidation_ends_the_stop_and_is_an_order_of_the_exchange() -> None:
    world = a_world()
    world.open(a_holding())
    stop = place(world, OrderKind.TAKE_PROFIT_MARKET, quantity="10", trigger="120", reduces=True)
    world.move(BTC, D(50))
    left = world.order(ALICE, stop.order_id)
    assert left is not None
    assert left.status is OrderStatus.EXPIRED
    taken = [o for o in world.view(ALICE).orders.values() if o.origin is Origin.LIQUIDATION]
    # Bankrupt at 90: 10 * 100 / 10 of margin is what the position could lose.
    assert [(o.filled, o.average) for o in taken] == [(D(10), D(90))]
    assert world.view(ALICE).positions == {}


def test_an_order_that_is_refused_leaves_no_trace() -> None:
    world = a_world()
    refusal = world.place(
        OrderTerms(client_id="c", id=LONG, kind=OrderKind.MARKET, quantity=D(1), reduces=True)
    )
    assert isinstance(refusal, Refusal)
    assert refusal.code == "-2022"
    assert world.view(ALICE).orders == {}


def test_a_client_id_is_unique_among_the_open_orders_of_an_account() -> None:
    world = a_world()
    first = place(world, OrderKind.LIMIT, quantity="1", limit="90")
    again = world.place(OrderTerms(client_id="c1", id=LONG, kind=OrderKind.LIMIT, quantity=D(1), limit=D(91)))
    assert isinstance(again, Refusal)
    assert again.code == "-4116"
    # Another account may use it, and so may the same one once the order is over.
    place(world, OrderKind.LIMIT, PositionId(BOB, BTC, Side.LONG), quantity="1", limit="90")
    world.cancel(ALICE, first.order_id)
    place(world, OrderKind.LIMIT, quantity="1", limit="90")


def test_what_the_holder_cancels_is_cancelled_and_what_another_holds_is_not() -> None:
    world = a_world()
    order = place(world, OrderKind.LIMIT, quantity="1", limit="90")
    assert world.cancel(BOB, order.order_id) is None
    cancelled = world.cancel(ALICE, order.order_id)
    assert cancelled is not None
    assert cancelled.status is OrderStatus.CANCELLED
    assert world.cancel(ALICE, order.order_id) is None


def test_margin_that_was_moved_is_in_the_history() -> None:
    world = a_world()
    world.open(a_holding())
    assert world.move_margin(LONG, D("12.34")) is None
    assert world.move_margin(LONG, D("-2.34")) is None
    refusal = world.move_margin(LONG, D(100_000))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "-4051"
    view = world.view(ALICE)
    assert [m.amount for m in view.margin_moves] == [D("12.34"), D("-2.34")]
    assert view.positions[LONG].margin == D(110)
    assert view.wallets["USDT"] == D(9890)


def test_a_lagging_view_is_the_account_of_before() -> None:
    hands = Hands()
    world = a_world(hands=hands)
    hands.now_ms += 1000
    order = place(world, OrderKind.LIMIT, quantity="1", limit="90")
    world.open(a_holding(quantity="5"))
    hands.now_ms += 1000
    late = world.view(ALICE, lag_ms=1500)
    assert (late.positions, late.orders, late.wallets["USDT"]) == ({}, {}, D(10_000))
    now = world.view(ALICE)
    assert (list(now.orders), now.wallets["USDT"]) == ([order.order_id], D(9950))


def test_modes_change_only_on_an_empty_account() -> None:
    world = a_world()
    assert world.set_position_mode(ALICE, PositionMode.HEDGE) is None
    assert world.set_margin_mode(ALICE, BTC, MarginMode.CROSS) is None
    assert world.exchange.desk.terms(LONG)[1] is MarginMode.CROSS
    assert world.set_leverage(ALICE, BTC, D(7)) is None
    assert world.exchange.desk.terms(PositionId(ALICE, BTC, Side.SHORT))[0] == D(7)
    place(world, quantity="1")
    refusal = world.set_position_mode(ALICE, PositionMode.ONE_WAY)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "mode_position"
    refusal = world.set_margin_mode(ALICE, BTC, MarginMode.ISOLATED)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "-4048"


def test_a_minute_of_prices_is_a_bar() -> None:
    hands = Hands(START_MS - START_MS % 60_000)
    world = a_world(hands=hands)
    for price in ("103", "98", "101"):
        world.move(BTC, D(price))
    hands.now_ms += 60_000
    world.move(BTC, D(102))
    first, second = world.market.bars(BTC, 60_000)
    assert (first.open, first.high, first.low, first.close) == (D(100), D(103), D(98), D(101))
    assert (second.open, second.close) == (D(101), D(102))
    (hour,) = world.market.bars(BTC, 3_600_000)
    assert (hour.open, hour.high, hour.low, hour.close) == (D(100), D(103), D(98), D(102))


@pytest.mark.parametrize("rate", ["0.0001", "-0.0005"])
def test_funding_is_income(rate: str) -> None:
    world = a_world()
    world.open(a_holding())
    world.market[BTC].funding_rate = D(rate)
    world.settle_funding(BTC)
    (paid,) = world.view(ALICE).income
    assert (paid.kind, paid.amount) == (IncomeKind.FUNDING, -D(rate) * 1000)
