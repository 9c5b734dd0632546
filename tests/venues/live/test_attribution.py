"""Engine, venue and feed together: what the bot did its outcomes explain, what a hand did has a row."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.core.decisions import Action, StateChanged
from bot.core.engine import Engine
from bot.core.facts import MarkPrice, Tick
from bot.core.settings import EngineSettings, Limits, RuleEntry
from bot.core.step import Step
from bot.core.types import PositionMode
from bot.venues.live.feed import Feed
from bot.venues.live.venue import LiveVenue
from tests.building.core import ABLE, BTC, LONG, MAIN, D, adds, closes
from tests.venues.live.fake import Desk, FakeExchange, Fault, a_position
from tests.venues.live.virtual import live, now_ms


class Bot:
    """The shell in a few lines: facts in, actions out, their outcomes in again."""

    def __init__(self, exchange: FakeExchange, *rules: RuleEntry) -> None:
        desk = Desk(exchange)
        limits = Limits(cooldown_ms=600_000)
        settings = EngineSettings(rules=rules, limits=limits, capabilities={MAIN: ABLE}, taker_fee=D(0))
        self.engine = Engine(settings)
        self.venue = LiveVenue(desk.connection, PositionMode.ONE_WAY)
        self.feed = Feed(desk.connection, self.venue)
        self.done: list[Action] = []
        self.rows: list[tuple[str, str]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def put(self, batch: Sequence[Any]) -> None:
        self.put_now(batch)

    def put_now(self, batch: Sequence[Any]) -> None:
        self._take(self.engine.fold(batch))

    def _take(self, step: Step | None) -> None:
        for decision in step.decisions if step is not None else ():
            if isinstance(decision, StateChanged) and decision.subject == f"position:{LONG}":
                self.rows.append((decision.was, decision.now))
            if isinstance(decision, Action):
                task = asyncio.ensure_future(self._carry_out(decision))
                self._tasks.add(task)

    async def _carry_out(self, action: Action) -> None:
        self.done.append(action)
        for batch in await self.venue.execute(action):
            self.put_now(batch)

    async def lives(self, seconds: int) -> None:
        for batch in await self.venue.snapshot():
            self.put_now(batch)
        running = asyncio.ensure_future(self.feed.run(self))
        for _ in range(seconds):
            await asyncio.sleep(1)
            self.put_now((MarkPrice(at_ms=now_ms(), symbol=BTC, price=D(100)),))
            self.put_now((Tick(at_ms=now_ms()),))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def guarded(*rules: RuleEntry, faults: Sequence[Fault] = (), hand: Any = None) -> Bot:
    async def work() -> Bot:
        exchange = FakeExchange(positions={LONG: a_position()}, faults=list(faults))
        bot = Bot(exchange, *rules)

        async def life() -> None:
            await asyncio.sleep(60)
            if hand is not None:
                hand(exchange)

        await asyncio.gather(bot.lives(260), life())
        return bot

    return live(work)


def test_what_the_bot_does_is_explained_by_what_became_of_it() -> None:
    # 10 at 100 with 100 behind it are liquidated at 93.75: 6.25 % away.
    bot = guarded(adds("10"), closes("4"))
    assert {"adds", "closes", "seatbelt"} <= {action.rule for action in bot.done}
    assert bot.rows == []


def test_so_it_is_where_nobody_answered_and_it_was_found_out_late() -> None:
    bot = guarded(closes("4"), faults=[Fault(late_ms=2_000)] * 4)
    assert {"closes", "seatbelt"} <= {action.rule for action in bot.done}
    assert bot.rows == []


def test_what_a_hand_does_beside_it_has_a_row() -> None:
    def takes_three(exchange: FakeExchange) -> None:
        held = exchange.positions[LONG]
        left = held.quantity - 3
        exchange.positions[LONG] = replace(held, quantity=left, margin=held.margin * left / held.quantity)

    bot = guarded(adds("10"), closes("4"), hand=takes_three)
    assert bot.rows == [("6 held", "3 held")]


def test_margin_that_a_hand_adds_has_a_row() -> None:
    def feeds(exchange: FakeExchange) -> None:
        exchange.positions[LONG] = exchange.positions[LONG].with_margin(D(200))

    assert guarded(hand=feeds).rows == [("margin 100", "margin 200")]
