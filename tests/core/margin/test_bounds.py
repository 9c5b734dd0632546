"""The bands of the tripwire are sound: no mark strictly inside one changes the answer."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.contracts import ContractKind
from bot.core.margin.assess import assess
from bot.core.margin.bounds import Band
from bot.core.margin.liquidation import danger_below, distance_of, exact_liquidation_price
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.rules import MaintenanceAt
from bot.core.types import PositionId, Side, Symbol
from tests.core.margin.boxes import distance_bands, liquidation_bands, ratio_bands
from tests.core.margin.pools import (
    D,
    a_contract,
    a_position,
    cross,
    cross_pools,
    flat,
    isolated,
    isolated_pools,
    marks_near,
    progressive,
    some_rules,
)

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


@given(st.data(), st.one_of(cross_pools(), cross_pools(hedged=True)))
def test_bands_of_a_liquidation_price_are_sound(data: st.DataObject, pool: Pool) -> None:
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    marks = data.draw(marks_near(pool))
    now = exact_liquidation_price(pool, id_, marks)
    assume(now is not None)
    assert now is not None
    contract = pool.holding(id_).contract
    price = contract.price_up(now * data.draw(st.sampled_from([D("0.9"), D("0.99"), D("1.01"), D("1.2")])))
    bands = liquidation_bands(pool, id_, marks, price)
    moved = inside_all(data, pool, marks, bands)
    if moved is not None:
        then = exact_liquidation_price(pool, id_, moved)
        # No liquidation price is one beyond the end of the scale, on the side the danger is on.
        above = (now > price and not danger_below(pool, id_, marks)) if then is None else then > price
        assert above is (now > price)


@given(st.data(), cross_pools(kinds=(ContractKind.INVERSE,)))
def test_where_a_short_in_coins_has_no_liquidation_price_it_gets_none_within_its_bands(
    data: st.DataObject, pool: Pool
) -> None:
    pool = replace(pool, wallet=pool.wallet * data.draw(st.integers(1, 8)))
    shorts = [h.position.id for h in pool.holdings if h.position.id.side is Side.SHORT]
    assume(shorts)
    id_ = data.draw(st.sampled_from(shorts))
    marks = data.draw(marks_near(pool))
    moved = inside_all(data, pool, marks, liquidation_bands(pool, id_, marks, D("Infinity")))
    if moved is not None:
        now, then = (exact_liquidation_price(pool, id_, at) for at in (marks, moved))
        assert (now is None) is (then is None)


def test_the_band_of_an_isolated_long_ends_where_the_distance_does() -> None:
    pool = isolated(a_position(), a_contract(rules=some_rules(maintenance_at=MaintenanceAt.ENTRY)), D(10))
    id_ = pool.holdings[0].position.id
    # Liquidation is at 91, so the distance is 5 % at 91 / 0.95 = 95.789.
    bands = distance_bands(pool, id_, {id_.symbol: D(100)}, D("0.05"))
    assert bands == {id_.symbol: Band(D("95.8"), None)}
    bands = distance_bands(pool, id_, {id_.symbol: D(93)}, D("0.05"))
    assert bands == {id_.symbol: Band(None, D("95.7"))}
    assert liquidation_bands(pool, id_, {id_.symbol: D(100)}, D(91)) == {id_.symbol: Band(None, None)}


def test_the_band_of_one_cross_position_is_as_tight_within_a_tick() -> None:
    for side in Side:
        alone = isolated(a_position(side), a_contract(), D(10))
        same = cross(D(10), (a_position(side), a_contract()))
        marks = {a_position().id.symbol: D(100)}
        id_ = alone.holdings[0].position.id
        tight = distance_bands(alone, id_, marks, D("0.05"))[id_.symbol]
        found = distance_bands(same, id_, marks, D("0.05"))[id_.symbol]
        one, other = (tight.low, found.low) if side is Side.LONG else (tight.high, found.high)
        assert one is not None
        assert other is not None
        assert abs(one - other) <= D("0.2")


def test_the_exchange_itself_wakes_at_liquidation() -> None:
    pool = cross(D(10), (a_position(), a_contract()))
    id_ = pool.holdings[0].position.id
    # 10 + L - 100 = 0.01 L: L = 90.909, and the tick above is the first mark that is safe.
    assert ratio_bands(pool, {id_.symbol: D(100)}, D(1)) == {id_.symbol: Band(D("91.0"), None)}
    assert ratio_bands(pool, {id_.symbol: D(80)}, D(1)) == {id_.symbol: Band(None, D("90.9"))}
    alone = isolated(a_position(Side.SHORT), a_contract(), D(10))
    short = alone.holdings[0].position.id
    assert ratio_bands(alone, {short.symbol: D(100)}, D(1)) == {short.symbol: Band(None, D("108.9"))}


def asks_always(pool: Pool, marks: Marks, threshold: str = "0.05") -> bool:
    bands = distance_bands(pool, pool.holdings[0].position.id, marks, D(threshold))
    return all(band == Band(marks[symbol], marks[symbol]) for symbol, band in bands.items())


def test_equal_legs_need_an_evaluation_only_where_both_keep_too_much() -> None:
    pool = cross(D(50), (a_position(), a_contract()), (a_position(Side.SHORT), a_contract()))
    id_ = pool.holdings[0].position.id
    # Liquidation is at 50 / 0.02 = 2500, whose distance is 5 % at 2380.95.
    far = distance_bands(pool, id_, {id_.symbol: D(100)}, D("0.05"))[id_.symbol]
    near = distance_bands(pool, id_, {id_.symbol: D(2400)}, D("0.05"))[id_.symbol]
    assert (far.low, near.high) == (None, None)
    assert far.high is not None
    assert near.low is not None
    assert D("2380.8") <= far.high <= D("2380.9") < near.low <= D("2381.1")


def test_a_long_without_a_liquidation_price_never_needs_an_evaluation() -> None:
    pool = isolated(a_position(), a_contract(), D(100))
    id_ = pool.holdings[0].position.id
    assert distance_bands(pool, id_, {id_.symbol: D(100)}, D("0.05")) == {id_.symbol: Band(None, None)}


def test_what_the_lines_do_not_answer_is_asked_every_time() -> None:
    long, short = a_position(quantity=D(2)), a_position(Side.SHORT)
    marks = {long.id.symbol: D(100)}
    netting = a_contract(rules=some_rules(netting=True))
    inverse = a_contract(kind=ContractKind.INVERSE, rules=some_rules(maintenance_at=MaintenanceAt.MARK))
    assert asks_always(cross(D(50), (long, netting), (short, netting)), marks)
    assert asks_always(cross(D(50), (long, inverse)), marks)
    assert asks_always(cross(D(50), (long, a_contract())), marks, "1.5")
    assert asks_always(cross(D(50), (long, a_contract(tick=D(99)))), marks, "0.7")
    nets = cross(D(50), (long, netting), (short, netting))
    assert ratio_bands(nets, marks, D(1)) == {long.id.symbol: Band(D(100), D(100))}
    assert liquidation_bands(nets, long.id, marks, D(90)) == {long.id.symbol: Band(D(100), D(100))}


def test_a_pool_on_the_edge_is_asked_every_time() -> None:
    pool = cross(D(1), (a_position(), a_contract()))
    id_ = pool.holdings[0].position.id
    assert ratio_bands(pool, {id_.symbol: D(100)}, D(1)) == {id_.symbol: Band(D(100), D(100))}


def test_a_jump_of_flat_tiers_ends_the_band() -> None:
    tiers = flat([D(110)], [D("0.01"), D("0.2")])
    contract = a_contract(tiers=tiers, rules=some_rules(tier_deduction=False))
    pool = isolated(a_position(Side.SHORT), contract, D(20))
    id_ = pool.holdings[0].position.id
    assert ratio_bands(pool, {id_.symbol: D(100)}, D(1)) == {id_.symbol: Band(None, D(110))}


def test_an_edge_of_flat_tiers_before_the_threshold_is_asked_every_time() -> None:
    # In the upper tier liquidation is at 100, nearer than the threshold, though equity is fine below 95.
    tiers = flat([D(95)], [D("0.01"), D("0.2")])
    contract = a_contract(tiers=tiers, rules=some_rules(tier_deduction=False))
    pool = isolated(a_position(), contract, D(20))
    marks = {pool.holdings[0].position.id.symbol: D(110)}
    assert below(pool, pool.holdings[0].position.id, marks, D("0.2"))
    assert asks_always(pool, marks, "0.2")


def test_a_coarse_tick_tightens_the_band() -> None:
    # Liquidation is at 90.909, rounded to 91: half the mark reaches it at 182.
    pool = cross(D(10), (a_position(), a_contract(tick=D(1))))
    id_ = pool.holdings[0].position.id
    assert distance_bands(pool, id_, {id_.symbol: D(200)}, D("0.5")) == {id_.symbol: Band(D(182), None)}


def test_rounding_tightens_the_band_of_a_frozen_requirement() -> None:
    # At 185 liquidation is 90.155 + 1.85 = 92.005, rounded to 93: nearer than half the mark.
    rules = some_rules(maintenance_at=MaintenanceAt.MARK)
    pool = cross(D("9.845"), (a_position(), a_contract(tick=D(1), rules=rules)))
    id_ = pool.holdings[0].position.id
    low = distance_bands(pool, id_, {id_.symbol: D(200)}, D("0.5"))[id_.symbol].low
    assert below(pool, id_, {id_.symbol: D(185)}, D("0.5"))
    assert low is not None
    assert 185 <= low <= 188


def test_nearly_equal_legs_are_asked_before_either_price() -> None:
    long, short = a_position(quantity=D("1.01")), a_position(Side.SHORT)
    pool = cross(D(5), (long, a_contract()), (short, a_contract()))
    # 5 + 0.01 (L - 100) = 0.0201 L at 396.04, five per cent away at 377.18.
    band = distance_bands(pool, long.id, {long.id.symbol: D(100)}, D("0.05"))[long.id.symbol]
    assert band.low is None
    assert band.high is not None
    assert D("377.0") <= band.high <= D("377.1")
    assert liquidation_bands(pool, long.id, {long.id.symbol: D(100)}, D(90)) == {
        long.id.symbol: Band(D(100), D(100))
    }


def test_two_legs_that_are_near_stay_so_when_the_pool_dies_of_another_symbol() -> None:
    tiers = progressive([D(210)], [D("0.01"), D("0.4")])
    long, short = a_position(quantity=D(2)), a_position(Side.SHORT)
    eth = a_position(symbol="ETHUSDT")
    contract, other = a_contract(tiers=tiers), a_contract(symbol=eth.id.symbol)
    pool = cross(D(1), (long, contract), (short, contract), (eth, other))
    marks = {long.id.symbol: D(104), eth.id.symbol: D(100)}
    dead = {long.id.symbol: D(104), eth.id.symbol: D(50)}
    assert below(pool, long.id, marks, D("0.3"))
    assert distance_of(pool, long.id, dead) == 0


def test_bands_of_an_inverse_long_are_below_it() -> None:
    pool = isolated(a_position(quantity=D(100)), a_contract(kind=ContractKind.INVERSE), D("0.1"))
    id_ = pool.holdings[0].position.id
    # 0.1 + 100 (0.01 - u) = u: the price is 101 / 1.1 = 91.818.
    assert ratio_bands(pool, {id_.symbol: D(100)}, D("0.999999")) == {id_.symbol: Band(D("91.9"), None)}
    same = cross(D("0.1"), (a_position(quantity=D(100)), a_contract(kind=ContractKind.INVERSE)))
    assert ratio_bands(same, {id_.symbol: D(100)}, D(1)) == {id_.symbol: Band(D("91.9"), None)}
    # Liquidation, 91.9 on the tick, is 10 % away at 102.11.
    near = distance_bands(same, id_, {id_.symbol: D(110)}, D("0.1"))[id_.symbol]
    assert near.high is None
    assert near.low is not None
    assert D("102.1") <= near.low <= D("102.3")
