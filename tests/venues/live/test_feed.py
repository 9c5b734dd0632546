"""What comes by itself: streams held open, silence noticed, the account read when it changed and anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from bot.core.facts import (
    BalanceChanged,
    BarClosed,
    Fact,
    InstrumentChanged,
    Link,
    LinkChanged,
    MarkPrice,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.held.spot import SpotBalancesChanged
from bot.core.intents import AddMargin, Intent, PlaceStop, ReducePosition
from bot.core.types import PositionId, PositionMode, Side, Symbol
from bot.venues.live.feed import Feed, Wants
from bot.venues.live.terms import AccountState, Heard, Instrument, Listing, Subscription, Wanted
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Reply, Request, Urgency
from tests.building.core import BTC, ETH, ETH_LONG, LONG, D, a_contract
from tests.venues.live.fake import (
    HTML,
    LOST,
    QUARTERLY,
    Desk,
    FakeDialect,
    FakeExchange,
    Fault,
    a_position,
    an_action,
    says,
)
from tests.venues.live.test_ear import Box, believed, mark
from tests.venues.live.test_venue import OURS, held, outcomes
from tests.venues.live.virtual import T0, VirtualLoop, live, now_ms


class Scene:
    """A feed on an exchange in memory; every reading of the account and every mark is timed."""

    def __init__(
        self,
        exchange: FakeExchange | None = None,
        special: Callable[[FakeDialect], None] = lambda _: None,
        **how: Any,
    ) -> None:
        self.exchange = exchange or held()
        self.desk = Desk(self.exchange, special=special)
        self.venue = LiveVenue(self.desk.connection, PositionMode.ONE_WAY)
        self.near = False
        self.box = Timed()
        self.wanted: list[Wanted] = []
        self.private_starts: list[float] = []
        self.market_starts: list[float] = []
        self.broken = asyncio.Event()
        self.desk.dialect.private = (Subscription(name="account", link=Link.ACCOUNT, start=self._private),)
        self.desk.dialect.public = self._public
        self.feed = Feed(self.desk.connection, self.venue, near=lambda: self.near, **how)

    async def _private(self, client: Any) -> None:
        self.private_starts.append(seconds())
        await self.broken.wait()
        raise ConnectionError("closed")

    def _public(self, wanted: Wanted) -> list[Subscription]:
        self.wanted.append(wanted)
        return [Subscription(name="marks", link=Link.MARKET, start=self._marks)]

    async def _marks(self, client: Any) -> None:
        self.market_starts.append(seconds())
        await asyncio.Event().wait()

    def hears(self, message: Any) -> bool:
        return self.desk.wires.hears(message)

    def readings(self) -> list[float]:
        return self.box.times(BalanceChanged)

    async def ticks(self, until_s: float, every_s: float = 1.0, symbol: Symbol = BTC) -> None:
        """A mark a second."""
        self.desk.dialect.heard = lambda message: Heard(facts=(message,))
        while seconds() < until_s:
            self.hears(mark(now_ms(), symbol=symbol))
            await asyncio.sleep(every_s)


class Timed(Box):
    def __init__(self) -> None:
        super().__init__()
        self.at: list[tuple[float, Fact]] = []

    async def put(self, batch: Any) -> None:
        self.put_now(batch)

    def put_now(self, batch: Any) -> None:
        super().put_now(batch)
        self.at.extend((seconds(), fact) for fact in batch)

    def times(self, kind: type[Any]) -> list[float]:
        return [round(at, 2) for at, fact in self.at if isinstance(fact, kind)]

    def links(self) -> list[tuple[float, Link, bool]]:
        return [(round(at, 1), f.link, f.up) for at, f in self.at if isinstance(f, LinkChanged)]


def seconds() -> float:
    return asyncio.get_running_loop().time()


async def plays(scene: Scene, until_s: float, *works: Awaitable[Any]) -> Scene:
    await scene.venue.snapshot()
    running = asyncio.ensure_future(scene.feed.run(scene.box))
    others = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(until_s - seconds())
    for task in (*others, running):
        task.cancel()
    ended = await asyncio.gather(running, *others, return_exceptions=True)
    assert [e for e in ended if e is not None and not isinstance(e, asyncio.CancelledError)] == []
    return scene


# -- reading the account -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "sent"),
    [
        (AddMargin(id=LONG, amount=D(5)), []),
        (PlaceStop(id=LONG, trigger=D(95)), []),
        (ReducePosition(id=LONG, quantity=D(1)), ["reduce"]),
    ],
)
def test_after_the_process_stood_still_nothing_but_exits_leaves_before_the_account_is_read(
    intent: Intent, sent: list[str]
) -> None:
    async def main() -> None:
        scene = Scene()

        async def freeze() -> None:
            await asyncio.sleep(20)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.now += 60
            # What was decided on the mark that came first is handed over before anybody else has a turn.
            (batch,) = await scene.venue.execute(an_action(intent))
            assert [request.path for request in scene.exchange.sent] == sent
            (outcome,) = [fact for fact in batch if isinstance(fact, Outcome)]
            if not sent:
                assert (outcome.kind, outcome.proof) == (
                    OutcomeKind.NOT_APPLIED,
                    "not sent: the account is not known: it was last read 62 s ago",
                )

        await plays(scene, 90, freeze(), scene.ticks(89))

    live(main)


def test_the_account_is_read_every_nine_seconds_and_every_two_when_near() -> None:
    async def work() -> list[float]:
        scene = Scene()

        async def comes_near() -> None:
            await asyncio.sleep(25)
            scene.near = True

        return (await plays(scene, 34, scene.ticks(40), comes_near())).readings()

    times = live(work)
    # The start of the private stream is a hint of its own.
    assert times[0] < 0.1
    gaps = [round(b - a) for a, b in pairwise(times)]
    assert gaps == [9, 9, 9, 2, 2, 2]


def test_a_hint_leads_to_a_reading_within_the_wink_of_an_eye_and_a_burst_to_few() -> None:
    async def work() -> list[float]:
        scene = Scene()
        scene.desk.dialect.heard = lambda message: Heard(account=True)

        async def burst() -> None:
            await asyncio.sleep(5)
            for _ in range(50):
                scene.hears("changed")
                await asyncio.sleep(0.01)

        return (await plays(scene, 9, burst())).readings()

    times = [at for at in live(work) if at > 1]
    assert times[0] == pytest.approx(5.05, abs=0.01)
    assert len(times) <= 4
    assert all(b - a >= 0.25 for a, b in pairwise(times))
    assert times[-1] >= 5.5


def test_what_an_action_has_read_back_itself_is_not_read_again() -> None:
    async def work() -> int:
        scene = Scene(held(took_ms=20))
        readings: list[int] = []

        def count() -> None:
            readings.append(sum(r.path == "account" for r in scene.exchange.asked))

        async def acts() -> None:
            await asyncio.sleep(5)
            count()
            scene.desk.dialect.heard = lambda message: Heard(account=True)
            scene.hears("the margin changed")
            await asyncio.sleep(0.002)
            await scene.venue.execute(an_action(AddMargin(id=LONG, amount=D(25))))
            await asyncio.sleep(1)
            count()

        await plays(scene, 8, acts())
        return readings[1] - readings[0]

    assert live(work) == 1


def test_no_reading_asks_for_more_than_its_share_of_the_limit() -> None:
    async def work() -> list[float]:
        scene = Scene()
        scene.near = True
        scene.desk.dialect.account_requests = lambda listing, among=None: {  # type: ignore[method-assign]
            "all": an_expensive_reading()
        }
        return (await plays(scene, 60, scene.ticks(60))).readings()

    times = live(work)
    # 300 of 900 that background may use per 10 s, half of them for readings: every 6.7 s.
    assert all(b - a > 6.5 for a, b in pairwise(times))


def test_a_feed_ends_when_it_is_told_to_though_a_hint_comes_just_then() -> None:
    async def work() -> bool:
        scene = Scene()
        scene.desk.dialect.heard = lambda message: Heard(account=True)
        await scene.venue.snapshot()
        running = asyncio.ensure_future(scene.feed.run(scene.box))
        await asyncio.sleep(5)
        scene.hears("changed")
        running.cancel()
        await asyncio.wait({running}, timeout=60)
        return running.done()

    assert live(work)


def test_hints_without_end_leave_room_for_stops() -> None:
    async def work() -> float:
        scene = Scene()
        scene.desk.dialect.account_requests = lambda listing, among=None: {  # type: ignore[method-assign]
            "all": replace(an_expensive_reading(), weight=40)
        }
        waited = list[float]()

        async def trades() -> None:
            while seconds() < 60:
                scene.desk.dialect.heard = lambda message: Heard(account=True)
                scene.hears("changed")
                await asyncio.sleep(0.05)

        async def places_stops() -> None:
            stop = replace(an_expensive_reading(), weight=1)
            while seconds() < 60:
                await asyncio.sleep(0.5)
                began = seconds()
                await scene.desk.wires.gate.turn(stop, Urgency.PROTECTION)
                waited.append(seconds() - began)

        await plays(scene, 61, trades(), places_stops())
        return max(waited)

    assert live(work) < 0.01


def an_expensive_reading() -> Request:
    return Request(api="private", method="GET", path="account", weight=300)


def test_an_account_that_cannot_be_read_is_a_link_down_and_comes_back_with_a_reading() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def breaks() -> None:
            await asyncio.sleep(3)
            scene.exchange.unreadable = HTML
            await asyncio.sleep(40)
            scene.exchange.unreadable = None

        return await plays(scene, 60, scene.ticks(60), breaks())

    scene = live(work)
    (down_at, down, _), (up_at, up, _) = scene.box.links()
    assert (down, up) == (Link.ACCOUNT, Link.ACCOUNT)
    assert 15 <= down_at <= 31
    assert 43 <= up_at <= 54
    back = next(b for b in scene.box.batches if isinstance(b[0], LinkChanged) and b[0].up)
    assert any(isinstance(fact, BalanceChanged) for fact in back)


def test_an_account_that_a_ban_keeps_from_being_read_is_a_link_down_too() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def banned() -> None:
            await asyncio.sleep(3)
            scene.desk.wires.gate.close(120_000, emergencies=True)

        return await plays(scene, 200, scene.ticks(200), banned())

    (down_at, down, went_up), (up_at, up, came_up) = live(work).box.links()
    assert (down, went_up, up, came_up) == (Link.ACCOUNT, False, Link.ACCOUNT, True)
    assert 3 <= down_at <= 4
    assert 123 <= up_at <= 125


def test_a_ban_is_a_link_down_at_once_and_nothing_is_asked_until_it_is_over() -> None:
    async def work() -> tuple[Scene, list[float]]:
        scene = Scene()
        asked: list[float] = []

        async def banned() -> None:
            await asyncio.sleep(13)
            scene.exchange.unreadable = Reply(sent=True, status=418, headers={"retry-after": "120"})
            await asyncio.sleep(7)
            scene.exchange.unreadable = None

        async def counts() -> None:
            while True:
                seen = len(scene.exchange.asked)
                await asyncio.sleep(0.1)
                asked.extend([seconds()] * (len(scene.exchange.asked) - seen))

        await plays(scene, 150, scene.ticks(15), banned(), counts())
        return scene, asked

    scene, asked = live(work)
    banned_at = next(at for at in asked if at > 13)
    assert [at for at in asked if banned_at < at < banned_at + 119] == []
    assert any(at > banned_at + 119 for at in asked)
    account = [(at, up) for at, link, up in scene.box.links() if link is Link.ACCOUNT]
    assert [up for _, up in account] == [False, True]
    assert account[0][0] <= banned_at + 1.1
    (down, _) = [f for _, f in scene.box.at if isinstance(f, LinkChanged) and f.link is Link.ACCOUNT]
    assert down.because.startswith("the exchange lets nobody pass")
    assert any("418: everything, emergencies too, waits 120 s" in line for line in scene.desk.said)


def test_an_answer_that_was_under_way_when_a_ban_came_does_not_end_it() -> None:
    async def work() -> Scene:
        scene = Scene(held(took_ms=2_500))

        async def banned() -> None:
            await asyncio.sleep(17 - seconds())  # The reading that began at 16.6 s ends at 19.1 s.
            scene.desk.wires.gate.close(60_000, emergencies=True)

        return await plays(scene, 90, scene.ticks(90), banned())

    account = [(at, up) for at, link, up in live(work).box.links() if link is Link.ACCOUNT]
    assert [up for _, up in account] == [False, True]
    assert 17 <= account[0][0] <= 18
    assert account[1][0] >= 77


def test_an_answer_that_is_old_when_it_comes_does_not_end_a_blindness() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def slow() -> None:
            await asyncio.sleep(10 - seconds())
            scene.exchange.took_ms = 20_000
            await asyncio.sleep(60 - seconds())
            scene.exchange.took_ms = 0

        return await plays(scene, 90, scene.ticks(90), slow())

    account = [(at, up) for at, link, up in live(work).box.links() if link is Link.ACCOUNT]
    assert [up for _, up in account] == [False, True]
    assert account[1][0] >= 60


def test_clocks_that_come_apart_are_a_link_down_until_they_agree() -> None:
    async def work() -> Scene:
        scene = Scene()
        clock = scene.desk.wires.clock

        async def drifts() -> None:
            for until_s, apart_ms in ((5, 4_900), (12, 5_100), (20, -5_100), (27, 300)):
                await asyncio.sleep(until_s - seconds())
                clock.doubt()
                clock.read(now_ms() + apart_ms, now_ms(), now_ms())

        return await plays(scene, 36, scene.ticks(36), drifts())

    scene = live(work)
    clock = [(at, up) for at, link, up in scene.box.links() if link is Link.CLOCK]
    assert [up for _, up in clock] == [False, True]
    assert 12 <= clock[0][0] <= 13
    assert 27 <= clock[1][0] <= 28
    told = next(f for _, f in scene.box.at if isinstance(f, LinkChanged) and f.link is Link.CLOCK)
    assert told.because == "the exchange's clock is 5100 ms ahead of ours"
    # What makes an account known again is a reading that begins after that.
    assert any(clock[1][0] <= at <= clock[1][0] + 0.5 for at in scene.readings())


def test_after_a_standstill_the_account_is_read_and_the_clock_doubted_at_once() -> None:
    async def work() -> tuple[Scene, float]:
        scene = Scene()
        watch = scene.feed._watch
        doubted: list[float] = []
        scene.desk.wires.clock.doubt = lambda: doubted.append(seconds())  # type: ignore[method-assign]

        async def stands_still() -> None:
            await asyncio.sleep(5.5)
            watch._looked_ms = now_ms() - 2_001  # As if the last look had been so long ago.
            await asyncio.sleep(1)

        await plays(scene, 8, scene.ticks(8), stands_still())
        return scene, doubted[0]

    scene, doubted_at = live(work)
    assert 5.5 <= doubted_at <= 6.6
    assert any(doubted_at <= at <= doubted_at + 0.2 for at in scene.readings())


def test_a_private_stream_that_is_mute_leaves_the_account_read_all_the_same() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def somebody_adds() -> None:
            await asyncio.sleep(12)
            scene.exchange.positions[LONG] = scene.exchange.positions[LONG].with_margin(D(500))

        return await plays(scene, 30, scene.ticks(30), somebody_adds())

    scene = live(work)
    told = [
        at
        for at, f in scene.box.at
        if isinstance(f, PositionChanged) and f.position and f.position.margin == 500
    ]
    assert 12 <= told[0] <= 22
    assert scene.private_starts == [0]


def test_a_revoked_key_is_told_within_ten_seconds_and_then_tried_by_one_request_a_minute() -> None:
    revoked_at, works_at, until = 9.2, 200, 280

    async def work() -> tuple[Scene, list[float]]:
        scene = Scene()
        asked: list[float] = []
        of_ours = an_act_that_is_open(scene)

        async def revokes() -> None:
            await asyncio.sleep(revoked_at)
            scene.exchange.unreadable = says(401, -2015)
            scene.broken.set()  # The exchange ends what a key had opened that is no more.
            await asyncio.sleep(works_at - revoked_at)
            scene.exchange.unreadable = None
            scene.broken.clear()

        async def counts() -> None:
            while True:
                seen = len(scene.exchange.asked)
                await asyncio.sleep(0.05)
                new = scene.exchange.asked[seen:]
                asked.extend(round(seconds(), 1) for request in new if request.api == "private")

        await plays(scene, until, scene.ticks(until), revokes(), counts(), of_ours)
        return scene, asked

    scene, asked = live(work)
    links = [(at, up) for at, link, up in scene.box.links() if link is Link.AUTH]
    assert [up for _, up in links] == [False, True]
    lost_at = links[0][0]
    assert revoked_at < lost_at <= revoked_at + 10
    probes = [at for at in asked if lost_at + 1 < at < works_at]
    assert len(probes) == 3, probes
    assert all(b - a >= 60 for a, b in pairwise(probes))
    # No log-in of the private stream meanwhile either.
    assert [at for at in scene.private_starts if lost_at + 1 < at < works_at] == []
    assert any(at > works_at for at in scene.private_starts)


async def an_act_that_is_open(scene: Scene) -> None:
    """Margin is added and nobody answers: it is looked for, again and again."""
    await asyncio.sleep(8.5)
    scene.exchange.faults = [Fault(done=False, reply=LOST)]
    await scene.venue.execute(an_action(AddMargin(id=LONG, amount=D(25))))


def test_a_revoked_key_is_told_once_and_tried_once_a_minute() -> None:
    async def work() -> tuple[Scene, int]:
        scene = Scene()

        async def revokes() -> None:
            await asyncio.sleep(3)
            scene.exchange.unreadable = says(401, -2015)

        await plays(scene, 203, scene.ticks(203), revokes())
        return scene, sum(r.path == "account" for r in scene.exchange.asked)

    scene, asked = live(work)
    assert [(link, up) for _, link, up in scene.box.links()] == [(Link.AUTH, False)]
    assert asked <= 2 + 1 + 4


# -- streams -------------------------------------------------------------------------------------------


def test_a_stream_that_ends_is_started_again_and_the_account_read() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def cut() -> None:
            await asyncio.sleep(5)
            scene.broken.set()
            await asyncio.sleep(0)
            scene.broken.clear()

        return await plays(scene, 8, scene.ticks(8), cut())

    scene = live(work)
    first, second = scene.private_starts
    assert first == 0
    assert 5.05 <= second <= 5.15
    assert [at for at in scene.readings() if at > 5] == [pytest.approx(second + 0.05, abs=0.01)]
    assert "stream account: ConnectionError: closed" in scene.desk.said


def test_no_private_stream_is_started_during_a_ban() -> None:
    async def work() -> list[float]:
        scene = Scene()

        async def banned() -> None:
            await asyncio.sleep(5)
            scene.desk.wires.gate.close(60_000, emergencies=True)
            scene.broken.set()
            await asyncio.sleep(1)
            scene.broken.clear()

        await plays(scene, 80, banned())
        return scene.private_starts

    first, second = live(work)
    assert first == 0
    assert second == pytest.approx(65, abs=0.1)


def test_a_stream_that_cannot_live_is_started_ever_more_slowly() -> None:
    async def work() -> list[float]:
        scene = Scene()
        scene.broken.set()
        return (await plays(scene, 60, scene.ticks(60))).private_starts

    starts = live(work)
    # 0.1, 0.2, 0.4 ... 5 s, each between half and one and a half of it.
    assert 12 <= len(starts) <= 30


def test_three_missed_marks_are_asked_for_and_ten_seconds_of_silence_renew_the_client() -> None:
    async def work() -> Scene:
        scene = Scene()
        return await plays(scene, 40, scene.ticks(5.5))

    scene = live(work)
    streamed = [at for at in scene.box.times(MarkPrice) if at <= 5.5]
    asked = [at for at in scene.box.times(MarkPrice) if at > 5.5]
    assert streamed == [0, 1, 2, 3, 4, 5]
    assert asked[0] <= 9.1
    assert max(b - a for a, b in pairwise(asked)) <= 1.1
    assert not scene.box.links()
    # After 10 s, and after 20 s more, because a new client did not help.
    assert scene.desk.wires.renewed == 2


def test_during_a_ban_a_deaf_stream_is_a_link_down_and_its_client_renewed() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def banned() -> None:
            await scene.ticks(5)
            scene.desk.wires.gate.close(120_000, emergencies=True)

        return await plays(scene, 60, banned())

    scene = live(work)
    (down_at,) = [at for at, link, up in scene.box.links() if link is Link.MARKET and not up]
    assert 10 <= down_at <= 14
    assert scene.desk.wires.renewed >= 1


def test_no_mark_by_any_way_is_a_link_down_until_one_comes() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def breaks() -> None:
            await asyncio.sleep(5.5)
            scene.exchange.unreadable = HTML
            await asyncio.sleep(12)
            await scene.ticks(30)

        return await plays(scene, 25, scene.ticks(5.5), breaks())

    market = [(at, up) for at, link, up in live(work).box.links() if link is Link.MARKET]
    assert [up for _, up in market] == [False, True]
    assert market[0][0] <= 12.1
    assert market[1][0] <= 19.1


def test_a_dead_private_stream_on_a_live_connection_renews_the_client() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def expires() -> None:
            await asyncio.sleep(5.2)
            scene.desk.dialect.heard = lambda message: Heard(link_down="the listen key expired")
            scene.hears("expired")
            scene.desk.dialect.heard = lambda message: Heard(facts=(message,))

        return await plays(scene, 8, scene.ticks(8), expires())

    scene = live(work)
    assert scene.desk.wires.renewed == 1
    assert "the private stream is dead: the listen key expired" in scene.desk.said


def test_a_new_position_s_symbol_is_watched_from_the_next_reading_on() -> None:
    async def work() -> Scene:
        scene = Scene(also=frozenset[Symbol]())

        async def opens() -> None:
            await asyncio.sleep(12)
            scene.exchange.positions[ETH_LONG] = a_position(ETH_LONG)

        return await plays(scene, 25, scene.ticks(25), opens())

    assert [w.symbols for w in live(work).wanted] == [(BTC,), (BTC, ETH)]


def test_quarterlies_beside_what_is_held_are_watched_where_rules_want_them() -> None:
    async def work() -> Scene:
        scene = Scene(wants=Wants(quarterlies=True, book=True))
        return await plays(scene, 1, scene.ticks(1))

    (wanted,) = live(work).wanted
    assert wanted.symbols == (BTC, QUARTERLY)
    assert wanted.book


def test_coins_held_outright_are_read_where_a_rule_counts_them_and_their_perpetuals_are_watched() -> None:
    async def work(wants: Wants) -> Scene:
        scene = Scene(wants=wants)
        scene.exchange.spot = {"ETH": "2", "XYZ": "5", "SOLD": "0"}
        return await plays(scene, 15, scene.ticks(15), scene.ticks(15, symbol=ETH))

    counted = live(partial(work, Wants(spot=True)))
    told = [f for _, f in counted.box.at if isinstance(f, SpotBalancesChanged)]
    assert [[(h.asset, h.quantity) for h in f.holdings] for f in told] == [[("ETH", D(2)), ("XYZ", D(5))]]
    assert [w.symbols for w in counted.wanted] == [(BTC,), (BTC, ETH)]
    assert [s for s, f in contracts(counted) if f.contract.symbol == ETH] == [pytest.approx(9, abs=1)]
    other = live(partial(work, Wants()))
    assert "spot" not in [request.path for request in other.exchange.asked]
    assert [w.symbols for w in other.wanted] == [(BTC,)]


def test_coins_that_cannot_be_read_are_said_and_asked_for_again() -> None:
    async def work() -> Scene:
        scene = Scene(wants=Wants(spot=True))
        scene.exchange.spot = {"BTC": "many"}
        return await plays(scene, 70, scene.ticks(70))

    scene = live(work)
    assert not [f for _, f in scene.box.at if isinstance(f, SpotBalancesChanged)]
    assert [request.path for request in scene.exchange.asked].count("spot") == 2
    assert any("coins held outright" in said for said in scene.desk.said)


def test_a_contract_that_a_rule_looks_at_is_told_and_watched_from_the_beginning() -> None:
    async def work() -> Scene:
        scene = Scene(wants=Wants(beside=frozenset({ETH})))
        told = await scene.venue.snapshot()
        assert {f.contract.symbol for b in told for f in b if isinstance(f, InstrumentChanged)} >= {BTC, ETH}
        return await plays(scene, 1, scene.ticks(1))

    assert [w.symbols for w in live(work).wanted] == [(BTC, ETH)]


def contracts(scene: Scene) -> list[tuple[float, InstrumentChanged]]:
    """Which contracts were told, and when."""
    return [(at, fact) for at, fact in scene.box.at if isinstance(fact, InstrumentChanged)]


def expiring(scene: Scene, after_s: int) -> None:
    """Its quarterly is delivered so long after the beginning."""
    quarterly = Instrument(id="BTC-Q", contract=a_contract(QUARTERLY, expiry_ms=T0 + after_s * 1_000))
    scene.desk.connection.listing.become(Listing([quarterly]))


def test_a_quarterly_is_watched_until_it_is_delivered_and_never_asked_for_again() -> None:
    async def work() -> tuple[Scene, int]:
        scene = Scene(wants=Wants(quarterlies=True))
        expiring(scene, 20)
        asked = 0

        async def counts() -> None:
            nonlocal asked
            await asyncio.sleep(22)
            asked = len(scene.desk.exchange.asked)

        await plays(scene, 60, scene.ticks(60), scene.ticks(19, symbol=QUARTERLY), counts())
        return scene, asked

    scene, before = live(work)
    assert [w.symbols for w in scene.wanted] == [(BTC, QUARTERLY), (BTC,)]
    assert not [r for r in scene.desk.exchange.asked[before:] if r.path == "marks"]
    assert scene.desk.wires.renewed == 0


def suspends(scene: Scene, *symbols: Symbol) -> None:
    """These are listed and take no orders, for now or not yet."""
    listed = scene.desk.connection.listing.by_symbol.values()
    scene.desk.connection.listing.become(
        Listing([replace(i, contract=replace(i.contract, suspended=i.symbol in symbols)) for i in listed])
    )


def test_a_quarterly_that_is_not_traded_yet_is_neither_watched_nor_asked_for_until_it_is() -> None:
    async def work() -> tuple[Scene, list[Request]]:
        scene = Scene(wants=Wants(quarterlies=True))
        suspends(scene, QUARTERLY)
        asked: list[Request] = []

        async def opens() -> None:
            await asyncio.sleep(30 - seconds())
            asked.extend(scene.exchange.asked)
            suspends(scene)

        await plays(scene, 42, scene.ticks(42), scene.ticks(42, symbol=QUARTERLY), opens())
        return scene, asked

    scene, before = live(work)
    assert [w.symbols for w in scene.wanted] == [(BTC,), (BTC, QUARTERLY)]
    assert not [r for r in before if r.path == "marks" and r.params["of"] == "BTC-Q"]
    assert scene.desk.wires.renewed == 0


def test_what_is_held_is_watched_while_its_market_is_suspended() -> None:
    async def work() -> Scene:
        scene = Scene()
        suspends(scene, BTC)
        return await plays(scene, 12, scene.ticks(12))

    assert [w.symbols for w in live(work).wanted] == [(BTC,)]


def test_an_expired_contract_that_awaits_its_delivery_is_watched_and_renews_no_client() -> None:
    quarterly = PositionId(LONG.account, QUARTERLY, Side.LONG)

    async def work() -> Scene:
        scene = Scene()
        scene.exchange.positions[quarterly] = a_position(quarterly)
        expiring(scene, 5)
        return await plays(scene, 60, scene.ticks(60), scene.ticks(4, symbol=QUARTERLY))

    scene = live(work)
    assert [w.symbols for w in scene.wanted] == [(BTC, QUARTERLY)]
    assert scene.desk.wires.renewed == 0


def test_what_is_watched_again_after_a_while_is_not_deaf_before_its_stream_has_begun() -> None:
    async def work() -> Scene:
        scene = Scene()

        async def closes_and_opens() -> None:
            await asyncio.sleep(12)
            position = scene.exchange.positions.pop(LONG)
            await asyncio.sleep(30)
            scene.exchange.positions[LONG] = position

        return await plays(scene, 50, scene.ticks(15), closes_and_opens())

    scene = live(work)
    assert [w.symbols for w in scene.wanted] == [(BTC,), (BTC,)]
    assert not scene.box.links()
    assert scene.desk.wires.renewed == 0


def test_history_of_bars_comes_first_and_again_when_the_stream_starts_anew() -> None:
    minute = 60_000
    bar = BarClosed(at_ms=T0, symbol=BTC, timeframe_ms=minute, open=D(1), high=D(1), low=D(1), close=D(1))

    async def work() -> list[float]:
        scene = Scene(wants=Wants(timeframes_ms=(minute,)))
        scene.desk.dialect.bars_of = {BTC: (bar,)}
        return (await plays(scene, 20, scene.ticks(20))).box.times(BarClosed)

    assert live(work)[0] == 0


def test_where_no_stream_tells_bars_are_asked_for_when_they_close() -> None:
    minute = 60_000

    def silent(dialect: FakeDialect) -> None:
        dialect.traits = replace(dialect.traits, bars_streamed=False)

    async def work() -> tuple[list[float], list[int]]:
        scene = Scene(special=silent, wants=Wants(timeframes_ms=(minute,)))

        def bars(instrument: Any, timeframe_ms: int, payload: Any, now_ms: int) -> list[BarClosed]:
            ends = range(T0 - minute, now_ms + 1, minute)
            one = D(1)
            return [
                BarClosed(at_ms=end, symbol=BTC, timeframe_ms=minute, open=one, high=one, low=one, close=one)
                for end in ends
            ]

        scene.desk.dialect.bars = bars  # type: ignore[method-assign]
        await plays(scene, 200, scene.ticks(200))
        return scene.box.times(BarClosed), [f.at_ms - T0 for f in scene.box.facts if isinstance(f, BarClosed)]

    at, ends = live(work)
    # T0 is the end of a minute; each later bar comes once, a moment after its end.
    assert ends == [-minute, 0, minute, 2 * minute, 3 * minute]
    assert at == [0, 0, 61.5, 121.5, 181.5]


def test_a_stream_that_runs_out_is_renewed_before_it_does() -> None:
    async def work() -> list[float]:
        scene = Scene()
        (account,) = scene.desk.dialect.private
        scene.desk.dialect.private = (replace(account, renew_ms=20_000),)
        return (await plays(scene, 50, scene.ticks(50))).private_starts

    starts = live(work)
    assert [round(at) for at in starts] == [0, 20, 40]


def test_without_an_account_only_markets_are_watched() -> None:
    async def work() -> tuple[list[Wanted], int]:
        desk, wanted = Desk(), list[Wanted]()

        def public(asked: Wanted) -> list[Subscription]:
            wanted.append(asked)
            return []

        desk.dialect.public = public
        feed = Feed(desk.connection, None, also={BTC, Symbol("XRP/USDT:USDT")})
        running = asyncio.ensure_future(feed.run(Box()))
        await asyncio.sleep(30)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return wanted, sum(r.path == "account" for r in desk.exchange.asked)

    wanted, readings = live(work)
    assert [w.symbols for w in wanted] == [(BTC,)]
    assert readings == 0


def test_without_an_account_too_a_contract_is_watched_until_it_expires() -> None:
    async def work() -> list[Wanted]:
        desk, wanted = Desk(), list[Wanted]()
        quarterly = Instrument(id="BTC-Q", contract=a_contract(QUARTERLY, expiry_ms=T0 + 20_000))
        desk.connection.listing.become(Listing([quarterly]))

        def public(asked: Wanted) -> list[Subscription]:
            wanted.append(asked)
            return []

        desk.dialect.public = public
        feed = Feed(desk.connection, None, also={BTC, QUARTERLY})
        running = asyncio.ensure_future(feed.run(Box()))
        await asyncio.sleep(21)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return wanted

    assert [w.symbols for w in live(work)] == [(BTC, QUARTERLY), (BTC,)]


def test_without_an_account_too_what_is_listed_later_is_watched() -> None:
    async def work() -> list[Wanted]:
        desk, wanted = Desk(), list[Wanted]()
        later = Symbol("BTC/USDT:USDT-270326")
        listed = Instrument(id="BTC-N", contract=a_contract(later, expiry_ms=T0 + 10**10))

        def public(asked: Wanted) -> list[Subscription]:
            wanted.append(asked)
            return []

        desk.dialect.public = public
        feed = Feed(desk.connection, None, wants=Wants(quarterlies=True), also={BTC})
        running = asyncio.ensure_future(feed.run(Box()))
        await asyncio.sleep(5)
        desk.connection.listing.become(Listing([listed]))
        feed.relisted()
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return wanted

    assert [len(w.symbols) for w in live(work)] == [2, 3]


def test_what_became_of_an_unanswered_act_comes_through_the_feed() -> None:
    async def work() -> list[OutcomeKind]:
        scene = Scene(held(faults=[Fault(reply=LOST)]))

        async def acts() -> None:
            await asyncio.sleep(1)
            await scene.venue.execute(an_action(AddMargin(id=LONG, amount=D(25))))

        await plays(scene, 4, scene.ticks(4), acts())
        return [o.kind for o in outcomes(scene.box.batches)]

    assert live(work) == [OutcomeKind.VERIFIED]


def test_the_marks_of_two_hundred_symbols_all_come_through() -> None:
    """Every frame, or a newer one: the inbox may replace a mark by a newer one, the ear never drops any."""

    async def work() -> int:
        desk, box = Desk(), Box()
        symbols = [Symbol(f"A{n}/USDT:USDT") for n in range(200)]
        desk.dialect.heard = lambda message: Heard(facts=message)
        feed = Feed(desk.connection, None)
        feed.ear.symbols = set(symbols)
        feed.ear.open(box)
        believed(feed.ear, *symbols)
        for second in range(5):
            await asyncio.sleep(1)
            feed.ear.hears(tuple(mark(now_ms(), 100 + second, symbol) for symbol in symbols))
        return len(box.facts)

    assert live(work) == 1_000


class Torn(FakeExchange):
    """Some readings of the account lack our stop, by their numbers."""

    def __init__(self, *torn: int) -> None:
        super().__init__(positions={LONG: a_position()}, orders=dict(held().orders))
        self.torn = torn

    def shown(self, number: int) -> AccountState:
        state = super().shown(number)
        rest = tuple(order for order in state.orders if order.client_id != OURS)
        return replace(state, orders=rest) if number in self.torn else state


@pytest.mark.parametrize(
    ("torn", "told"),
    [((2,), False), ((2, 3), True), ((2, 4), False)],
    ids=["once", "twice in a row", "twice apart"],
)
def test_a_stop_that_seems_to_be_gone_is_looked_for_twice_before_it_is_said(
    torn: tuple[int, ...], told: bool
) -> None:
    async def work() -> Scene:
        return await plays(Scene(Torn(*torn)), 60)

    facts = [f for _, f in live(work).box.at if isinstance(f, OrdersChanged) and f.id == LONG]
    assert any(not any(order.kind.is_stop for order in f.orders) for f in facts) is told
