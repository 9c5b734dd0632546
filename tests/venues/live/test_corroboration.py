"""While a mark is in doubt: who is asked, how often, what people hear, what becomes of a stream."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from bot.core.facts import Link, MarkPrice
from bot.venues.live.corroboration import IN_A_ROW
from bot.venues.live.terms import Heard
from tests.building.core import BTC, ETH, D
from tests.venues.live.fake import HTML
from tests.venues.live.test_ear import heard, mark
from tests.venues.live.test_feed import Scene, plays, seconds
from tests.venues.live.virtual import T0, live, now_ms

DAY_MS = 86_400_000


def played(
    until_s: float, act: Callable[[Scene], Awaitable[None]], prepare: Callable[[Scene], None] = lambda _: None
) -> Scene:
    """A feed that hears marks of 100 for five seconds, and then what ``act`` does."""

    async def work() -> Scene:
        scene = Scene()
        prepare(scene)

        async def acts() -> None:
            await scene.ticks(4.5)
            await asyncio.sleep(5.5 - seconds())
            await act(scene)

        return await plays(scene, until_s, acts())

    return live(work)


def says(scene: Scene, *prices: Any, symbol: Any = BTC) -> None:
    for price in prices:
        scene.hears(mark(now_ms(), price, symbol))


def after(scene: Scene, at_s: float) -> list[tuple[float, int]]:
    """The marks that were let through from a time on."""
    return [
        (round(at, 2), int(fact.price))
        for at, fact in scene.box.at
        if isinstance(fact, MarkPrice) and at >= at_s
    ]


def asked(scene: Scene) -> int:
    return sum(request.path == "marks" for request in scene.exchange.asked)


def test_the_first_mark_of_all_is_let_through_when_rest_agrees() -> None:
    async def nothing(_: Scene) -> None:
        pass

    scene = played(5, nothing, lambda scene: setattr(scene.exchange, "took_ms", 300))
    # The two readings of the start take 0.6 s, and the mark is heard then.
    assert after(scene, 0)[0] == (0.9, 100)


def test_a_first_mark_that_rest_does_not_know_is_dropped() -> None:
    async def nothing(_: Scene) -> None:
        pass

    scene = played(5, nothing, lambda scene: setattr(scene.exchange, "mark", D(50)))
    assert {price for _, price in after(scene, 0)} == {50}


def test_a_crash_is_through_after_one_reading() -> None:
    async def crash(scene: Scene) -> None:
        scene.exchange.mark, scene.exchange.took_ms = D(80), 40
        says(scene, 80)

    scene = played(6, crash)
    assert after(scene, 5.2) == [(5.54, 80)]
    assert f"{BTC}: 80 is -20.0% in 1.5 s, and a second source agrees" in scene.desk.said


def test_a_spike_brings_the_true_mark_and_is_said() -> None:
    async def spike(scene: Scene) -> None:
        scene.exchange.took_ms = 40
        says(scene, 10)

    scene = played(6, spike)
    assert after(scene, 5.2) == [(5.54, 100)]
    assert scene.desk.said == [f"{BTC}: a mark of 10 is dropped: it is 100"]
    assert scene.feed.ear.corroboration.dropped == 1


def test_the_same_is_said_once_a_minute() -> None:
    async def spikes(scene: Scene) -> None:
        while True:
            says(scene, 10)
            await asyncio.sleep(0.5)
            says(scene, 100)
            await asyncio.sleep(0.5)

    scene = played(70, spikes)
    assert scene.desk.said == [f"{BTC}: a mark of 10 is dropped: it is 100"] * 2
    assert scene.feed.ear.corroboration.dropped >= 60


def test_without_an_answer_the_last_good_mark_stays_people_hear_and_asking_goes_on() -> None:
    async def crash(scene: Scene) -> None:
        scene.exchange.mark, scene.exchange.unreadable = D(80), HTML
        before = asked(scene)
        says(scene, 80)
        await asyncio.sleep(1.9)
        assert asked(scene) - before == 4, "at once, and after 0.25, 0.75 and 1.75 s"
        scene.exchange.unreadable = None

    scene = played(9, crash)
    at_s, price = after(scene, 5.2)[0]
    assert (7.5 <= at_s <= 8.25, price) == (True, 80)
    told = next(n for n, line in enumerate(scene.desk.said) if "last good mark" in line)
    assert told <= 2, "after a second, which is before the fourth asking"
    late = [line for line in scene.desk.said if "last good mark" in line]
    assert late == [
        f"{BTC}: 80 is -20.0% in 1.5 s; no second source has settled it within 1 s, the last good mark stays"
    ]


def test_an_answer_that_is_late_counts() -> None:
    async def crash(scene: Scene) -> None:
        scene.exchange.mark, scene.exchange.took_ms = D(80), 2_400
        says(scene, 80)

    assert after(played(9, crash), 5.2)[0] == (7.9, 80)


def test_a_stream_of_doubts_is_asked_about_ever_more_slowly() -> None:
    async def lies(scene: Scene) -> None:
        before = asked(scene)
        for _ in range(50):
            says(scene, 10)
            await asyncio.sleep(0.1)
        # After 0.25 and 0.5 s, then every second, and again after each of three renewals; beside them are
        # those of the watch over silence, for no mark of the stream is heard.
        assert asked(scene) - before <= 14

    played(11, lies)


def test_a_market_that_crashes_while_its_stream_is_dead_is_seen() -> None:
    async def crash(scene: Scene) -> None:
        scene.exchange.mark = D(70)

    scene = played(12, crash)
    # Three seconds after the last frame of second 4 REST is asked, and once more a second later.
    assert after(scene, 5)[0][0] <= 9.5
    assert {price for _, price in after(scene, 5)} == {70}
    assert not [link for link in scene.box.links() if link[1] is Link.MARKET]


def test_three_wrong_marks_in_a_row_renew_the_client() -> None:
    async def lies(scene: Scene) -> None:
        for _ in range(IN_A_ROW):
            says(scene, 10)
            await asyncio.sleep(0.4)

    scene = played(9, lies)
    assert scene.desk.wires.renewed == 1
    assert f"connecting anew: 3 marks of {BTC} in a row were wrong" in scene.desk.said


@pytest.mark.parametrize("good", [0, 1])
def test_three_messages_without_sense_in_a_row_renew_the_client(good: int) -> None:
    async def nonsense(scene: Scene) -> None:
        for _ in range(2):
            scene.desk.dialect.heard = lambda _: Heard(flaw="a price of nan")
            scene.hears("nan")
            scene.hears("nan")
            scene.desk.dialect.heard = lambda message: Heard(facts=(message,))
            if good:
                says(scene, 100)
            await asyncio.sleep(0.1)

    scene = played(8, nonsense)
    assert scene.desk.wires.renewed == 1 - good


def test_a_client_that_stays_sick_is_renewed_ever_more_slowly() -> None:
    async def lies(scene: Scene) -> None:
        while True:
            says(scene, 10)
            await asyncio.sleep(0.4)

    async def work() -> list[float]:
        scene, renewed = Scene(), list[float]()
        renew = scene.desk.wires.renew

        async def noted() -> None:
            renewed.append(seconds())
            await renew()

        scene.desk.wires.renew = noted  # type: ignore[method-assign]
        await plays(scene, 100, lies(scene))
        return renewed

    times = live(work)
    assert len(times) <= 4
    assert all(later > earlier for earlier, later in pairwise(b - a for a, b in pairwise(times)))


def test_what_is_no_longer_watched_is_not_asked_for() -> None:
    async def crash(scene: Scene) -> None:
        scene.exchange.unreadable = HTML
        says(scene, 10)
        await asyncio.sleep(0.1)
        scene.feed.ear.symbols = {ETH}
        await asyncio.sleep(0.2)
        before = asked_for(scene, "BTC")
        await asyncio.sleep(3)
        assert asked_for(scene, "BTC") == before

    played(9, crash)


def asked_for(scene: Scene, id_: str) -> int:
    return sum(request.params.get("of") == id_ for request in scene.exchange.asked)


def test_what_jumps_together_is_asked_for_together() -> None:
    async def crash(scene: Scene) -> None:
        scene.feed.ear.symbols = {BTC, ETH}
        scene.exchange.mark = D(80)
        before = asked(scene)
        scene.desk.dialect.heard = lambda message: Heard(facts=message)
        scene.hears((mark(now_ms(), 80), mark(now_ms(), 80, ETH)))
        await asyncio.sleep(0.1)
        assert asked(scene) - before == 2, "one request each: the fake has none for all"

    assert after(played(6, crash), 5.2) == [(5.5, 80), (5.5, 80)]


@pytest.mark.parametrize("at_ms", [T0 - 3_600_000, T0 - 10_001, T0 + 1_001, T0 + 3_600_000])
def test_a_mark_of_another_time_is_dropped_and_said(at_ms: int) -> None:
    facts, said, ear = heard((mark(at_ms),))
    assert facts == []
    assert len(said) == 1
    assert ear.corroboration.gate.refused(BTC) == 1
