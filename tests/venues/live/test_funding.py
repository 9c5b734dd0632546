"""Funding is read back after each settlement, told once, and on the side that paid."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from bot.core.facts import Fact, FundingPaid, FundingRate, OpenInterest
from bot.core.types import Side
from bot.venues.live.feed import Wants
from bot.venues.live.terms import Heard, Payment
from tests.building.core import BTC, ETH, LONG, SHORT, D
from tests.venues.live.fake import FakeExchange, a_position
from tests.venues.live.test_feed import Scene, plays
from tests.venues.live.test_venue import held
from tests.venues.live.virtual import T0, live, now_ms

DUE_MS = T0 + 20_000
PAID = Payment(venue_id="1", at_ms=DUE_MS + 300, symbol=BTC, amount=D("-0.1"))
RATE = D("0.0001")


def tells(scene: Scene, next_ms: int = DUE_MS, rate: Any = RATE) -> None:
    """The stream announces a settlement."""
    scene.desk.dialect.heard = lambda _: Heard(
        facts=(FundingRate(at_ms=now_ms(), symbol=BTC, rate=rate, next_ms=next_ms),)
    )
    scene.hears({})


def settles(
    scene: Scene, *payments: Payment, after_s: float = 3, rate: Any = RATE
) -> Coroutine[Any, Any, None]:
    """A settlement is announced; the exchange books it so long after its time."""

    async def work() -> None:
        await asyncio.sleep(1)
        tells(scene, rate=rate)
        await asyncio.sleep(19.5)
        tells(scene, DUE_MS + 8 * 3_600_000)
        await asyncio.sleep(after_s - 0.5)
        scene.exchange.payments = payments

    return work()


def told(scene: Scene) -> list[tuple[float, Fact]]:
    return [(at, fact) for at, fact in scene.box.at if isinstance(fact, FundingPaid)]


def asked(scene: Scene) -> list[dict[str, Any]]:
    return [dict(request.params) for request in scene.exchange.asked if request.path == "payments"]


def plays_out(exchange: FakeExchange, *payments: Payment, **how: Any) -> Scene:
    async def work() -> Scene:
        scene = Scene(exchange)
        return await plays(scene, 140, settles(scene, *payments, **how))

    return live(work)


def test_what_was_settled_is_asked_for_after_its_time_and_told_once() -> None:
    scene = plays_out(held(), PAID)
    ((at, fact),) = told(scene)
    assert fact == FundingPaid(at_ms=PAID.at_ms, id=LONG, rate=RATE, amount=D("-0.1"))
    assert 30 <= at <= 32
    assert asked(scene) == [{"of": "BTC", "since": DUE_MS - 60_000}] * 3


def test_what_the_exchange_books_late_is_found_at_the_next_question() -> None:
    scene = plays_out(held(), PAID, after_s=50)
    ((at, _),) = told(scene)
    assert 95 <= at <= 97


@pytest.mark.parametrize(("rate", "amount", "side"), [("0.0001", "-0.1", LONG), ("0.0001", "0.1", SHORT)])
def test_of_a_long_and_a_short_the_sign_tells_which_it_was(rate: str, amount: str, side: Any) -> None:
    both = held()
    both.positions[SHORT] = a_position(SHORT)
    scene = plays_out(both, replace(PAID, amount=D(amount)), rate=D(rate))
    assert [fact.id for _, fact in told(scene) if isinstance(fact, FundingPaid)] == [side]


def test_what_the_exchange_says_itself_counts_first() -> None:
    scene = plays_out(held(), replace(PAID, side=Side.SHORT, rate=D("0.003")))
    ((_, fact),) = told(scene)
    assert isinstance(fact, FundingPaid)
    assert (fact.id, fact.rate) == (SHORT, D("0.003"))


def test_funding_on_what_nobody_held_is_said_and_not_guessed() -> None:
    scene = plays_out(held(), replace(PAID, symbol=ETH))
    assert told(scene) == []
    assert any("nobody knows on which side" in line for line in scene.desk.said)


def test_where_nothing_is_settled_nothing_is_asked() -> None:
    async def work() -> Scene:
        return await plays(Scene(), 100)

    assert asked(live(work)) == []


@pytest.mark.parametrize(("wanted", "times"), [(False, 0), (True, 3)])
def test_open_interest_is_asked_for_once_a_minute_where_a_rule_needs_it(wanted: bool, times: int) -> None:
    async def work() -> Scene:
        return await plays(Scene(wants=Wants(open_interest=wanted)), 130)

    scene = live(work)
    facts = [fact for _, fact in scene.box.at if isinstance(fact, OpenInterest)]
    assert [(fact.symbol, fact.quantity) for fact in facts] == [(BTC, D(7))] * times
