"""A key that the exchange refuses: known at once, and left alone by everybody until it is taken again."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from bot.core.facts import Fact, FundingPaid, FundingRate, Link, LinkChanged
from bot.core.types import Symbol
from bot.venues.live.terms import Heard, Listing
from bot.venues.live.wire import Reply, Request
from tests.building.core import BTC, D
from tests.venues.live.fake import LOST, FakeDialect, FakeExchange, Fault, an_action, every_fact, says
from tests.venues.live.test_feed import Scene, plays, seconds
from tests.venues.live.test_funding import DUE_MS, PAID, RATE
from tests.venues.live.test_met_orders import OUTCOME, meets, told
from tests.venues.live.test_venue import LEVERS, Seat, held
from tests.venues.live.virtual import live, now_ms

REFUSED = says(401, -2015)
HANGS_S = 10
HOUR_S = 3_600
Befalls = Callable[[Scene], object]


@dataclass
class TwoRequests(FakeExchange):
    """An exchange of which an account is read by two requests."""

    beside: Reply | None = None
    """What the second of them is answered, if not the truth; ``LOST`` after as long as a client waits."""

    async def call(self, request: Request) -> Reply:
        if request.path == "beside" and self.beside is not None:
            self.asked.append(request)
            await asyncio.sleep(HANGS_S)
            return self.beside
        return await super().call(request)


def two_requests(dialect: FakeDialect) -> None:
    one = dialect.account_requests

    def both(listing: Listing, among: Collection[Symbol] | None = None) -> Mapping[str, Request]:
        beside = Request(api="private", method="GET", path="beside")
        return {"beside": beside, **one(listing, among)}

    dialect.account_requests = both  # type: ignore[method-assign]


def a_scene() -> Scene:
    of_one = held()
    exchange = TwoRequests(positions=of_one.positions, orders=of_one.orders)
    return Scene(exchange, special=two_requests)


def refuses(scene: Scene) -> None:
    """The exchange refuses the key, and something makes us read the account."""
    scene.exchange.unreadable = REFUSED
    looks_again(scene)


def looks_again(scene: Scene) -> None:
    dialect = scene.desk.dialect
    before, dialect.heard = dialect.heard, lambda _: Heard(facts=(), account=True)
    scene.hears({})
    dialect.heard = before


def answers(reply: Reply | None) -> Befalls:
    def befall(scene: Scene) -> None:
        scene.exchange.unreadable = reply

    return befall


def lives(make: Callable[[], Scene], until_s: float, *befalls: tuple[float, Befalls]) -> Scene:
    """What befalls when."""

    async def work() -> Scene:
        scene = make()

        async def life() -> None:
            for at_s, befall in befalls:
                await asyncio.sleep(at_s - seconds())
                befall(scene)

        return await plays(scene, until_s, scene.ticks(until_s, 2.5), life())

    return live(work)


def lost_at(scene: Scene) -> list[float]:
    return [at for at, link, up in scene.box.links() if link is Link.AUTH and not up]


def test_a_refused_key_is_known_although_another_request_of_the_reading_hangs() -> None:
    def hangs(scene: Scene) -> None:
        assert isinstance(scene.exchange, TwoRequests)
        scene.exchange.beside = LOST
        refuses(scene)

    (at,) = lost_at(lives(a_scene, 30, (5, hangs)))
    assert 5 <= at <= 5.5


def test_what_the_list_of_contracts_was_told_of_the_key_is_known_at_once() -> None:
    class Tiers(FakeExchange):
        async def call(self, request: Request) -> Reply:
            if request.path == "tiers" and seconds() > HOUR_S - 1:
                self.unreadable = LOST
                return REFUSED
            return await super().call(request)

    def tiers(dialect: FakeDialect) -> None:
        def requests(markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
            return [Request(api="private", method="GET", path="tiers")]

        dialect.tier_requests = requests  # type: ignore[method-assign]

    def make() -> Scene:
        of_one = held()
        return Scene(Tiers(positions=of_one.positions, orders=of_one.orders), special=tiers)

    (at,) = lost_at(lives(make, HOUR_S + 30))
    assert HOUR_S <= at <= HOUR_S + 1


def test_a_probe_of_which_nothing_comes_is_followed_by_another_probe() -> None:
    asked: list[tuple[float, str]] = []

    class Counted(TwoRequests):
        async def call(self, request: Request) -> Reply:
            if request.api == "private":
                asked.append((seconds(), request.path))
            return await super().call(request)

    def make() -> Scene:
        return Scene(Counted(positions=held().positions), special=two_requests)

    scene = lives(make, 160, (5, refuses), (60, answers(LOST)), (70, answers(REFUSED)))
    assert len(lost_at(scene)) == 1
    probes = [at for at, _ in asked if at > 10]
    assert [round(later - earlier) for earlier, later in pairwise([5.0, *probes])] == [60, 9, 60]


def test_a_stop_that_was_met_meanwhile_is_found_once_the_key_is_taken_again() -> None:
    def meets_it(scene: Scene) -> None:
        meets(scene.exchange)
        looks_again(scene)

    scene = lives(partial(Scene, held()), 200, (5, meets_it), (5.5, refuses), (100, answers(None)))
    assert told(scene) == [OUTCOME]


def test_funding_that_was_paid_meanwhile_is_found_once_the_key_is_taken_again() -> None:
    def announces(scene: Scene) -> None:
        rate = FundingRate(at_ms=now_ms(), symbol=BTC, rate=RATE, next_ms=DUE_MS)
        scene.desk.dialect.heard = lambda _: Heard(facts=(rate,))
        scene.hears({})
        scene.exchange.payments = (PAID,)

    scene = lives(partial(Scene, held()), 240, (1, announces), (15, refuses), (170, answers(None)))
    ((at, paid),) = [(at, fact) for at, fact in scene.box.at if isinstance(fact, FundingPaid)]
    assert at > 170
    assert paid.amount == D("-0.1")


@pytest.mark.parametrize("refused", [True, False])
def test_the_list_of_contracts_waits_until_the_key_is_taken_again(refused: bool) -> None:
    befalls = ((HOUR_S - 100, refuses), (HOUR_S + 200, answers(None))) if refused else ()
    scene = lives(partial(Scene, held()), HOUR_S + 400, *befalls)
    (at_ms,) = scene.desk.wires.reloaded
    assert at_ms == HOUR_S * 1_000 if not refused else at_ms > (HOUR_S + 200) * 1_000


@dataclass
class Revoking(FakeExchange):
    """Refuses every reading from the moment that it was sent something."""

    async def call(self, request: Request) -> Reply:
        reply = await super().call(request)
        if request.method != "GET":
            self.unreadable = REFUSED
        return reply


def ups(facts: Sequence[Fact]) -> list[bool]:
    return [fact.up for fact in facts if isinstance(fact, LinkChanged)]


def news_of_the_key(intent: str, *faults: Fault) -> tuple[list[bool], list[bool], int]:
    """What an act tells of the key at once, and what is told of it later; how often it was asked for then."""

    async def work() -> tuple[list[bool], list[bool], int]:
        of_one = held()
        seat = Seat(Revoking(positions=of_one.positions, orders=of_one.orders, faults=list(faults)))
        await seat.venue.snapshot()
        asked = len(seat.exchange.asked)
        now = every_fact(await seat.venue.execute(an_action(LEVERS[intent])))
        await seat.waits(20)
        return ups(now), ups(every_fact(seat.later)), len(seat.exchange.asked) - asked

    return live(work)


def test_a_key_that_is_refused_while_an_act_is_read_back_is_told_once_and_tried_once() -> None:
    assert news_of_the_key("add") == ([False], [], 1)


def test_a_key_that_is_refused_while_an_act_is_looked_for_is_told_once_and_tried_once() -> None:
    assert news_of_the_key("add", Fault(reply=LOST)) == ([], [False], 1)


def test_a_key_that_is_refused_when_an_account_is_read_after_a_rejection_is_told() -> None:
    assert news_of_the_key("add", Fault(done=False, reply=says(400, -2019))) == ([False], [], 1)


def test_a_key_that_may_not_cancel_the_old_stop_is_told() -> None:
    async def work() -> list[bool]:
        seat = Seat(held(faults=[Fault(), Fault(done=False, reply=REFUSED)]))
        await seat.venue.snapshot()
        return ups(every_fact(await seat.venue.execute(an_action(LEVERS["move"]))))

    assert live(work) == [False]


def test_a_listen_key_that_is_refused_has_the_account_read_at_once() -> None:
    def breaks_off(scene: Scene) -> None:
        scene.exchange.unreadable = REFUSED
        scene.broken.set()

    (at,) = lost_at(lives(a_scene, 30, (5, breaks_off)))
    assert 5 <= at <= 6
