"""Where positions are liquidated: the first mark at which equity is at or below the requirement."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.contracts import ContractKind, Tier
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import (
    bankruptcy_price,
    distance,
    distance_of,
    exact_liquidation_price,
    liquidation_price,
)
from bot.core.margin.pool import Marks, Pool
from bot.core.margin.rules import FeeAt, MaintenanceAt
from bot.core.types import PositionId, Side, Symbol
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

HAIR = D("1e-9")
MOVING = (MaintenanceAt.LIQUIDATION, MaintenanceAt.ENTRY)


def at(pool: Pool, id_: PositionId, marks: Marks, price: Decimal) -> Decimal:
    """Equity less requirement with the position's own mark at ``price``."""
    stands = assess(pool, {**marks, id_.symbol: price})
    return stands.equity - stands.maintenance


def healthy_side(id_: PositionId) -> int:
    """Which way of the liquidation price the position lives."""
    return id_.side.sign


def check_first_mark(pool: Pool, id_: PositionId, marks: Marks) -> None:
    price = exact_liquidation_price(pool, id_, marks)
    mark = marks[id_.symbol]
    alive = at(pool, id_, marks, mark) > 0
    if price is None:
        for step in (D("0.5"), D("0.1"), D("0.01"), D("0.0001")):
            probe = mark * (step if id_.side is Side.LONG else 1 / step)
            assert (at(pool, id_, marks, probe) > 0) is alive
        return
    up = healthy_side(id_)
    if alive:
        assert (mark - price) * up >= 0
        for part in (D("0.1"), D("0.5"), D("0.9"), 1 - HAIR):
            assert at(pool, id_, marks, mark + (price - mark) * part) > 0
    assert at(pool, id_, marks, price * (1 + up * HAIR)) > 0
    assert at(pool, id_, marks, price * (1 - up * HAIR)) <= 0


@given(st.data(), isolated_pools(points=MOVING, flats=False))
def test_an_isolated_position_dies_first_at_its_liquidation_price(data: st.DataObject, pool: Pool) -> None:
    check_first_mark(pool, pool.holdings[0].position.id, data.draw(marks_near(pool)))


@given(st.data(), cross_pools(points=MOVING, flats=False))
def test_a_cross_position_dies_first_at_its_liquidation_price(data: st.DataObject, pool: Pool) -> None:
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    marks = data.draw(marks_near(pool))
    price = exact_liquidation_price(pool, id_, marks)
    # Dead at every price, it dies where it is; that case has a test of its own.
    assume(price is None or abs(price - marks[id_.symbol]) > HAIR)
    check_first_mark(pool, id_, marks)


@given(st.data(), isolated_pools(points=(MaintenanceAt.LIQUIDATION,)))
def test_flat_tiers_jump_and_the_first_mark_beyond_is_found(data: st.DataObject, pool: Pool) -> None:
    id_ = pool.holdings[0].position.id
    marks = data.draw(marks_near(pool))
    assume(at(pool, id_, marks, marks[id_.symbol]) > 0)
    check_first_mark(pool, id_, marks)


@given(isolated_pools(points=MOVING, flats=False))
def test_where_the_requirement_is_continuous_equity_equals_it(pool: Pool) -> None:
    id_ = pool.holdings[0].position.id
    price = exact_liquidation_price(pool, id_, {})
    assume(price is not None)
    assert price is not None
    stands = assess(pool, {id_.symbol: price})
    assert abs(stands.equity - stands.maintenance) <= HAIR * (1 + abs(stands.maintenance))


@given(st.data(), isolated_pools(points=MOVING, flats=False), st.decimals("0.01", "1000", places=2))
def test_adding_margin_never_brings_liquidation_nearer(
    data: st.DataObject, pool: Pool, amount: Decimal
) -> None:
    id_ = pool.holdings[0].position.id
    before = exact_liquidation_price(pool, id_, {})
    after = exact_liquidation_price(replace(pool, wallet=pool.wallet + amount), id_, {})
    if before is not None and after is not None:
        assert (before - after) * healthy_side(id_) >= 0
    elif after is not None:
        pytest.fail(f"none before, {after} after")


@given(isolated_pools(points=MOVING, flats=False), st.sampled_from([D("0.25"), D("0.5"), D("0.8")]))
def test_a_pro_rata_close_leaves_liquidation_where_it_is(pool: Pool, kept: Decimal) -> None:
    holding = pool.holdings[0]
    one_tier = (Tier(floor=D(0), cap=None, rate=holding.contract.tiers[0].rate),)
    contract = replace(holding.contract, tiers=one_tier)
    position = replace(holding.position, quantity=holding.position.quantity * kept)
    whole = isolated(holding.position, contract, pool.wallet)
    part = isolated(position, contract, pool.wallet * kept)
    before = exact_liquidation_price(whole, position.id, {})
    after = exact_liquidation_price(part, position.id, {})
    if before is None or after is None:
        assert before is after
    else:
        assert abs(before - after) <= HAIR * before


