"""The bands of the tripwire are sound: no mark strictly inside one changes the answer."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.margin.assess import assess
from bot.core.margin.bounds import Band, distance_bands, ratio_bands
from bot.core.margin.liquidation import distance_of
from bot.core.margin.pool import Marks, Pool
from bot.core.types import PositionId, Symbol
from tests.core.margin.pools import D, cross_pools, isolated_pools, marks_near

THRESHOLDS = [D("0.02"), D("0.05"), D("0.1"), D("0.3"), D("0.7")]


def below(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> bool:
    distance = distance_of(pool, id_, marks)
    return distance is not None and distance < threshold


def above(pool: Pool, marks: Marks, threshold: Decimal) -> bool:
    stands = assess(pool, marks)
    return stands.equity <= 0 or stands.maintenance > threshold * stands.equity


@st.composite
def inside(draw: st.DrawFn, band: Band, tick: Decimal, mark: Decimal) -> Decimal | None:
    """A mark on the tick strictly inside a band, at its edges more often than not."""
    low = int((D(0) if band.low is None else band.low) / tick) + 1
    high = int((mark * 3 if band.high is None else band.high) / tick)
    while band.high is not None and high * tick >= band.high:
        high -= 1
    if low > high:
        return None
    choice = draw(st.sampled_from(["low", "high", "near", "any"]))
    if choice == "low":
        return min(low + draw(st.integers(0, 2)), high) * tick
    if choice == "high":
        return max(high - draw(st.integers(0, 2)), low) * tick
    if choice == "near":
        return min(max(int(mark / tick) + draw(st.integers(-20, 20)), low), high) * tick
    return draw(st.integers(low, high)) * tick


def inside_all(data: st.DataObject, pool: Pool, marks: Marks, bands: Mapping[Symbol, Band]) -> Marks | None:
    """Marks inside every band, or ``None`` where a band is empty or the mark itself is outside."""
    moved: dict[Symbol, Decimal] = {}
    for holding in pool.holdings:
        symbol = holding.position.id.symbol
        if symbol in moved:
            continue
        band = bands[symbol]
        if not contains(band, marks[symbol]):
            return None
        mark = data.draw(inside(band, holding.contract.tick, marks[symbol]))
        if mark is None:
            return None
        moved[symbol] = mark
    return moved


def contains(band: Band, mark: Decimal) -> bool:
    return (band.low is None or band.low < mark) and (band.high is None or mark < band.high)


@given(st.data(), isolated_pools(), st.sampled_from(THRESHOLDS))
def test_distance_bands_of_an_isolated_position_are_sound(
    data: st.DataObject, pool: Pool, threshold: Decimal
) -> None:
    sound_distance(data, pool, threshold)


@given(st.data(), cross_pools(), st.sampled_from(THRESHOLDS))
def test_distance_bands_of_a_cross_pool_are_sound(
    data: st.DataObject, pool: Pool, threshold: Decimal
) -> None:
    sound_distance(data, pool, threshold)


@given(st.data(), cross_pools(hedged=True), st.sampled_from(THRESHOLDS))
def test_distance_bands_in_hedge_mode_are_sound(data: st.DataObject, pool: Pool, threshold: Decimal) -> None:
    sound_distance(data, pool, threshold)


def sound_distance(data: st.DataObject, pool: Pool, threshold: Decimal) -> None:
    marks = data.draw(marks_near(pool))
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    bands = distance_bands(pool, id_, marks, threshold)
    moved = inside_all(data, pool, marks, bands)
    if moved is not None:
        assert below(pool, id_, moved, threshold) is below(pool, id_, marks, threshold)


@given(st.data(), st.one_of(isolated_pools(), cross_pools(), cross_pools(hedged=True)))
def test_ratio_bands_are_sound(data: st.DataObject, pool: Pool) -> None:
    threshold = data.draw(st.sampled_from([D("0.2"), D("0.5"), D("0.8"), D(1)]))
    marks = data.draw(marks_near(pool))
    moved = inside_all(data, pool, marks, ratio_bands(pool, marks, threshold))
    if moved is not None:
        assert above(pool, moved, threshold) is above(pool, marks, threshold)
