"""What each exchange is asked about its past, and how its answers read, which are those of its pages."""

from collections.abc import Mapping
from typing import Any

import ccxt.async_support
import pytest

from bot.venues.live.dialect import Dialect
from bot.venues.live.history import Asked, Market, Row, Series, bar_row, market_of
from bot.venues.live.registry import NAMES, dialect
from bot.venues.live.wire import Param, Request

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
FIVE_MS = 5 * MINUTE_MS
INFOS: Mapping[str, Mapping[str, str]] = {
    "binancecoinm": {"pair": "BTCUSD", "contractType": "PERPETUAL"},
    "bybit": {"contractType": "LinearPerpetual"},
}
IDS = {
    "binanceusdm": "BTCUSDT",
    "binancecoinm": "BTCUSD_PERP",
    "bybit": "BTCUSDT",
    "okx": "BTC-USDT-SWAP",
    "xt": "btc_usdt",
}
TOLD = [(name, series) for name in NAMES for series in dialect(name).history.tells]


def asked(name: str, series: Series, rows: int = 2) -> Asked:
    """Rows of a series of BTC: minutes, five minutes of interest, or hours of funding."""
    step_ms = {Series.FUNDING: 0, Series.INTEREST: FIVE_MS}.get(series, MINUTE_MS)
    market = Market(
        symbol="BTC/USDT:USDT", id=IDS[name], inverse=False, dated=False, info=INFOS.get(name, {})
    )
    end_ms = START_MS + rows * (step_ms or HOUR_MS)
    return Asked(series=series, market=market, timeframe_ms=step_ms, start_ms=START_MS, end_ms=end_ms)


def endpoints(name: str, request: Request) -> Mapping[str, Any]:
    """What ccxt lists of a section."""
    found = getattr(ccxt.async_support, dialect(name).traits.ccxt_id)().describe()["api"]
    for part in (request.api,) if isinstance(request.api, str) else request.api:
        found = found[part]
    return dict(found[request.method.lower()])


@pytest.mark.parametrize(("name", "series"), TOLD)
def test_each_request_is_one_that_ccxt_knows_and_a_window_that_the_gate_has(
    name: str, series: Series
) -> None:
    of = dialect(name)
    request = of.history.request(asked(name, series))
    assert request.path in endpoints(name, request)
    window = of.traits.windows[request.window]
    assert request.weight <= window.capacity // 2 - window.reserve


@pytest.mark.parametrize("name", NAMES)
def test_each_series_is_told_or_lacking_with_a_reason(name: str) -> None:
    history = dialect(name).history
    assert set(history.tells) | set(history.lacks) == set(Series)
    assert not set(history.tells) & set(history.lacks)
    assert all(history.lacks.values())


LAST_MS = START_MS + 2 * MINUTE_MS - 1
ENDS: Mapping[tuple[str, Series], Mapping[str, Param]] = {
    ("binanceusdm", Series.BARS): {"startTime": START_MS, "endTime": LAST_MS},
    ("binancecoinm", Series.MARK): {"startTime": START_MS, "endTime": LAST_MS},
    ("bybit", Series.BARS): {"start": START_MS, "end": LAST_MS},
    ("okx", Series.MARK): {"before": str(START_MS - 1), "after": str(LAST_MS + 1)},
    ("xt", Series.BARS): {"startTime": START_MS, "endTime": LAST_MS},
    ("bybit", Series.FUNDING): {"startTime": START_MS, "endTime": START_MS + 2 * HOUR_MS - 1},
    ("okx", Series.INTEREST): {"begin": str(START_MS - 1), "end": str(START_MS + 2 * FIVE_MS)},
    ("binancecoinm", Series.INTEREST): {"pair": "BTCUSD", "contractType": "PERPETUAL", "period": "5m"},
}


@pytest.mark.parametrize(("name", "series"), ENDS)
def test_both_ends_are_named_as_the_exchange_counts_them(name: str, series: Series) -> None:
    params = dialect(name).history.request(asked(name, series)).params
    assert {**params, **ENDS[name, series]} == params


