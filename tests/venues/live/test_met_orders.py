"""A stop of ours that is gone is looked up, unless the stream has told what it traded or we took it away."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.facts import MET, Fact, Fill, OrderEnded, OrdersChanged, Outcome, OutcomeKind
from bot.core.held.losses import Ending
from bot.venues.live.terms import Heard, OrderState
from tests.building.core import LONG, D
from tests.venues.live.fake import FakeExchange, a_position, says
from tests.venues.live.test_feed import Scene, plays
from tests.venues.live.test_venue import OURS, held
from tests.venues.live.virtual import live

FILL = Fill(quantity=D(10), price=D(92), fee=D(1), pnl=D(-80), slippage=D(0))
FILLED = OrderState(client_id=OURS, open=False, fills=(FILL,), status="FILLED")
OUTCOME = Outcome(at_ms=0, id=LONG, client_id=OURS, kind=OutcomeKind.VERIFIED, proof=MET, fills=(FILL,))


def meets(exchange: FakeExchange) -> None:
    """The stop closes the position."""
    del exchange.positions[LONG], exchange.orders[OURS]
    exchange.past[OURS] = FILLED


def told(scene: Scene) -> list[Fact]:
    return [replace(fact, at_ms=0) for _, fact in scene.box.at if isinstance(fact, Outcome)]


def looks(scene: Scene) -> int:
    return sum(request.path == "order" for request in scene.exchange.asked)


def test_a_stop_that_no_stream_told_of_is_looked_up_once() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def falls() -> None:
            await asyncio.sleep(5)
            meets(scene.exchange)

        return await plays(scene, 30, falls())

    scene = live(work)
    assert told(scene) == [OUTCOME]
    assert looks(scene) == 1


def test_a_reading_that_saw_the_position_gone_before_its_stop_hides_nothing() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def falls() -> None:
            await asyncio.sleep(5)
            del scene.exchange.positions[LONG]
            await asyncio.sleep(15)
            del scene.exchange.orders[OURS]
            scene.exchange.past[OURS] = FILLED

        return await plays(scene, 60, falls())

    scene = live(work)
    assert told(scene) == [OUTCOME]


def test_what_the_stream_told_is_not_told_again() -> None:
    async def work() -> Scene:
        scene = Scene()
        scene.desk.dialect.heard = lambda _: Heard(facts=(OUTCOME,), account=True)

        async def falls() -> None:
            await asyncio.sleep(5)
            meets(scene.exchange)
            scene.hears({})

        return await plays(scene, 30, falls())

    scene = live(work)
    assert told(scene) == [OUTCOME]
    assert looks(scene) == 0


def test_it_is_looked_for_again_while_the_exchange_does_not_answer() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def falls() -> None:
            await asyncio.sleep(5)
            meets(scene.exchange)
            await asyncio.sleep(5.5)
            scene.exchange.unreadable = says(503, 0)
            await asyncio.sleep(3)
            scene.exchange.unreadable = None

        return await plays(scene, 30, falls())

    scene = live(work)
    assert told(scene) == [OUTCOME]


def test_an_order_that_stays_unknown_is_left_after_ten_looks() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def falls() -> None:
            await asyncio.sleep(5)
            del scene.exchange.positions[LONG], scene.exchange.orders[OURS]

        return await plays(scene, 60, falls())

    scene = live(work)
    assert told(scene) == []
    assert looks(scene) == 10


def ended(scene: Scene) -> list[OrderEnded]:
    return [replace(fact, at_ms=0) for _, fact in scene.box.at if isinstance(fact, OrderEnded)]


def plays_out(*states: OrderState | None, quantity: str = "10", withdrawn: bool = False) -> Scene:
    """The stop is gone and the position is not; what is said of it, second by second."""

    async def work() -> Scene:
        scene = Scene()

        async def happens() -> None:
            await asyncio.sleep(5)
            del scene.exchange.orders[OURS]
            scene.exchange.positions[LONG] = a_position(quantity=D(quantity))
            if withdrawn:
                scene.venue.withdrawn.append(OURS)
            for state in states:
                if state is not None:
                    scene.exchange.past[OURS] = state
                await asyncio.sleep(5)

        return await plays(scene, 40, happens())

    return live(work)


def a_state(status: str, *, open_: bool = False, fills: tuple[Fill, ...] = ()) -> OrderState:
    return OrderState(client_id=OURS, open=open_, status=status, fills=fills)


@pytest.mark.parametrize(
    ("status", "how"),
    [("CANCELED", Ending.CANCELLED), ("EXPIRED", Ending.ENDED), ("REJECTED", Ending.ENDED)],
)
def test_a_stop_that_was_taken_away_is_looked_up_at_once(status: str, how: Ending) -> None:
    scene = plays_out(a_state(status))
    assert ended(scene) == [OrderEnded(at_ms=0, id=LONG, client_id=OURS, how=how, status=status)]
    assert told(scene) == []
    assert looks(scene) == 1
    ((told_s, _),) = [each for each in scene.box.at if isinstance(each[1], OrderEnded)]
    orders = [(at_s, fact.orders) for at_s, fact in scene.box.at if isinstance(fact, OrdersChanged)]
    gone_s = next(at_s for at_s, found in orders if OURS not in {order.client_id for order in found})
    assert told_s - gone_s < 0.1


def test_what_we_cancelled_ourselves_is_not_looked_up() -> None:
    scene = plays_out(a_state("CANCELED"), withdrawn=True)
    assert (ended(scene), looks(scene)) == ([], 0)


def test_a_stop_that_nobody_knows_any_more_was_ended_by_the_exchange() -> None:
    scene = plays_out(None)
    assert ended(scene) == [OrderEnded(at_ms=0, id=LONG, client_id=OURS, how=Ending.ENDED)]
    assert looks(scene) == 10


def test_a_stop_that_was_met_and_has_not_traded_is_told_once_and_looked_for_until_it_has() -> None:
    met = a_state("TRIGGERED", open_=True)
    scene = plays_out(met, met, FILLED)
    assert [fact.how for fact in ended(scene)] == [Ending.MET]
    assert told(scene) == [OUTCOME]


def test_a_stop_that_rests_after_all_is_not_told_to_have_ended() -> None:
    scene = plays_out(a_state("NEW", open_=True))
    assert (ended(scene), looks(scene)) == ([], 10)


def test_a_stop_that_traded_a_part_is_told_with_what_it_traded() -> None:
    part = replace(FILL, quantity=D(4))
    scene = plays_out(a_state("EXPIRED", fills=(part,)), quantity="6")
    assert told(scene) == [replace(OUTCOME, fills=(part,))]
    assert [fact.how for fact in ended(scene)] == [Ending.ENDED]


def test_a_row_that_made_no_sense_shows_nothing_to_be_gone() -> None:
    async def work() -> Scene:
        scene = Scene(held())

        async def falls() -> None:
            await asyncio.sleep(5)
            scene.exchange.flaws = ("a row",)
            meets(scene.exchange)

        return await plays(scene, 20, falls())

    assert looks(live(work)) == 0
