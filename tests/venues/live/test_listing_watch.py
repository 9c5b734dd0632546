"""Contracts that come, change or are suspended while the bot runs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bot.core.contracts import Tier
from bot.core.facts import Fact, InstrumentChanged, PositionChanged
from bot.core.intents import ReducePosition
from bot.core.types import PositionId, Side, Symbol
from bot.venues.live.feed import Wants
from bot.venues.live.terms import Codes, Instrument
from tests.building.core import BTC, LONG, MAIN, D, a_contract
from tests.venues.live.fake import LISTED, LOST, FakeDialect, FakeExchange, Fault, a_position, an_action, says
from tests.venues.live.test_feed import Scene, plays
from tests.venues.live.test_venue import held
from tests.venues.live.virtual import live

HOUR_S = 3_600
NEW = Symbol("NEW/USDT:USDT")
NEW_LONG = PositionId(MAIN, NEW, Side.LONG)
HARDER = (Tier(floor=D(0), cap=None, rate=D("0.1")),)


def instruments(scene: Scene) -> list[tuple[int, Fact]]:
    return [(int(at), f) for at, f in scene.box.at if isinstance(f, InstrumentChanged)]


def lives(
    until_s: float,
    *befalls: tuple[float, Callable[[FakeExchange], object]],
    exchange: FakeExchange | None = None,
    special: Callable[[FakeDialect], None] = lambda _: None,
) -> Scene:
    async def work() -> Scene:
        scene = Scene(exchange or held(), special=special)

        async def life() -> None:
            for at, befall in befalls:
                await asyncio.sleep(at)
                befall(scene.exchange)

        return await plays(scene, until_s, life(), scene.ticks(until_s, 2.5))

    return live(work)


def changed(**changes: object) -> Instrument:
    return replace(LISTED[0], contract=a_contract(BTC, **changes))


def test_nothing_is_told_where_nothing_changed_and_it_is_read_once_an_hour() -> None:
    scene = lives(HOUR_S + 60)
    assert [at_ms // 1000 for at_ms in scene.desk.wires.reloaded] == [HOUR_S]
    assert instruments(scene) == []


def test_other_tiers_of_what_is_held_are_told_at_the_next_reading_with_the_account() -> None:
    def change(exchange: FakeExchange) -> None:
        exchange.relisted = (changed(tiers=HARDER), *LISTED[1:])

    ((at, fact),) = instruments(lives(HOUR_S + 60, (100, change)))
    assert at == HOUR_S
    assert isinstance(fact, InstrumentChanged)
    assert fact.contract.tiers == HARDER


def test_a_quarterly_that_is_listed_beside_what_is_held_is_told_and_watched() -> None:
    dated = Symbol("BTC/USDT:USDT-270326")
    listed = Instrument(id="BTC-N", contract=a_contract(dated, expiry_ms=40_000 * 86_400_000))

    async def work() -> Scene:
        scene = Scene(held(), wants=Wants(quarterlies=True))
        scene.exchange.relisted = (*LISTED, listed)
        return await plays(scene, HOUR_S + 60, scene.ticks(HOUR_S + 60, 2.5))

    scene = live(work)
    ((at, told),) = instruments(scene)
    assert at <= HOUR_S  # Sooner: nothing is heard of the other one, and so the listing is doubted.
    assert isinstance(told, InstrumentChanged)
    assert told.contract == listed.contract
    assert [dated in each.symbols for each in scene.wanted] == [False, True]


def test_a_position_in_a_contract_that_was_not_listed_is_seen_within_a_minute() -> None:
    def open_new(exchange: FakeExchange) -> None:
        exchange.relisted = (*LISTED, Instrument(id="NEW", contract=a_contract(NEW)))
        exchange.flaws = ("position NEW: it is not among the contracts",)

    def see(exchange: FakeExchange) -> None:
        exchange.flaws = ()
        exchange.positions[NEW_LONG] = a_position(NEW_LONG)

    scene = lives(180, (5, open_new), (60, see))
    assert scene.desk.wires.reloaded[0] == 60_000
    told = [f for _, f in scene.box.at if isinstance(f, PositionChanged) and f.id == NEW_LONG]
    assert told
    assert [f.contract.symbol for _, f in instruments(scene) if isinstance(f, InstrumentChanged)] == [NEW]


def test_a_contract_that_is_listed_no_more_stays_known_while_something_is_held() -> None:
    def leave(exchange: FakeExchange) -> None:
        exchange.relisted = LISTED[1:]
        exchange.flaws = ("position NEW: it is not among the contracts",)

    def hold(exchange: FakeExchange) -> None:
        exchange.positions[LONG] = a_position(quantity=D(3))

    scene = lives(120, (5, leave), (70, hold))
    assert scene.desk.wires.reloaded == [60_000]
    told = [f.position for _, f in scene.box.at if isinstance(f, PositionChanged)]
    assert told[-1] == a_position(quantity=D(3))


def test_a_contract_that_is_never_listed_is_asked_for_once() -> None:
    def open_new(exchange: FakeExchange) -> None:
        exchange.flaws = ("position NEW: it is not among the contracts",)

    scene = lives(400, (5, open_new))
    assert scene.desk.wires.reloaded == [60_000]


def suspend(exchange: FakeExchange) -> None:
    exchange.suspended = frozenset({BTC})


def test_an_order_that_is_refused_because_of_it_shows_that_a_market_is_suspended() -> None:
    async def work() -> Scene:
        codes = Codes(rejected=frozenset({"-4140"}), suspended=frozenset({"-4140"}))

        def special(dialect: FakeDialect) -> None:
            dialect.traits = replace(dialect.traits, codes=codes)

        scene = Scene(held(), special=special)

        async def life() -> None:
            await asyncio.sleep(100)
            suspend(scene.exchange)
            scene.exchange.faults = [Fault(done=False, reply=says(400, -4140))]
            await scene.venue.execute(an_action(ReducePosition(id=LONG, quantity=D(1))))
            await asyncio.sleep(200)
            scene.exchange.suspended = frozenset()

        return await plays(scene, 400, life(), scene.ticks(400))

    scene = live(work)
    told = [(at, f.contract.suspended) for at, f in instruments(scene) if isinstance(f, InstrumentChanged)]
    # While it stands it is looked at every minute.
    assert told == [(100, True), (340, False)]
    assert scene.desk.wires.reloaded == [100_000, 160_000, 220_000, 280_000, 340_000]


def test_news_of_a_market_wait_for_a_reading_of_the_account() -> None:
    def lose(exchange: FakeExchange) -> None:
        exchange.relisted = (changed(tiers=HARDER), *LISTED[1:])
        exchange.unreadable = LOST

    def find(exchange: FakeExchange) -> None:
        exchange.unreadable = None

    ((at, _),) = instruments(lives(HOUR_S + 300, (HOUR_S - 5, lose), (65, find)))
    assert at >= HOUR_S + 60