BYBIT = {"retCode": 0, "retMsg": "OK", "result": {"symbol": "BTCUSDT", "category": "linear"}}
ANSWERS: list[tuple[str, Series, Any, list[Row]]] = [
    (
        "binanceusdm",
        Series.BARS,
        [[START_MS, "37000.10", "37100.00", "36900.00", "37050.50", "123.450", START_MS + 59_999, "0", 99]],
        [Row(START_MS, ("37000.1", "37100", "36900", "37050.5", "123.45"))],
    ),
    (
        "binanceusdm",
        Series.FUNDING,
        [
            {
                "symbol": "BTCUSDT",
                "fundingRate": "-0.03750000",
                "fundingTime": START_MS,
                "markPrice": "34287.5",
            }
        ],
        [Row(START_MS, ("-0.0375",))],
    ),
    (
        "binancecoinm",
        Series.INTEREST,
        [{"pair": "BTCUSD", "contractType": "PERPETUAL", "sumOpenInterest": "20403", "timestamp": START_MS}],
        [Row(START_MS, ("20403",))],
    ),
    (
        "bybit",
        Series.BARS,
        BYBIT
        | {"result": {"list": [[str(START_MS), "17071", "17073", "17027", "17055.5", "268611", "15.74"]]}},
        [Row(START_MS, ("17071", "17073", "17027", "17055.5", "268611"))],
    ),
    (
        "bybit",
        Series.MARK,
        BYBIT | {"result": {"list": [[str(START_MS), "17071", "17073", "17027", "17055.5"]]}},
        [Row(START_MS, ("17071", "17073", "17027", "17055.5"))],
    ),
    (
        "bybit",
        Series.FUNDING,
        BYBIT | {"result": {"list": [{"fundingRate": "0.0001", "fundingRateTimestamp": str(START_MS)}]}},
        [Row(START_MS, ("0.0001",))],
    ),
    (
        "bybit",
        Series.INTEREST,
        BYBIT | {"result": {"list": [{"openInterest": "461134384.00000000", "timestamp": str(START_MS)}]}},
        [Row(START_MS, ("461134384",))],
    ),
    (
        "okx",
        Series.BARS,
        {
            "code": "0",
            "data": [
                [str(START_MS + MINUTE_MS), "3.7", "3.8", "3.6", "3.7", "5", "5", "5", "0"],
                [str(START_MS), "3.721", "3.743", "3.677", "3.708", "8422410", "22698348.04", "12698", "1"],
            ],
        },
        [Row(START_MS, ("3.721", "3.743", "3.677", "3.708", "22698348.04"))],
    ),
    (
        "okx",
        Series.MARK,
        {"code": "0", "data": [[str(START_MS), "3.721", "3.743", "3.677", "3.708", "1"]]},
        [Row(START_MS, ("3.721", "3.743", "3.677", "3.708"))],
    ),
    (
        "okx",
        Series.FUNDING,
        {
            "code": "0",
            "data": [{"fundingRate": "0.018", "realizedRate": "0.017", "fundingTime": str(START_MS)}],
        },
        [Row(START_MS, ("0.017",))],
    ),
    (
        "okx",
        Series.INTEREST,
        {"code": "0", "data": [[str(START_MS), "2800476.45", "28006.5419", "2360916466.88"]]},
        [Row(START_MS, ("28006.5419", "2360916466.88"))],
    ),
    (
        "xt",
        Series.BARS,
        {
            "returnCode": 0,
            "result": [
                {"t": START_MS, "o": "22450.0", "c": "22441.5", "h": "22450.0", "l": "22441.5", "a": "312931"}
            ],
        },
        [Row(START_MS, ("22450", "22450", "22441.5", "22441.5", "312931"))],
    ),
    (
        "xt",
        Series.FUNDING,
        {
            "returnCode": 0,
            "result": {
                "hasPrev": False,
                "hasNext": False,
                "items": [{"id": "210441653482221888", "fundingRate": "0.000057", "createdTime": START_MS}],
            },
        },
        [Row(START_MS, ("0.000057",))],
    ),
]


@pytest.mark.parametrize(("name", "series", "payload", "rows"), ANSWERS)
def test_an_answer_reads_as_rows_in_its_own_digits(
    name: str, series: Series, payload: object, rows: list[Row]
) -> None:
    assert dialect(name).history.rows(asked(name, series), payload) == rows


@pytest.mark.parametrize(("name", "series"), TOLD)
@pytest.mark.parametrize(
    "payload", [None, {}, [["x"]], {"result": {"list": [["1"]]}}, {"data": [["1"]]}, [{}]]
)
def test_an_answer_that_makes_no_sense_is_said_and_never_guessed_at(
    name: str, series: Series, payload: object
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        dialect(name).history.rows(asked(name, series), payload)


def test_xt_reads_back_page_by_page_until_what_was_asked_for_begins() -> None:
    history: Dialect = dialect("xt")
    request = history.history.request(asked("xt", Series.FUNDING))

    def page(created_ms: int, *, more: bool) -> dict[str, Any]:
        items = [{"id": "77", "fundingRate": "0.0001", "createdTime": created_ms}]
        return {"returnCode": 0, "result": {"hasNext": more, "items": items}}

    further = request.after(page(START_MS + HOUR_MS, more=True))
    assert further is not None
    assert further.params == {"symbol": "btc_usdt", "limit": 100, "id": "77", "direction": "NEXT"}
    assert request.after(page(START_MS + HOUR_MS, more=False)) is None
    assert request.after(page(START_MS - 1, more=True)) is None


@pytest.mark.parametrize(
    "prices", [("1", "0.9", "0.8", "1"), ("1", "2", "1.5", "1"), ("1", "2", "x", "1"), ("0",) * 4]
)
def test_prices_that_do_not_go_together_are_no_bar(prices: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="bar"):
        bar_row(START_MS, prices)


def test_a_market_of_ccxt_is_named_by_its_own_row() -> None:
    listed = {
        "symbol": "BTC/USD:BTC-261225",
        "id": "BTCUSD_261225",
        "inverse": True,
        "expiry": 1_798_156_800_000,
        "created": 1_700_000_000_000,
        "info": {"pair": "BTCUSD"},
    }
    found = market_of(listed)
    assert (found.id, found.inverse, found.dated, found.listed_ms) == (
        "BTCUSD_261225",
        True,
        True,
        1_700_000_000_000,
    )
    assert market_of({"symbol": "BTC/USDT:USDT", "id": "BTCUSDT"}).listed_ms == 0
