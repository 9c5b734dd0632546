"""A cross pool is calm inside its room: whatever the marks there, nobody's answer is another one.

Marks are drawn where a mistake would show: in the corners of the box, a tick inside, all of them the worst
way at once, and every other combination of sides.
"""

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.contracts import Contract
from bot.core.margin.assess import assess, standing
from bot.core.margin.bounds import Band, Calm, distance_calm, liquidation_calm, ratio_calm
from bot.core.margin.liquidation import danger_below, distance_of, liquidation_price
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.room import Room
from bot.core.margin.sums import PlainSums
from bot.core.margin.venues import RULES
from bot.core.types import ONE, MarginMode, PositionId, Symbol
from tests.core.margin.boxes import Bands, bands_of, joined
from tests.core.margin.pools import (
    D,
    a_contract,
    a_position,
    cross,
    decimals,
    flat,
    marks_near,
    positions,
    tables,
)

VENUES = (
    "binance_usdm",
    "okx_linear",
    "bybit_linear",
    "xt_linear",
    "mexc",
    "bitget_linear",
    "hyperliquid_2023",
    "kucoin",
)
THRESHOLDS = [D("0.02"), D("0.05"), D("0.1"), D("0.3"), D("0.7")]
RATIOS = [D("0.2"), D("0.5"), D("0.8"), ONE]


@st.composite
def venue_contracts(draw: st.DrawFn, symbol: str, venue: str) -> Contract:
    tiers = draw(tables())
    if not RULES[venue].tier_deduction:
        tiers = flat([tier.floor for tier in tiers[1:]], [tier.rate for tier in tiers])
    tick = draw(st.sampled_from([D("0.1"), D("0.01"), D("0.5")]))
    return a_contract(symbol=Symbol(symbol), tiers=tiers, rules=RULES[venue], tick=tick)


@st.composite
def wide_pools(draw: st.DrawFn) -> Pool:
    """One to six symbols under one venue's rules, some with a leg on either side."""
    venue = draw(st.sampled_from(VENUES))
    held = []
    for number in range(draw(st.integers(1, 6))):
        contract = draw(venue_contracts(f"S{number}", venue))
        position = draw(positions(contract, MarginMode.CROSS))
        held.append((position, contract))
        if draw(st.integers(0, 3)) == 0:
            held.append((draw(positions(contract, MarginMode.CROSS, position.id.side.opposite)), contract))
    worth = sum((c.notional(p.quantity, p.entry) for p, c in held), D(0))
    return cross((worth * draw(decimals("0.03", "0.6", 3))).quantize(D("0.00000001")), *held)


def corner(band: Band, tick: Decimal, mark: Decimal, choice: str, step: int) -> Decimal:
    """A mark strictly inside: ``step`` ticks from its low or high end, or beside the present one."""
    low = (int((band.low or D(0)) / tick) + 1) * tick
    high = mark * 3 if band.high is None else band.high
    high = (-int(-high / tick) - (1 if int(high / tick) * tick == high else 0)) * tick
    wanted = {"low": low + step * tick, "high": high - step * tick, "here": mark + (step - 1) * tick}[choice]
    return min(max(wanted, low), max(low, high))


@st.composite
def corners(draw: st.DrawFn, pool: Pool, marks: Marks, bands: Bands) -> dict[Symbol, Decimal]:
    """Marks strictly inside the bands, nearly always at the ends, often all on the side that hurts."""
    moved: dict[Symbol, Decimal] = {}
    hurting = draw(st.booleans())
    for holding in pool.holdings:
        symbol, tick = holding.position.id.symbol, holding.contract.tick
        if symbol not in moved:
            worst = "low" if danger_below(pool, holding.position.id, marks) else "high"
            choice = worst if hurting else draw(st.sampled_from(["low", "low", "high", "high", "here"]))
            moved[symbol] = corner(bands[symbol], tick, marks[symbol], choice, draw(st.integers(0, 2)))
    return moved


def near(pool: Pool, id_: PositionId, marks: Marks, threshold: Decimal) -> bool:
    distance = distance_of(pool, id_, marks)
    return distance is not None and distance < threshold


def surplus(pool: Pool, marks: Marks, weight: Decimal, without: Symbol | None) -> Decimal:
    """``weight`` times equity less maintenance: of all symbols of the pool, or of all but one."""
    stands = standing(pool.wallet, tuple(h for h in pool.holdings if h.position.id.symbol != without), marks)
    return weight * stands.equity - stands.maintenance


def beyond(pool: Pool, id_: PositionId, marks: Marks, price: Decimal) -> bool:
    found = liquidation_price(pool, id_, marks)
    return (not danger_below(pool, id_, marks)) if found is None else found > price


def tense(pool: Pool, marks: Marks, threshold: Decimal) -> bool:
    stands = assess(pool, marks)
    return stands.equity <= 0 or stands.maintenance > threshold * stands.equity


def inside(pool: Pool, marks: Marks, bands: Bands) -> bool:
    return all(bands[h.position.id.symbol].holds(marks[h.position.id.symbol]) for h in pool.holdings)