@given(
    isolated_pools(points=MOVING, kinds=(ContractKind.INVERSE,), flats=False),
    st.decimals("50", "200", places=1),
)
def test_an_inverse_long_is_the_linear_short_at_the_reciprocal_price(pool: Pool, mark: Decimal) -> None:
    holding = pool.holdings[0]
    mirrored = replace(
        holding.position,
        id=holding.position.id._replace(side=holding.position.id.side.opposite),
        entry=1 / holding.position.entry,
    )
    twin = isolated(mirrored, replace(holding.contract, kind=ContractKind.LINEAR), pool.wallet)
    twin_price = exact_liquidation_price(twin, mirrored.id, {})
    price = exact_liquidation_price(pool, holding.position.id, {})
    if price is None or twin_price is None:
        assert price is twin_price
    else:
        assert abs(price * twin_price - 1) <= HAIR
    profit = unrealised(holding.position, holding.contract, mark)
    same = unrealised(mirrored, twin.holdings[0].contract, 1 / mark)
    assert abs(profit - same) <= HAIR * (1 + abs(profit))


@given(st.data(), cross_pools())
def test_rounding_goes_toward_safety_and_by_less_than_a_tick(data: st.DataObject, pool: Pool) -> None:
    holding = data.draw(st.sampled_from(pool.holdings))
    marks = data.draw(marks_near(pool))
    exact = exact_liquidation_price(pool, holding.position.id, marks)
    rounded = liquidation_price(pool, holding.position.id, marks)
    if exact is None or rounded is None:
        assert exact is rounded
        return
    toward_safety = (rounded - exact) * holding.position.id.side.sign
    assert -HAIR * exact <= toward_safety < holding.contract.tick


def test_the_tier_is_that_of_the_notional_at_liquidation() -> None:
    tiers = progressive([D(700)], [D("0.01"), D("0.05")])
    position = a_position(quantity=D(10), leverage=D(2))
    pool = isolated(position, a_contract(tiers=tiers), D(500))
    # At entry the notional is 1000, in the second tier; at liquidation it is in the first: 500 / 9.9.
    assert exact_liquidation_price(pool, position.id, {}) == D(500) / D("9.9")


def test_a_flat_tier_kills_a_short_on_entering_it() -> None:
    tiers = flat([D(110)], [D("0.01"), D("0.2")])
    position = a_position(Side.SHORT)
    pool = isolated(position, a_contract(tiers=tiers, rules=some_rules(tier_deduction=False)), D(20))
    assert exact_liquidation_price(pool, position.id, {}) == 110


@pytest.mark.parametrize(
    ("maintenance_at", "side", "expected"),
    [
        # Ten times leverage, one percent, entry at 100: knowledge of the venues' own formulas.
        (MaintenanceAt.ENTRY, Side.LONG, "91"),
        (MaintenanceAt.ENTRY, Side.SHORT, "109"),
        (MaintenanceAt.LIQUIDATION, Side.LONG, "90.9091"),
        (MaintenanceAt.LIQUIDATION, Side.SHORT, "108.9109"),
    ],
)
def test_frozen_maintenance_liquidates_earlier(
    maintenance_at: MaintenanceAt, side: Side, expected: str
) -> None:
    position = a_position(side)
    contract = a_contract(rules=some_rules(maintenance_at=maintenance_at))
    price = exact_liquidation_price(isolated(position, contract, D(10)), position.id, {})
    assert price is not None
    assert round(price, 4) == D(expected)


def test_maintenance_frozen_at_the_mark_moves_the_price_with_it() -> None:
    position = a_position()
    rules = some_rules(maintenance_at=MaintenanceAt.MARK)
    pool = isolated(position, a_contract(rules=rules), D(10))
    symbol = position.id.symbol
    assert exact_liquidation_price(pool, position.id, {symbol: D(100)}) == D(91)
    assert exact_liquidation_price(pool, position.id, {symbol: D(120)}) == D("91.2")


def test_a_position_born_liquidatable_has_its_price_beyond_the_entry() -> None:
    tiers = (Tier(floor=D(0), cap=None, rate=D("0.2")),)
    position = a_position(entry=D(40), leverage=D(100))
    contract = a_contract(tiers=tiers, rules=some_rules(maintenance_at=MaintenanceAt.ENTRY))
    pool = isolated(position, contract, D("0.4"))
    assert exact_liquidation_price(pool, position.id, {}) == D("47.6")
    assert assess(pool, {position.id.symbol: D(40)}).liquidatable


