"""What the simulated Binance tells of the past, asked without a network, and how our words for it read it."""

import json
from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from bot.core.types import Symbol
from bot.simulator import Bar, Call, World
from bot.simulator.binance import COINM, USDM, BinanceWire
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects import binancecoinm, binanceusdm
from bot.venues.live.history import Asked, Market, Row, Series
from bot.venues.live.wire import Request
from tests.building.contracts import BTC
from tests.building.simulator import START_MS, Hands, a_world

D = Decimal
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NOW_MS = START_MS // HOUR_MS * HOUR_MS
MINUTES = 1_300
FIRST_MS = NOW_MS - MINUTES * MINUTE_MS
PATHS = {
    "klines": "/fapi/v1/klines",
    "markPriceKlines": "/fapi/v1/markPriceKlines",
    "fundingRate": "/fapi/v1/fundingRate",
    "openInterestHist": "/futures/data/openInterestHist",
}
MARKET = Market(symbol=BTC, id="BTCUSDT", inverse=False, dated=False)


def a_bar(minute: int) -> Bar:
    price = D(1000 + minute)
    return Bar(
        open_ms=FIRST_MS + minute * MINUTE_MS,
        open=price,
        high=price + 2,
        low=price - 2,
        close=price + 1,
        volume=D(minute + 1),
    )


@pytest.fixture
def world() -> World:
    made = a_world(hands=Hands(NOW_MS))
    symbol = Symbol(BTC)
    made.market.seed(symbol, [a_bar(at) for at in range(MINUTES)])
    settled = range(FIRST_MS // (8 * HOUR_MS) * 8 * HOUR_MS, NOW_MS, 8 * HOUR_MS)
    made.market[symbol].settled.extend(
        (at_ms, D("0.0001") * number, D(1000)) for number, at_ms in enumerate(settled, start=1)
    )
    return made


def call(wire: BinanceWire, request: Request) -> tuple[int, object]:
    query = urlencode({name: str(value) for name, value in request.params.items()})
    answer = wire.answer(
        Call(method="GET", host="fapi.binance.com", path=PATHS[request.path], query=query, peer="10.0.0.1")
    )
    return answer.status, json.loads(answer.body)


def told(
    world: World, series: Series, start_ms: int, end_ms: int, timeframe_ms: int = MINUTE_MS
) -> Sequence[Row]:
    asked = Asked(series=series, market=MARKET, timeframe_ms=timeframe_ms, start_ms=start_ms, end_ms=end_ms)
    history = binanceusdm.DIALECT.history
    status, payload = call(BinanceWire(world, USDM), history.request(asked))
    assert status == 200, payload
    return history.rows(asked, payload)


def test_bars_are_told_from_the_start_that_is_asked_for(world: World) -> None:
    rows = told(world, Series.BARS, FIRST_MS + 10 * MINUTE_MS, FIRST_MS + 12 * MINUTE_MS)
    assert rows == [
        Row(FIRST_MS + 10 * MINUTE_MS, ("1010", "1012", "1008", "1011", "11")),
        Row(FIRST_MS + 11 * MINUTE_MS, ("1011", "1013", "1009", "1012", "12")),
    ]


def test_a_page_of_bars_holds_a_thousand(world: World) -> None:
    rows = told(world, Series.BARS, FIRST_MS, NOW_MS)
    assert (len(rows), rows[0].at_ms, rows[-1].at_ms) == (1000, FIRST_MS, FIRST_MS + 999 * MINUTE_MS)


def test_marks_have_no_volume(world: World) -> None:
    (row,) = told(world, Series.MARK, FIRST_MS, FIRST_MS + MINUTE_MS)
    assert row == Row(FIRST_MS, ("1000", "1002", "998", "1001"))


def test_rates_are_told_within_their_time_oldest_first(world: World) -> None:
    rows = told(world, Series.FUNDING, FIRST_MS, NOW_MS, 0)
    first_ms = -(-FIRST_MS // (8 * HOUR_MS)) * 8 * HOUR_MS
    numbers = range(1 + (first_ms != FIRST_MS), 1 + (first_ms != FIRST_MS) + len(rows))
    assert rows == [
        Row(first_ms + at * 8 * HOUR_MS, (format(D("0.0001") * number, "f"),))
        for at, number in enumerate(numbers)
    ]
    assert len(rows) in (2, 3)


def test_interest_is_told_by_the_period(world: World) -> None:
    rows = told(world, Series.INTEREST, NOW_MS - HOUR_MS, NOW_MS, 5 * MINUTE_MS)
    assert [row.at_ms for row in rows] == [NOW_MS - HOUR_MS + at * 5 * MINUTE_MS for at in range(12)]
    # A thousand coins at a mark of 100.
    assert {row.values for row in rows} == {("1000", "100000")}


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("klines", {"symbol": "BTCUSDT", "interval": "1y"}),
        ("markPriceKlines", {"symbol": "NONE", "interval": "1m"}),
        ("openInterestHist", {"symbol": "BTCUSDT", "period": "1m"}),
        ("openInterestHist", {"symbol": "BTCUSDT", "period": "5m", "startTime": NOW_MS - 31 * DAY_MS}),
    ],
)
def test_what_cannot_be_is_refused(world: World, path: str, params: dict[str, str | int]) -> None:
    request = Request(api="fapiPublic", method="GET", path=path, params=params)
    status, payload = call(BinanceWire(world, USDM), request)
    assert status == 400
    assert isinstance(payload, dict)
    assert payload["code"] < 0


def test_bars_cost_by_how_many_are_asked_for(world: World) -> None:
    wire = BinanceWire(world, USDM)
    used = []
    for limit in (99, 499, 1000, 1500):
        query = urlencode({"symbol": "BTCUSDT", "interval": "1m", "limit": limit})
        asked = Call(
            method="GET", host="fapi.binance.com", path="/fapi/v1/klines", query=query, peer="10.0.0.2"
        )
        used.append(int(wire.answer(asked).headers["x-mbx-used-weight-1m"]))
    assert used == [1, 3, 8, 18]


def test_rates_are_counted_apart_five_hundred_in_five_minutes(world: World) -> None:
    wire = BinanceWire(world, USDM)
    query = urlencode({"symbol": "BTCUSDT"})
    asked = Call(
        method="GET", host="fapi.binance.com", path="/fapi/v1/fundingRate", query=query, peer="10.0.0.3"
    )
    answers = [wire.answer(asked) for _ in range(501)]
    assert [answer.status for answer in answers[-2:]] == [200, 429]
    assert {answer.headers["x-mbx-used-weight-1m"] for answer in answers} == {"0"}


@pytest.mark.parametrize(
    ("dialect", "section"),
    [(binanceusdm.DIALECT, USDM), (binancecoinm.DIALECT, COINM)],
    ids=["usdm", "coinm"],
)
def test_the_wire_and_our_words_agree_on_what_a_section_tells(dialect: Dialect, section: object) -> None:
    assert set(dialect.history.tells) == set(Series)
    assert dialect.history.lacks == {}
    assert dialect.traits.hosts >= {getattr(section, "host")}  # noqa: B009 - a section of either kind
