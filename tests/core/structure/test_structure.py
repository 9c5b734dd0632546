"""What holds for everything that is found in bars: extremes, swings, clusters, nodes."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.facts import BarClosed
from bot.core.markets.market import Market
from bot.core.structure import (
    Clusters,
    Extremes,
    Nodes,
    Structure,
    Swings,
    Zone,
    behind,
    edge_behind,
    structure_series,
)
from tests.building.core import BTC, ETH, T0, D
from tests.core.structure.bars import HOUR, bars, fed

SPECS: Sequence[tuple[Structure, int]] = [
    (Extremes(HOUR, 5), 5),
    (Swings(HOUR, 2, 9, high=True), 9 + 4),
    (Swings(HOUR, 2, 9, high=False), 9 + 4),
    (Clusters(HOUR, 1, 12, 2, D("0.01")), 12 + 2),
    (Nodes(HOUR, 6, D("0.01"), D("1.2")), 6),
]
"""Each with how many of the last bars it depends on."""

prices = st.decimals("90", "110", places=1)


@st.composite
def some_bars(draw: st.DrawFn) -> list[BarClosed]:
    closed = []
    for at in range(draw(st.integers(20, 40))):
        low, high = sorted((draw(prices), draw(prices)))
        close = draw(st.sampled_from([low, high]))
        volume = draw(st.none() | st.decimals("0", "50", places=2)) if at < 5 else Decimal(at % 7)
        closed.append(BarClosed(T0 + at * HOUR, BTC, HOUR, low, high, low, close, volume))
    return closed


@pytest.mark.parametrize(("spec", "last"), SPECS)
@settings(max_examples=8)
@given(closed=some_bars())
def test_a_restart_that_reads_the_last_bars_again_finds_the_same(
    spec: Structure, last: int, closed: list[BarClosed]
) -> None:
    assert fed(structure_series(spec), closed).value == fed(structure_series(spec), closed[-last:]).value


@settings(max_examples=15)
@given(closed=some_bars(), length=st.integers(1, 12))
def test_extremes_are_the_highest_and_the_lowest_of_the_last_bars(
    closed: list[BarClosed], length: int
) -> None:
    series = structure_series(Extremes(HOUR, length))
    for count, bar in enumerate(closed, 1):
        series.update(bar)
        window = closed[:count][-length:]
        whole = (Zone(min(b.low for b in window), max(b.high for b in window)),)
        assert series.value == (whole if count >= length else None)


def test_the_nearest_zone_that_is_far_enough_away_is_the_one_to_hide_behind() -> None:
    zones = (Zone(D(90), D(91)), Zone(D(97), D(99)), Zone(D(103), D(104)), Zone(D(109), D(110)))
    assert behind(zones, D(100), +1, D(2)) == Zone(D(97), D(99))
    assert behind(zones, D(100), +1, D("3.1")) == Zone(D(90), D(91))
    assert behind(zones, D(100), -1, D(4)) == Zone(D(103), D(104))
    assert behind(zones, D(100), -1, D("4.1")) == Zone(D(109), D(110))
    assert behind(zones, D(90), +1, D(1)) is None
    assert behind((), D(100), +1, D(1)) is None


def test_a_stop_hides_behind_the_far_edge_of_a_zone() -> None:
    zones = (Zone(D(97), D(99)), Zone(D(103), D(104)))
    assert edge_behind(zones, D(100), +1, D(2)) == 97
    assert edge_behind(zones, D(100), -1, D(4)) == 104
    assert edge_behind(zones, D(100), +1, D("3.1")) is None


def test_a_market_finds_what_was_declared_for_each_symbol_and_nothing_else() -> None:
    spec = Extremes(HOUR, 1)
    market = Market([], structures=[spec])
    assert market.zones(BTC, spec) is None
    for bar in bars(("1", "2"), ("3", "4")):
        assert market.bar(bar)
    assert market.zones(BTC, spec) == (Zone(D(3), D(4)),)
    assert market.zones(ETH, spec) is None
    with pytest.raises(AssertionError, match=r"name that in needs\(\)"):
        market.zones(BTC, Extremes(HOUR, 2))
