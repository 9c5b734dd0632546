"""A stop of ours that is gone with its position is looked up, unless the stream has told what it traded."""

import asyncio
from dataclasses import replace

from bot.core.facts import MET, Fact, Fill, Outcome, OutcomeKind
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


def test_a_stop_that_was_only_taken_away_is_not_looked_up() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def taken_away() -> None:
            await asyncio.sleep(5)
            del scene.exchange.orders[OURS]
            await asyncio.sleep(10)
            scene.exchange.positions[LONG] = a_position(quantity=D(5))  # Later, and not by that stop.

        return await plays(scene, 40, taken_away())

    scene = live(work)
    assert told(scene) == []
    assert looks(scene) == 0


def test_a_row_that_made_no_sense_shows_nothing_to_be_gone() -> None:
    async def work() -> Scene:
        scene = Scene(held())

        async def falls() -> None:
            await asyncio.sleep(5)
            scene.exchange.flaws = ("a row",)
            meets(scene.exchange)

        return await plays(scene, 20, falls())

    assert looks(live(work)) == 0
