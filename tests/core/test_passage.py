"""The probability of reaching a price: against closed forms, against counting, and against what happened."""

from collections.abc import Iterable
from decimal import Decimal
from math import exp, pi, sqrt
from pathlib import Path
from random import Random

import pytest

from bot.core.facts import BarClosed
from bot.core.markets.passage import Passage, PassageSeries, first_passage
from bot.core.types import Symbol
from bot.lab.calibration import bars_of, brier, cases, classes
from bot.lab.tapes import read_tape
from tests.building import MINUTE_MS, START_MS, a_tape

D = Decimal
HOUR = 3_600_000
DAY = 24 * HOUR
BTC = Symbol("BTC/USDT:USDT")


def a_bar(at: int, opened: float, high: float, low: float, close: float) -> BarClosed:
    prices = (D(f"{price:.4f}") for price in (opened, high, low, close))
    return BarClosed(at * HOUR, BTC, HOUR, *prices)


def wandering(count: int, seed: int = 1, first: int = 1, deviation: float = 0.005) -> list[BarClosed]:
    """Bars of a random walk whose steps are normal, each with sixty steps inside."""
    random, price, bars = Random(seed), 100.0, []
    for at in range(first, first + count):
        path = [price]
        for _ in range(60):
            path.append(path[-1] * exp(random.gauss(0, deviation / sqrt(60))))
        bars.append(a_bar(at, price, max(path), min(path), path[-1]))
        price = path[-1]
    return bars


def after(bars: Iterable[BarClosed], horizon_ms: int = DAY) -> PassageSeries:
    series = PassageSeries(Passage(horizon_ms))
    for bar in bars:
        series.update(bar)
    return series


# -- the closed form --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("barrier", "deviation", "drift"), [(1, 1, 0), (1, 1, 0.5), (1, 1, -0.5), (0.1, 0.05, 0.02), (2, 0.7, 3)]
)
def test_the_first_passage_is_the_integral_of_its_density(
    barrier: float, deviation: float, drift: float
) -> None:
    steps, total = 20_000, 0.0
    for step in range(steps):
        t = (step + 0.5) / steps
        density = barrier / (deviation * sqrt(2 * pi * t**3))
        total += density * exp(-((barrier - drift * t) ** 2) / (2 * deviation**2 * t)) / steps
    assert first_passage(barrier, deviation, drift) == pytest.approx(total, abs=1e-6)


def test_without_drift_it_is_twice_the_share_of_a_normal_distribution() -> None:
    assert first_passage(1, 1) == pytest.approx(0.317310507863, abs=1e-12)
    assert first_passage(3, 1) == pytest.approx(0.002699796063, abs=1e-12)


def test_what_cannot_be_computed_directly_is_still_between_nothing_and_certainty() -> None:
    assert first_passage(1, 1e-6, 0.5) == 0
    assert first_passage(1, 1e-6, 2) == 1
    assert first_passage(1, 0.0, 0.5) == 0
    assert first_passage(1, 0.0, 1) == 1
    assert first_passage(1e-9, 1, 50) == pytest.approx(1)


# -- the series -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("horizon_ms", "timeframe_ms", "length"),
    [
        (HOUR, 300_000, 12),
        (4 * HOUR, 900_000, 16),
        (DAY, HOUR, 24),
        (7 * DAY, 4 * HOUR, 42),
        (60_000, 60_000, 1),
    ],
)
def test_a_horizon_is_counted_over_the_longest_bars_of_which_it_holds_twelve(
    horizon_ms: int, timeframe_ms: int, length: int
) -> None:
    spec = Passage(horizon_ms)
    assert (spec.timeframe_ms, spec.length) == (timeframe_ms, length)


def test_nothing_is_said_before_thirty_bars_have_closed() -> None:
    assert after(wandering(30)).probability(D("0.01"), falling=True) is None
    assert after(wandering(30)).distance(D("0.1"), falling=True) is None
    series = after(wandering(31))
    assert series.probability(D("0.01"), falling=True) is not None
    assert series.value == pytest.approx(D("0.0245"), rel=D("0.2"))


def test_in_a_market_that_wanders_it_is_near_the_closed_form() -> None:
    series = after(wandering(1_500))
    deviation = 0.005 * sqrt(24)
    for distance in ("0.01", "0.02", "0.03", "0.05"):
        for falling in (True, False):
            said = series.probability(D(distance), falling=falling)
            assert said is not None
            assert float(said) == pytest.approx(first_passage(float(distance), deviation), abs=0.07)


