import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.simulator import Call
from bot.simulator.binance import BinanceWire
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.gate import Gate
from bot.venues.live.history import Asked, Market, Series
from bot.venues.live.history_source import TRIES, HistorySource, halved
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.wire import Reply, Request
from tests.building.simulator import a_world
from tests.venues.live.virtual import live, now_ms

T0 = 1_700_000_000_000
HOUR_MS = 3_600_000
ASKED = Asked(
    series=Series.FUNDING,
    market=Market(symbol="BTC/USDT:USDT", id="BTCUSDT", inverse=False, dated=False),
    timeframe_ms=0,
    start_ms=T0,
    end_ms=T0 + 24 * HOUR_MS,
)


def a_rate(at_ms: int) -> dict[str, object]:
    return {"symbol": "BTCUSDT", "fundingTime": at_ms, "fundingRate": "0.00010000", "markPrice": "1"}


def said(*rows: dict[str, object]) -> Reply:
    return Reply(sent=True, status=200, body=json.dumps(rows))


BROKEN = Reply(sent=True, error="ServerDisconnectedError")
GARBLED = Reply(sent=True, status=200, body='[{"fundingTime": "soon"}]')
UNKNOWN = Reply(sent=True, status=400, body='{"code": -1121, "msg": "Invalid symbol."}')


class Caller:
    """Answers one after the other, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.asked: list[Request] = []

    async def call(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.replies[min(len(self.asked), len(self.replies)) - 1]


def a_line(caller: Any, gate: Gate) -> Line:
    codes, answers = DIALECT.traits.codes, DIALECT.answers
    return Line(lambda: caller, gate, codes, answers, noticed=lambda _: None, say=lambda _: None)


def rows_from(caller: Caller) -> list[int]:
    """The times that are read."""

    async def ask() -> list[int]:
        line = a_line(caller, Gate(DIALECT.traits.windows))
        return [row.at_ms for row in await HistorySource(DIALECT.history, line, pause_s=0).rows(ASKED)]

    return asyncio.run(ask())


@pytest.mark.parametrize("bad", [BROKEN, GARBLED])
def test_an_answer_that_failed_is_asked_for_again(bad: Reply) -> None:
    caller = Caller(bad, bad, said(a_rate(T0)))
    assert rows_from(caller) == [T0]
    assert len(caller.asked) == 3


def test_an_exchange_that_never_answers_is_given_up() -> None:
    caller = Caller(BROKEN)
    with pytest.raises(Unreadable, match="ServerDisconnectedError"):
        rows_from(caller)
    assert len(caller.asked) == TRIES


def test_what_is_refused_for_good_is_asked_for_once() -> None:
    caller = Caller(UNKNOWN)
    with pytest.raises(Unreadable, match="-1121"):
        rows_from(caller)
    assert len(caller.asked) == 1


class Metered:
    """The simulated Binance, asked without a network by the clock of the loop."""

    def __init__(self) -> None:
        self.wire = BinanceWire(a_world(hands=now_ms))
        self.statuses: list[int] = []
        self.used: list[int] = []

    async def call(self, request: Request) -> Reply:
        query = urlencode({name: str(value) for name, value in request.params.items()})
        path = f"/fapi/v1/{request.path}"
        call = Call(method="GET", host="fapi.binance.com", path=path, query=query, peer="10.0.0.1")
        answer = self.wire.answer(call)
        self.statuses.append(answer.status)
        self.used.append(int(answer.headers["x-mbx-used-weight-1m"]))
        return Reply(sent=True, status=answer.status, headers=answer.headers, body=answer.body)


@pytest.mark.parametrize(("series", "requests", "minutes"), [(Series.BARS, 700, 2), (Series.FUNDING, 600, 5)])
def test_a_long_fetch_stays_within_its_half_of_the_limits(
    series: Series, requests: int, minutes: int
) -> None:
    async def fetch() -> tuple[Metered, float]:
        caller = Metered()
        source = HistorySource(DIALECT.history, a_line(caller, Gate(halved(DIALECT.traits.windows))))
        for _ in range(requests):
            await source.rows(replace(ASKED, series=series, timeframe_ms=60_000))
        return caller, asyncio.get_running_loop().time()

    caller, took_s = live(fetch)
    assert set(caller.statuses) == {200}
    assert max(caller.used) <= 1200
    # 700 times a weight of 5 at 1200 a minute; 600 at 500 in five minutes.
    assert minutes * 60 <= took_s <= minutes * 60 + 61


def test_a_limit_is_waited_for_and_then_asked_again() -> None:
    limited = Reply(
        sent=True, status=429, headers={"retry-after": "7"}, body='{"code": -1003, "msg": "Too many"}'
    )

    async def fetch() -> tuple[int, float]:
        caller = Caller(limited, said(a_rate(T0)))
        rows = await HistorySource(DIALECT.history, a_line(caller, Gate(DIALECT.traits.windows))).rows(ASKED)
        return len(rows), asyncio.get_running_loop().time()

    assert live(fetch) == (1, 7.0)


def test_rows_come_in_order_once_each_and_within_what_was_asked_for() -> None:
    times = [T0 + 16 * HOUR_MS, T0 - 1, T0 + 8 * HOUR_MS, T0 + 8 * HOUR_MS, T0 + 24 * HOUR_MS]
    assert rows_from(Caller(said(*map(a_rate, times)))) == [T0 + 8 * HOUR_MS, T0 + 16 * HOUR_MS]
