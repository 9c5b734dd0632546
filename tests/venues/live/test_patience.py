"""At the start of a run an exchange that is asked too much is asked again; whatever else is wrong ends it."""

from dataclasses import dataclass, field

import pytest

from bot.core.facts import PositionChanged
from bot.core.types import PositionMode
from bot.venues.live.line import Unreadable
from bot.venues.live.patience import TRIES
from bot.venues.live.venue import LiveVenue
from bot.venues.live.wire import Reply, Request
from tests.building.core import LONG
from tests.venues.live.fake import Desk, FakeExchange, every_fact, says
from tests.venues.live.test_venue import held
from tests.venues.live.virtual import live, now_ms

SOON_MS = 2_000
LATER_MS = 10_000
"""After how long an exchange is asked again that said it was too much: by a code only, and by the status."""


@dataclass
class Crowded(FakeExchange):
    """Answers so many readings with something else first."""

    first: list[Reply] = field(default_factory=list)

    async def call(self, request: Request) -> Reply:
        if self.first:
            self.asked.append(request)
            return self.first.pop(0)
        return await super().call(request)


def crowded(*first: Reply) -> Crowded:
    calm = held()
    return Crowded(positions=calm.positions, orders=calm.orders, first=list(first))


def snapshot(exchange: Crowded) -> tuple[int, bool, list[str]]:
    """How long it took, whether the position is in it, and what people were told."""

    async def work() -> tuple[int, bool, list[str]]:
        desk = Desk(exchange)
        began_ms = now_ms()
        facts = every_fact(await LiveVenue(desk.connection, PositionMode.ONE_WAY).snapshot())
        found = any(isinstance(fact, PositionChanged) and fact.id == LONG for fact in facts)
        return now_ms() - began_ms, found, desk.said

    return live(work)


@pytest.mark.parametrize(
    ("first", "wait_ms"),
    [
        ([says(429, -1003)], LATER_MS),
        ([Reply(sent=True, status=429, body="<html>")], LATER_MS),
        ([says(200, -1003)], SOON_MS),
        ([says(429, -1003), says(200, -1003), says(429, -1003)], 2 * LATER_MS + SOON_MS),
    ],
    ids=["by status and code", "by the status only", "by a code only", "three times"],
)
def test_too_many_requests_only_delay_the_start(first: list[Reply], wait_ms: int) -> None:
    took_ms, found, said = snapshot(crowded(*first))
    assert found
    assert took_ms == pytest.approx(wait_ms, abs=10)
    assert [line.split(":")[0] for line in said] == [f"the exchange answered {_code(each)}" for each in first]


def _code(reply: Reply) -> str:
    return "429" if reply.status == 429 else "-1003"


def test_an_exchange_that_never_has_room_ends_the_start() -> None:
    exchange = crowded(*[says(429, -1003)] * (TRIES + 1))
    with pytest.raises(Unreadable, match="429"):
        snapshot(exchange)
    assert len(exchange.asked) == TRIES


@pytest.mark.parametrize("reply", [says(401, -2015), says(503, 0), Reply(sent=True, error="timeout")])
def test_whatever_else_is_wrong_ends_it_at_once(reply: Reply) -> None:
    exchange = crowded(reply)
    with pytest.raises(Unreadable):
        snapshot(exchange)
    assert len(exchange.asked) == 1