def test_farther_is_never_likelier_and_drift_never_makes_it_less_likely() -> None:
    series = after(wandering(200))
    said = [series.probability(D(part) / 500, falling=True) for part in range(60)]
    assert said == sorted(said, key=lambda each: -(each or 0))
    assert said[0] == 1
    drifting = [
        series.probability(D("0.03"), falling=True, drift=D(d)) for d in ("0", "0.002", "0.02", "0.04")
    ]
    assert drifting == sorted(drifting, key=lambda each: each or 0)


def test_the_distance_of_a_probability_is_where_it_is_crossed() -> None:
    series = after(wandering(400))
    for probability in (D("0.01"), D("0.1"), D("0.5")):
        for falling in (True, False):
            edge = series.distance(probability, falling=falling)
            assert edge is not None
            nearer = series.probability(edge * D("0.9999"), falling=falling)
            farther = series.probability(edge * D("1.0001"), falling=falling)
            assert nearer is not None
            assert farther is not None
            assert farther <= probability <= nearer


def test_a_fall_that_happened_before_makes_the_next_one_likelier_and_no_rise() -> None:
    calm = wandering(300)
    price = float(calm[-1].close)
    crash = [a_bar(301, price, price, price * 0.8, price * 0.99)]
    later = wandering(200, seed=5, first=302)
    scale = price * 0.99 / 100
    rest = [a_bar(b.at_ms // HOUR, *(float(p) * scale for p in b[3:7])) for b in later]
    without, with_crash = after(calm + wandering(201, seed=5, first=301)), after(calm + crash + rest)

    def said(series: PassageSeries, *, falling: bool) -> Decimal:
        found = series.probability(D("0.15"), falling=falling)
        assert found is not None
        return found

    assert said(with_crash, falling=True) > 2 * said(without, falling=True)


def test_the_unit_of_the_price_does_not_matter() -> None:
    bars = wandering(300)
    thousandfold = [a_bar(b.at_ms // HOUR, *(float(p) * 1_000 for p in b[3:7])) for b in bars]
    assert after(bars).probability(D("0.03"), falling=True) == after(thousandfold).probability(
        D("0.03"), falling=True
    )


def test_a_stretch_with_a_gap_in_it_is_left_out() -> None:
    bars = wandering(300)
    price = float(bars[-1].close)
    jump = [a_bar(302, price / 2, price / 2, price / 2, price / 2)]
    assert after(bars + jump).probability(D("0.3"), falling=True) == after(bars).probability(
        D("0.3"), falling=True
    )


def test_a_market_that_does_not_move_gives_no_answer() -> None:
    still = [a_bar(at, 100, 100, 100, 100) for at in range(1, 60)]
    assert after(still).probability(D("0.01"), falling=True) is None


def test_what_is_out_of_reach_by_its_nature_has_no_probability() -> None:
    series = after(wandering(100))
    assert series.probability(D("Infinity"), falling=False) == 0
    assert series.probability(D(1), falling=True) == 0
    assert series.probability(D(0), falling=True) == 1
    assert series.probability(D("-0.1"), falling=True) == 1


def test_a_calibration_counts_what_was_said_and_what_was_seen() -> None:
    found = list(cases(wandering(400), Passage(DAY)))
    assert found
    table = classes(found)
    assert sum(each.cases for each in table) == len(found)
    assert all(float(each.low) <= each.said <= float(each.high) for each in table)
    nearest, farthest = table[-1], table[0]
    assert nearest.seen > farthest.seen
    assert 0 < brier(found) < 0.25


def test_the_bars_of_a_tape_are_those_that_a_rule_would_be_told() -> None:
    tape = a_tape([(100, 110, 90, 105), (105, 106, 104, 104)], BTC, exponent=1)
    assert [(bar.at_ms - START_MS, *bar[3:7]) for bar in bars_of(tape, MINUTE_MS)] == [
        (MINUTE_MS, D("10"), D("11"), D("9"), D("10.5")),
        (2 * MINUTE_MS, D("10.5"), D("10.6"), D("10.4"), D("10.4")),
    ]


# -- what happened ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "horizon_ms"),
    [
        ("ETHUSDT_binance_perp_1h.parquet", DAY),
        ("BTCUSDT_binance_perp_5m.parquet", DAY),
        ("BTCUSDT_binance_perp_5m.parquet", 8 * HOUR),
        ("XBTUSD_bitmex_perp_1m_2020-2022.parquet", DAY),
    ],
)
def test_of_the_cases_given_so_much_about_as_many_came_about(
    shared: Path, name: str, horizon_ms: int
) -> None:
    spec = Passage(horizon_ms)
    tape = read_tape(shared / "data" / "long" / name, symbol_map={})
    found = list(cases(bars_of(tape, spec.timeframe_ms), spec))
    for each in classes(found):
        if each.cases > 400 and each.said > 0.02:
            assert each.seen == pytest.approx(each.said, rel=0.2, abs=0.005), each
    assert brier(found) < 0.16
