"""Swings and clusters: where the market turned, and where it turned more than once."""

from bot.core.structure import Clusters, Swings, Zone, structure_series
from bot.core.structure.clusters import clusters_of
from bot.core.structure.swings import SwingSeries
from tests.building.core import D
from tests.core.structure.bars import HOUR, bars, fed

ZIGZAG = bars(("1", "3"), ("2", "5"), ("1", "4"), ("0", "6"), ("1", "5"))


def test_a_swing_reached_farther_than_its_neighbours() -> None:
    series = fed(SwingSeries(1, 10), ZIGZAG)
    assert series.highs == (D(5), D(6))
    assert series.lows == (D(0),)


def test_it_is_known_only_once_the_bars_after_it_have_closed() -> None:
    series = SwingSeries(2, 10)
    assert fed(series, ZIGZAG[:4]).value is None
    assert fed(series, ZIGZAG[4:]).value == ()
    # The fourth bar reached 6, and neither the two before it nor the two after it did.
    fed(series, bars(("2", "4")))
    assert series.value == (Zone(D(6), D(6)),)


def test_of_several_that_reached_equally_far_the_first_is_the_swing() -> None:
    series = fed(SwingSeries(1, 10), bars(("1", "3"), ("1", "5"), ("1", "5"), ("1", "4")))
    assert series.highs == (D(5),)


def test_a_swing_is_forgotten_with_its_bar() -> None:
    series = fed(SwingSeries(1, 4), ZIGZAG)
    assert series.highs == (D(5), D(6))
    assert fed(series, bars(("1", "4"))).highs == (D(6),)


def test_a_rule_asks_for_one_kind() -> None:
    for high, found in ((True, (5, 6)), (False, (0,))):
        series = fed(structure_series(Swings(HOUR, 1, 10, high)), ZIGZAG)
        assert series.value == tuple(Zone(D(price), D(price)) for price in found)


def test_swings_that_lie_together_are_a_cluster() -> None:
    prices = [D(price) for price in ("103.2", "100", "100.5", "103", "100.4", "100.51")]
    assert clusters_of(prices, 3, D("0.005")) == (Zone(D(100), D("100.5")),)
    assert clusters_of(prices, 2, D("0.005")) == (Zone(D(100), D("100.5")), Zone(D(103), D("103.2")))
    assert clusters_of([], 2, D("0.005")) == ()


def test_highs_and_lows_count_alike_in_a_cluster() -> None:
    # Swing highs 5 and 5.1, a swing low of 5.05 between them.
    closed = bars(("2", "3"), ("2", "5"), ("2", "3"), ("6", "7"), ("5.05", "7"), ("6", "7"), ("3", "4"))
    closed += bars(("3", "5.1"), ("3", "4"))
    series = structure_series(Clusters(HOUR, 1, 20, 3, D("0.02")))
    assert series.value is None
    assert Zone(D(5), D("5.1")) in (fed(series, closed).value or ())
