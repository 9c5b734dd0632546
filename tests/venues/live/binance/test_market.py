"""Marks, funding and bars by REST."""

from typing import Any

import pytest

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.types import Symbol
from tests.venues.live.binance.recorded import (
    BTC,
    COIN,
    COINM,
    USDM,
    D,
    btc,
    coin,
    coin_listing,
    frame,
    listing,
)

WEEK_MS = 604_800_000


def test_marks_and_funding_come_together() -> None:
    facts = USDM.reading.market([frame("premium index")], listing())
    at_ms = 1597370495002
    assert facts == [
        FundingRate(at_ms=at_ms, symbol=BTC, rate=D("0.00038246"), next_ms=1597392000000),
        MarkPrice(at_ms=at_ms, symbol=BTC, price=D("11793.63104562")),
    ]
    assert USDM.reading.market([frame("premium index")[0]], listing()) == facts


def test_a_quarterly_has_a_mark_and_no_funding() -> None:
    facts = COINM.reading.market([frame("premium index", "binancecoinm")], coin_listing())
    assert [type(fact) for fact in facts] == [FundingRate, MarkPrice, MarkPrice]
    assert facts[-1] == MarkPrice(
        at_ms=1596094042000, symbol=Symbol("BTC/USD:BTC-200925"), price=D("12077.01343750")
    )


def test_one_symbol_costs_one_and_all_cost_ten() -> None:
    (one,) = USDM.reading.market_requests([btc()])
    (every,) = COINM.reading.market_requests([coin(), *coin_listing().by_id.values()])
    assert (one.params, one.weight) == ({"symbol": "BTCUSDT"}, 1)
    assert (every.params, every.weight) == ({}, 10)


@pytest.mark.parametrize(
    "changes",
    [{"markPrice": "nan"}, {"markPrice": "-1"}, {"time": None}, {"lastFundingRate": "7"}, {"symbol": "XYZ"}],
)
def test_a_row_that_makes_no_sense_is_left_out(changes: dict[str, Any]) -> None:
    assert USDM.reading.market([[frame("premium index")[0] | changes]], listing()) == []


def test_an_error_in_place_of_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="marks"):
        USDM.reading.market([frame("error")], listing())


def test_bars_close_where_the_next_ones_open_and_the_open_one_is_left_out() -> None:
    first = frame("klines")[0]
    second = [first[0] + 3_600_000, *first[1:]]
    now_ms = first[0] + 2 * 3_600_000 - 1
    assert USDM.reading.bars(btc(), 3_600_000, [second, first], now_ms) == [
        BarClosed(
            at_ms=first[0] + 3_600_000,
            symbol=BTC,
            timeframe_ms=3_600_000,
            open=D("0.01634790"),
            high=D("0.80000000"),
            low=D("0.01575800"),
            close=D("0.01577100"),
            volume=D("148976.11427815"),
        )
    ]
    assert len(USDM.reading.bars(btc(), 3_600_000, [second, first], now_ms + 1)) == 2


@pytest.mark.parametrize(
    "row", [[], [None, "1", "1", "1", "1"], [1, "1", "0.5", "1", "1"], [1, "1", "nan", "1", "1"], None, {}]
)
def test_a_bar_that_makes_no_sense_spoils_the_bars(row: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        USDM.reading.bars(btc(), 60_000, [row], 10**13)


@pytest.mark.parametrize(
    ("count", "limit", "weight"), [(50, 50, 1), (200, 200, 2), (1000, 1000, 5), (9000, 1500, 10)]
)
def test_bars_cost_by_their_number(count: int, limit: int, weight: int) -> None:
    request = USDM.reading.bars_request(btc(), 900_000, count)
    assert request.params == {"symbol": "BTCUSDT", "interval": "15m", "limit": limit}
    assert request.weight == weight


def test_weeks_that_begin_elsewhere_are_refused() -> None:
    with pytest.raises(ValueError, match="1w"):
        COINM.reading.bars_request(coin(), WEEK_MS, 10)


def test_marks_of_coin_m_are_asked_for_by_its_symbol() -> None:
    (one,) = COINM.reading.market_requests([coin()])
    assert one.params == {"symbol": "BTCUSD_PERP"}
    assert coin().symbol == COIN