@given(st.data(), wide_pools())
def test_no_combination_of_marks_in_the_room_changes_any_answer(data: st.DataObject, pool: Pool) -> None:
    marks = data.draw(marks_near(pool))
    sums = PlainSums(pool, marks)
    distances, levels = {}, {}
    calms: dict[PositionId, Calm] = {}
    ratio = data.draw(st.sampled_from(RATIOS))
    for holding in pool.holdings:
        id_ = holding.position.id
        distances[id_] = data.draw(st.sampled_from(THRESHOLDS))
        asked = [
            distance_calm(pool, id_, marks, distances[id_], sums),
            ratio_calm(pool, id_, marks, ratio, sums),
            ratio_calm(pool, id_, marks, ONE, sums),
        ]
        price = liquidation_price(pool, id_, marks)
        if price is not None:
            levels[id_] = holding.contract.price_up(price * data.draw(decimals("0.8", "1.25", 2)))
            asked.append(liquidation_calm(pool, id_, marks, levels[id_], sums))
        calms[id_] = joined(*asked)
    bands = bands_of(pool, marks, calms)
    assume(inside(pool, marks, bands))
    for _ in range(4):
        moved = data.draw(corners(pool, marks, bands))
        assume(inside(pool, moved, bands))
        assert tense(pool, moved, ratio) is tense(pool, marks, ratio)
        assert assess(pool, moved).liquidatable is assess(pool, marks).liquidatable
        for id_, threshold in distances.items():
            assert near(pool, id_, moved, threshold) is near(pool, id_, marks, threshold)
        for id_, level in levels.items():
            assert beyond(pool, id_, moved, level) is beyond(pool, id_, marks, level)


@given(st.data(), wide_pools(), wide_pools())
def test_a_room_that_was_used_before_is_as_sound_as_a_new_one(
    data: st.DataObject, pool: Pool, other: Pool
) -> None:
    room = Room()
    needs = [(None, Band(D(0), None))]
    for its in (other, pool, replace(pool, wallet=pool.wallet * D("0.9"))):
        marks = data.draw(marks_near(its))
        for _ in range(3):
            room.sit(its)
            room.lay(marks, needs)
            bands = {symbol: room.band(symbol) for symbol in room.symbols}
            if not inside(its, marks, bands):
                break
            alive = not assess(its, marks).liquidatable
            marks = data.draw(corners(its, marks, bands))
            assert (not assess(its, marks).liquidatable) is alive


@given(st.data(), wide_pools())
def test_a_room_knows_the_sums_it_divides(data: st.DataObject, pool: Pool) -> None:
    room, weight = Room(D("0.5")), D("0.5")
    for _ in range(2):
        marks = data.draw(marks_near(pool))
        room.sit(pool)
        for without in (None, pool.holdings[0].position.id.symbol):
            found = room.surplus(marks, without)
            assert abs(found - surplus(pool, marks, weight, without)) < D("1e-18")


def test_the_slack_of_a_pool_is_divided_among_its_marks() -> None:
    contract = a_contract(rules=replace(a_contract().rules, name="no fee"))
    long, other = a_position(), a_position(symbol="ETHUSDT")
    pool = cross(D(22), (long, contract), (other, replace(contract, symbol=other.id.symbol)))
    marks = {long.id.symbol: D(100), other.id.symbol: D(100)}
    room = Room()
    room.sit(pool)
    # Equity 22, requirement 2: 20 are left, 127 / 128 are divided. Each may fall by 9.92.. / 0.99 = 10.02..
    assert sorted(room.lay(marks, [(None, Band(D(0), None))])) == sorted(marks)
    assert room.band(long.id.symbol) == room.band(other.id.symbol) == Band(D(90), None)
    # Who needs nothing but the other symbol gets as much: the sum without ETH loses BTC's share alone.
    assert room.lay(marks, [(other.id.symbol, Band(D(11), None))]) == []
    # What was spared covers a payment: 20 - 0.15 are left, 19.84.. were divided. Another one it does not.
    room.sit(replace(pool, wallet=D("21.85")))
    assert room.lay(marks, [(None, Band(D(0), None))]) == []
    room.sit(replace(pool, wallet=D("21.7")))
    assert room.lay(marks, [(None, Band(D(0), None))])
    room.sit(pool)
    # A mark that left its side takes from both: of 5.15 that are left BTC gets 85 / 185.
    marks[long.id.symbol] = D(85)
    assert room.lay(marks, [(None, Band(D(0), None))])
    assert room.band(long.id.symbol).low == D("82.7")
    # Beyond the end nothing is inside.
    marks[long.id.symbol] = D(79)
    room.lay(marks, [(None, Band(D(0), None))])
    assert room.band(long.id.symbol) == Band(D(79), D(79))


@given(st.data(), wide_pools())
def test_an_answer_holds_while_its_own_mark_and_its_sums_stay_in_their_bands(
    data: st.DataObject, pool: Pool
) -> None:
    """Also outside the room, where the sums themselves are looked at. The wallet moves them all alike."""
    marks = data.draw(marks_near(pool))
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    contract, threshold = pool.holding(id_).contract, data.draw(st.sampled_from(THRESHOLDS))
    calm = distance_calm(pool, id_, marks, threshold, PlainSums(pool, marks))
    assume(calm.own.holds(marks[id_.symbol]))
    for choice in ("low", "high"):
        moved = {**marks, id_.symbol: corner(calm.own, contract.tick, marks[id_.symbol], choice, 0)}
        assume(calm.own.holds(moved[id_.symbol]))
        for key, band in calm.sums.items():
            for bound, aside in ((band.low, D("0.000001")), (band.high, -D("0.000001"))):
                if bound is None:
                    continue
                missing = bound + aside - surplus(pool, moved, *key)
                shifted = replace(pool, wallet=pool.wallet + missing)
                if all(its.holds(surplus(shifted, moved, *each)) for each, its in calm.sums.items()):
                    assert near(shifted, id_, moved, threshold) is near(pool, id_, marks, threshold)
