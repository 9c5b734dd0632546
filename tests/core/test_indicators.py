"""Average true range by Wilder's rule, the bars it is made of, and what is kept of the market."""

from decimal import Decimal

import pytest

from bot.core.facts import BarClosed
from bot.core.markets.indicators import Atr, AtrSeries
from bot.core.markets.market import Market
from tests.building.core import BTC, ETH, D

HOUR = 3_600_000

# High, low, close. True ranges worked out by hand:
# 48.70-47.79 = 0.91; |48.72-47.79| etc.: the larger of high-low and both distances to the last close.
BARS = [
    ("48.70", "47.79", "48.16"),  # 0.91
    ("48.72", "48.14", "48.61"),  # 0.58; from 48.16: 0.56
    ("48.90", "48.39", "48.75"),  # 0.51
    ("48.87", "48.37", "48.63"),  # 0.50
    ("50.10", "49.90", "50.00"),  # a gap up: 50.10 - 48.63 = 1.47
    ("49.20", "49.00", "49.10"),  # a gap down: 50.00 - 49.00 = 1.00
]


def bars(count: int = len(BARS), symbol: object = BTC, timeframe_ms: int = HOUR) -> list[BarClosed]:
    return [
        BarClosed(
            at_ms=(i + 1) * HOUR,
            symbol=BTC if symbol is BTC else ETH,
            timeframe_ms=timeframe_ms,
            open=D(low),
            high=D(high),
            low=D(low),
            close=D(close),
        )
        for i, (high, low, close) in enumerate(BARS[:count])
    ]


def average(length: int, count: int) -> Decimal | None:
    series = AtrSeries(length)
    for bar in bars(count):
        series.update(bar)
    return series.value


@pytest.mark.parametrize(
    ("length", "count", "expected"),
    [
        (3, 2, None),
        # The mean of 0.91, 0.58 and 0.51.
        (3, 3, "0.66666667"),
        # (0.666.. * 2 + 0.50) / 3
        (3, 4, "0.61111111"),
        # (0.6111.. * 2 + 1.47) / 3
        (3, 5, "0.89740741"),
        # (0.897407.. * 2 + 1.00) / 3
        (3, 6, "0.93160494"),
        (1, 1, "0.91"),
        (1, 5, "1.47"),
        (1, 6, "1"),
        (6, 6, "0.82833333"),
        (7, 6, None),
    ],
)
def test_the_average_is_wilders(length: int, count: int, expected: str | None) -> None:
    assert average(length, count) == (None if expected is None else D(expected))


def test_what_it_says_has_eight_digits_whatever_the_price() -> None:
    series = AtrSeries(3)
    for high in ("100000", "100001", "100003"):
        series.update(
            BarClosed(
                at_ms=1,
                symbol=BTC,
                timeframe_ms=HOUR,
                open=D(90000),
                high=D(high),
                low=D(90000),
                close=D(95000),
            )
        )
    # (10000 + 10001 + 10003) / 3 = 10001.333..
    assert series.value == D("10001.333")


def test_a_length_below_one_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="at least 1"):
        AtrSeries(0)


def test_only_what_was_asked_for_is_computed_and_symbols_are_told_apart() -> None:
    market = Market([Atr(HOUR, 1), Atr(HOUR, 2), Atr(4 * HOUR, 1)])
    for bar in bars(2):
        assert market.bar(bar)
    assert market.atr(BTC, Atr(HOUR, 1)) == D("0.58")
    assert market.atr(BTC, Atr(HOUR, 2)) == D("0.745")
    assert market.atr(BTC, Atr(4 * HOUR, 1)) is None
    assert market.atr(ETH, Atr(HOUR, 1)) is None
    with pytest.raises(AssertionError, match=r"ATR\(3\) of 1h: name that in needs\(\)"):
        market.atr(BTC, Atr(HOUR, 3))
    assert market.last_bar(BTC, HOUR) == bars(2)[-1]


def test_a_late_or_repeated_bar_is_not_taken() -> None:
    market = Market([Atr(HOUR, 1)])
    first, second = bars(2)
    assert market.bar(second)
    assert not market.bar(second)
    assert not market.bar(first)
    assert market.atr(BTC, Atr(HOUR, 1)) == D("0.58")
    assert market.last_bar(BTC, HOUR) == second
