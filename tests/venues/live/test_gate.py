"""The gate: who goes first, never too many, and what an exchange's anger does."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.venues.live.gate import ClockThrottler, Gate
from bot.venues.live.terms import Window
from bot.venues.live.wire import Reply, Request, Urgency
from tests.venues.live.virtual import at, live

ORDERS = {"requests": Window(capacity=10, per_ms=1_000, reserve=3)}
MINUTE = {"requests": Window(capacity=100, per_ms=60_000, reserve=20)}


def a_request(weight: int = 1, window: str = "requests") -> Request:
    return Request(api="private", method="GET", path="thing", weight=weight, window=window)


def reply(status: int, **headers: str) -> Reply:
    return Reply(sent=True, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def now() -> float:
    return asyncio.get_running_loop().time()


async def passes(gate: Gate, urgency: Urgency, weight: int = 1) -> float:
    """When it was let through."""
    await gate.turn(a_request(weight), urgency)
    return now()


def test_the_library_s_window_runs_on_the_loop_s_clock() -> None:
    async def fifteen_at_five_a_second() -> float:
        throttler = ClockThrottler(5, 1.0)
        for _ in range(15):
            async with throttler:
                pass
        return now()

    assert live(fifteen_at_five_a_second) == pytest.approx(2.0, abs=1e-3)


def test_an_emergency_goes_before_two_hundred_polls() -> None:
    async def crowd() -> tuple[float, int]:
        gate = Gate(ORDERS)
        polls = [asyncio.ensure_future(passes(gate, Urgency.ACCOUNT)) for _ in range(200)]
        await asyncio.sleep(0.5)
        began = now()
        took = await passes(gate, Urgency.EMERGENCY) - began
        waiting = sum(not poll.done() for poll in polls)
        for poll in polls:
            poll.cancel()
        return took, waiting

    assert live(crowd) == (0.0, 193)


def test_without_a_reserve_left_an_emergency_still_goes_before_everybody_else() -> None:
    async def crowd() -> tuple[float, list[float]]:
        gate = Gate(ORDERS)
        for _ in range(10):
            await passes(gate, Urgency.KILL)
        polls = [asyncio.ensure_future(passes(gate, Urgency.MARKET)) for _ in range(3)]
        await asyncio.sleep(0.4)
        emergency = await passes(gate, Urgency.EMERGENCY)
        return emergency, await asyncio.gather(*polls)

    emergency, polls = live(crowd)
    assert emergency == pytest.approx(1.0, abs=1e-3)
    assert polls == pytest.approx([1.0] * 3, abs=1e-3)


def test_within_an_urgency_it_is_first_come_first_served() -> None:
    async def queue() -> list[int]:
        gate, order = Gate(ORDERS), list[int]()

        async def one(number: int) -> None:
            # Light ones behind a heavy one must not pass it by.
            await gate.turn(a_request(weight=7 if number == 8 else 1), Urgency.ACCOUNT)
            order.append(number)

        await asyncio.gather(*(one(n) for n in range(30)))
        return order

    assert live(queue) == list(range(30))


def test_the_more_urgent_overtake_the_less_urgent() -> None:
    async def mixed() -> list[Urgency]:
        gate, order = Gate(ORDERS), list[Urgency]()

        async def one(urgency: Urgency) -> None:
            await gate.turn(a_request(7), urgency)
            order.append(urgency)

        await asyncio.gather(*(one(u) for u in (Urgency.ACCOUNT, *reversed(Urgency))))
        return order

    kill, emergency = Urgency.KILL, Urgency.EMERGENCY
    rest = [Urgency.PROTECTION, Urgency.ACCOUNT, Urgency.MARKET, Urgency.BACKFILL]
    # The first two found the gate empty; from then on only the order of urgency counts.
    assert live(mixed) == [Urgency.ACCOUNT, kill, emergency, *rest]


def test_windows_do_not_wait_for_each_other() -> None:
    async def two() -> float:
        gate = Gate({**ORDERS, "orders": Window(capacity=2, per_ms=60_000, reserve=1)})
        await gate.turn(a_request(window="orders"), Urgency.PROTECTION)
        stuck = asyncio.ensure_future(gate.turn(a_request(window="orders"), Urgency.PROTECTION))
        await asyncio.sleep(0)
        moment = await passes(gate, Urgency.BACKFILL)
        stuck.cancel()
        return moment

    assert live(two) == 0.0


def test_those_who_give_up_leave_nothing_behind() -> None:
    async def fickle() -> list[float]:
        gate = Gate(ORDERS)
        await passes(gate, Urgency.ACCOUNT, 7)
        many = [asyncio.ensure_future(passes(gate, Urgency.ACCOUNT)) for _ in range(100)]

        def give_up() -> None:
            for each in many:
                each.cancel()  # Seven of them have just been given their turn and have not taken it.

        asyncio.get_running_loop().call_at(1.0 + 1e-9, give_up)
        await asyncio.gather(*many, return_exceptions=True)
        assert all(each.cancelled() for each in many)
        return [await passes(gate, Urgency.ACCOUNT) for _ in range(7)]

    assert live(fickle) == pytest.approx([1.0] * 7, abs=1e-3)


def test_too_many_requests_stop_all_but_emergencies() -> None:
    async def limited() -> tuple[str, float, float]:
        gate = Gate(ORDERS)
        said = gate.learn(a_request(), reply(429, retry_after="7"))
        poll = asyncio.ensure_future(passes(gate, Urgency.PROTECTION))
        return said, await passes(gate, Urgency.EMERGENCY), await poll

    said, emergency, poll = live(limited)
    assert said == "the exchange answered 429: everything but emergencies waits 7 s"
    assert emergency == 0.0
    assert poll == pytest.approx(7.0)


def test_a_ban_stops_emergencies_too() -> None:
    async def banned() -> tuple[str, float]:
        gate = Gate(ORDERS)
        return gate.learn(a_request(), reply(418)), await passes(gate, Urgency.KILL)

    said, kill = live(banned)
    assert said == "the exchange answered 418: everything, emergencies too, waits 120 s"
    assert kill == pytest.approx(120.0)


def test_a_milder_answer_never_opens_a_gate_that_is_shut() -> None:
    async def twice() -> float:
        gate = Gate(ORDERS)
        gate.learn(a_request(), reply(429, retry_after="30"))
        gate.learn(a_request(), reply(429, retry_after="1"))
        return await passes(gate, Urgency.ACCOUNT)

    assert live(twice) == pytest.approx(30.0)


def test_what_others_use_behind_the_same_address_counts() -> None:
    async def shared() -> tuple[float, float]:
        gate = Gate(MINUTE)
        await passes(gate, Urgency.ACCOUNT, 10)
        gate.learn(a_request(), reply(200, x_mbx_used_weight_1m="75"))
        return await passes(gate, Urgency.ACCOUNT, 5), await passes(gate, Urgency.ACCOUNT, 5)

    first, second = live(shared)
    assert first == 0.0
    assert second == pytest.approx(60.0)


@pytest.mark.parametrize("said", ["", "-5", "many", "²"])
def test_a_used_weight_that_is_none_changes_nothing(said: str) -> None:
    async def odd() -> float:
        gate = Gate(MINUTE)
        gate.learn(a_request(), reply(200, x_mbx_used_weight_1m=said))
        return await passes(gate, Urgency.ACCOUNT, 80)

    assert live(odd) == 0.0


def test_a_window_that_the_exchange_does_not_have_is_an_error() -> None:
    async def strange() -> None:
        await Gate(ORDERS).turn(a_request(window="orders"), Urgency.ACCOUNT)

    with pytest.raises(KeyError):
        live(strange)


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 4_000), st.sampled_from(Urgency), st.integers(1, 7), st.booleans()), max_size=40
)


@given(arrivals=ARRIVALS)
def test_no_window_is_ever_exceeded_and_the_reserve_never_eaten(
    arrivals: Sequence[tuple[int, Urgency, int, bool]],
) -> None:
    window = ORDERS["requests"]
    passed: list[tuple[float, Urgency, int]] = []

    async def one(gate: Gate, urgency: Urgency, weight: int, fickle: bool) -> None:
        try:
            async with asyncio.timeout(0.7 if fickle else None):
                await gate.turn(a_request(weight), urgency)
        except TimeoutError:
            return
        passed.append((now(), urgency, weight))

    async def everybody() -> None:
        gate = Gate(ORDERS)
        works = [at(ms / 1000, partial(one, gate, u, w, fickle)) for ms, u, w, fickle in arrivals]
        await asyncio.gather(*works)

    live(everybody)
    assert [b[0] - a[0] >= 0 for a, b in pairwise(passed)] == [True] * max(0, len(passed) - 1)
    for i, (moment, urgency, _) in enumerate(passed):
        within = sum(w for when, _, w in passed[: i + 1] if when > moment - window.per_ms / 1000 + 1e-4)
        spared = 0 if urgency <= Urgency.EMERGENCY else window.reserve
        assert within <= window.capacity - spared
    assert len(passed) + sum(f for *_, f in arrivals) >= len(arrivals)


def test_too_many_of_what_is_counted_apart_keeps_nothing_else_waiting() -> None:
    async def two() -> tuple[float, float, float, str]:
        own = Window(capacity=10, per_ms=1_000, reserve=3, apart=True)
        gate = Gate({"own": own, **MINUTE})
        said = gate.learn(a_request(window="own"), reply(429, retry_after="7"))
        other = await passes(gate, Urgency.MARKET)
        await gate.turn(a_request(window="own"), Urgency.EMERGENCY)
        urgent = now()
        await gate.turn(a_request(window="own"), Urgency.PROTECTION)
        return other, urgent, now(), said

    other, urgent, slow, said = live(two)
    assert (other, urgent) == (0.0, 0.0)
    assert slow == pytest.approx(7.0, abs=1e-3)
    assert said == "the exchange answered 429: own, but for emergencies, waits 7 s"


def test_an_exchange_that_says_it_without_a_status_is_given_a_breath() -> None:
    async def limited() -> tuple[str, float]:
        gate = Gate(ORDERS)
        return gate.slow_down(a_request(), "10006"), await passes(gate, Urgency.ACCOUNT)

    said, passed = live(limited)
    assert said == "the exchange answered 10006: everything but emergencies waits 2 s"
    assert passed == pytest.approx(2.0)


def test_a_ban_keeps_everything_waiting_whatever_is_counted_apart() -> None:
    async def banned() -> float:
        gate = Gate({"own": Window(capacity=10, per_ms=1_000, reserve=3, apart=True), **MINUTE})
        gate.learn(a_request(window="own"), reply(418, retry_after="30"))
        return await passes(gate, Urgency.KILL)

    assert live(banned) == pytest.approx(30.0, abs=1e-3)


def test_readings_of_many_keep_apart_by_what_is_left_and_never_more_than_can_be_kept_up() -> None:
    async def crowd() -> list[int]:
        gate = Gate(
            {"requests": Window(capacity=2_400, per_ms=60_000, reserve=300), "fast": MINUTE["requests"]}
        )
        account = [a_request(60), a_request(2, "fast")]
        apart = [gate.apart_ms(account)]
        for _ in range(20):
            await passes(gate, Urgency.ACCOUNT, 100)
            apart.append(gate.apart_ms(account))
        return apart

    # 60 of 2100 in a burst of ten seconds, and then of what is left; 60 of 2100 a minute is 1714 ms apart.
    apart = live(crowd)
    assert apart[0] == 285
    assert apart[1] == 60 * 10_000 // 2_000
    assert apart == sorted(apart)
    assert apart[-1] == 1_714