def test_a_long_without_leverage_has_no_liquidation_price_and_goes_bankrupt_at_zero() -> None:
    position = a_position(leverage=D(1))
    pool = isolated(position, a_contract(), D(100))
    marks = {position.id.symbol: D(100)}
    assert liquidation_price(pool, position.id, {}) is None
    assert distance_of(pool, position.id, marks) is None
    assert bankruptcy_price(pool, position.id, {}) == 0


def test_an_inverse_short_without_leverage_has_no_bankruptcy_price() -> None:
    position = a_position(Side.SHORT, leverage=D(1))
    contract = a_contract(kind=ContractKind.INVERSE)
    assert bankruptcy_price(isolated(position, contract, D("0.01")), position.id, {}) is None
    assert bankruptcy_price(isolated(position, contract, D("0.1")), position.id, {}) is None


def test_bankruptcy_leaves_the_closing_fee_where_the_venue_counts_it() -> None:
    position = a_position()
    fee = {"closing_fee": D("0.001"), "bankruptcy_fee": True}
    moving = a_contract(rules=some_rules(**fee))
    fixed = a_contract(rules=some_rules(**fee, fee_at=FeeAt.ENTRY))
    assert bankruptcy_price(isolated(position, moving, D(10)), position.id, {}) == D(90) / D("0.999")
    assert bankruptcy_price(isolated(position, fixed, D(10)), position.id, {}) == D("90.1")


def test_long_and_short_of_one_symbol_share_one_price() -> None:
    long, short = a_position(quantity=D(3)), a_position(Side.SHORT, entry=D(110))
    pool = cross(D(50), (long, a_contract()), (short, a_contract()))
    marks = {long.id.symbol: D(100)}
    # 50 + 3 (L - 100) + (110 - L) = 0.01 * 4 L
    assert exact_liquidation_price(pool, long.id, marks) == D(140) / D("1.96")
    assert exact_liquidation_price(pool, short.id, marks) == D(140) / D("1.96")
    assert distance_of(pool, short.id, marks) == (100 - D("71.5")) / 100


def test_where_sides_net_only_the_larger_requirement_counts() -> None:
    long, short = a_position(quantity=D(3)), a_position(Side.SHORT)
    contract = a_contract(rules=some_rules(netting=True))
    pool = cross(D(50), (long, contract), (short, contract))
    marks = {long.id.symbol: D(100)}
    # 50 + 3 (L - 100) + (100 - L) = 0.01 * 3 L
    assert exact_liquidation_price(pool, long.id, marks) == D(150) / D("1.97")
    assert assess(pool, marks).maintenance == 3


def test_profit_of_other_positions_moves_liquidation_away() -> None:
    btc, eth = a_position(), a_position(symbol="ETHUSDT")
    other = a_contract(symbol=Symbol("ETHUSDT"))
    pool = cross(D(20), (btc, a_contract()), (eth, other))
    calm = exact_liquidation_price(pool, btc.id, {btc.id.symbol: D(100), eth.id.symbol: D(100)})
    gain = exact_liquidation_price(pool, btc.id, {btc.id.symbol: D(100), eth.id.symbol: D(120)})
    assert calm == D(81) / D("0.99")
    assert gain == D("61.2") / D("0.99")


def test_an_account_dead_at_every_price_dies_at_the_mark() -> None:
    short = a_position(Side.SHORT)
    pool = cross(D(-500), (short, a_contract()))
    marks = {short.id.symbol: D(100)}
    assert liquidation_price(pool, short.id, marks) == 100
    assert distance_of(pool, short.id, marks) == 0


def test_a_rate_of_one_has_no_solution_for_a_long() -> None:
    tiers = (Tier(floor=D(0), cap=None, rate=D("1.5")),)
    position = a_position()
    assert liquidation_price(isolated(position, a_contract(tiers=tiers), D(10)), position.id, {}) is None


def test_distance_is_negative_once_past_liquidation() -> None:
    assert distance(D(100), D(90)) == D("0.1")
    assert distance(D(100), D(110), Side.LONG) == D("-0.1")
    assert distance(D(100), D(110), Side.SHORT) == D("0.1")


def test_a_position_that_is_not_in_the_pool_is_an_error() -> None:
    pool = isolated(a_position(), a_contract(), D(10))
    with pytest.raises(KeyError):
        liquidation_price(pool, a_position(Side.SHORT).id, {})
