"""A long and a short of one symbol in one cross pool: liquidated by the larger loss or by what both keep."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import (
    bankruptcy_price,
    danger_below,
    distance_of,
    exact_liquidation_price,
    exact_liquidation_prices,
    liquidation_price,
)
from bot.core.margin.pool import Holding, Marks, Pool
from bot.core.margin.rules import FeeAt, MaintenanceAt
from bot.core.types import PositionId, Side
from tests.core.margin.pools import (
    D,
    a_contract,
    a_position,
    cross,
    cross_pools,
    decimals,
    marks_near,
    progressive,
    some_rules,
)

HAIR = D("1e-9")
GRID = [D("1.3") ** n for n in range(-20, 21)]
"""Multiples of the mark from a two-hundredth to nearly two hundred."""
BTC = a_position().id.symbol
AT_100 = {BTC: D(100)}


def pair(wallet: str, contract: Contract, *, short: str = "1", short_entry: str = "100") -> Pool:
    """A long of 1 from 100, and a short."""
    other = a_position(Side.SHORT, quantity=D(short), entry=D(short_entry))
    return cross(D(wallet), (a_position(), contract), (other, contract))


def both(pool: Pool, marks: Marks) -> Decimal | None:
    """The liquidation price, which both legs share."""
    one, other = (exact_liquidation_price(pool, leg.position.id, marks) for leg in pool.holdings)
    assert one == other
    return one


@st.composite
def two_sided_pools(draw: st.DrawFn) -> Pool:
    """Pairs, equal and nearly equal ones among them, by every rule, alone or beside other positions."""
    pool = draw(cross_pools(hedged=True))
    long, short, *rest = pool.holdings
    times = draw(st.sampled_from([D(1), D("1.001"), D("0.98"), D("1.2"), D("0.4")]))
    contract = replace(long.contract, rules=replace(long.contract.rules, netting=draw(st.booleans())))
    legs = (
        Holding(long.position, contract),
        Holding(replace(short.position, quantity=long.position.quantity * times), contract),
    )
    return replace(pool, wallet=pool.wallet * draw(decimals("0.1", "2", 1)), holdings=(*legs, *rest))


def alive(pool: Pool, id_: PositionId, marks: Marks, price: Decimal) -> bool:
    return not assess(pool, {**marks, id_.symbol: price}).liquidatable


@given(st.data(), two_sided_pools())
def test_a_pair_lives_everywhere_between_its_prices_and_dies_at_both(data: st.DataObject, pool: Pool) -> None:
    marks, id_ = data.draw(marks_near(pool)), pool.holdings[0].position.id
    mark = marks[id_.symbol]
    assume(alive(pool, id_, marks, mark))
    found = exact_liquidation_prices(pool, id_, marks)
    low = max((price for price in found if price < mark), default=D(0))
    high = min((price for price in found if price > mark), default=D("Infinity"))
    for times in GRID:
        if low * (1 + HAIR) < mark * times < high * (1 - HAIR):
            assert alive(pool, id_, marks, mark * times)
    assert not low or not alive(pool, id_, marks, low * (1 - HAIR))
    assert high.is_infinite() or not alive(pool, id_, marks, high * (1 + HAIR))


@given(st.data(), two_sided_pools())
def test_the_nearer_price_is_told_with_the_way_it_comes_from(data: st.DataObject, pool: Pool) -> None:
    marks, id_ = data.draw(marks_near(pool)), pool.holdings[0].position.id
    mark = marks[id_.symbol]
    assume(alive(pool, id_, marks, mark))
    away, price = distance_of(pool, id_, marks), liquidation_price(pool, id_, marks)
    if away is None or price is None:
        assert all(alive(pool, id_, marks, mark * times) for times in GRID)
        return
    assert away >= 0
    assert danger_below(pool, id_, marks) is (price < mark) or price == mark
    for part in (D("0.1"), D("0.5"), D("0.999")):
        for way in (-1, 1):
            assert mark * (1 + way * away * part) <= 0 or alive(
                pool, id_, marks, mark * (1 + way * away * part)
            )


@given(st.data(), two_sided_pools())
def test_a_dead_pair_is_at_or_past_its_price(data: st.DataObject, pool: Pool) -> None:
    marks, id_ = data.draw(marks_near(pool)), pool.holdings[0].position.id
    dead = replace(pool, wallet=pool.wallet - assess(pool, marks).surplus - data.draw(decimals("0", "9", 3)))
    away = distance_of(dead, id_, marks)
    assert away is not None
    assert away <= 0


def test_equal_legs_are_liquidated_where_both_have_to_keep_more_than_there_is() -> None:
    pool = pair("50", a_contract())
    # 50 = 0.01 * 2 L, wherever the price is now.
    assert both(pool, AT_100) == 2500
    assert both(pool, {BTC: D(40)}) == 2500
    assert distance_of(pool, pool.holdings[0].position.id, AT_100) == 24
    assert bankruptcy_price(pool, pool.holdings[0].position.id, AT_100) is None


def test_a_loss_locked_in_by_an_opposite_leg_is_liquidated_by_a_rise() -> None:
    thin = (Tier(floor=D(0), cap=None, rate=D("0.004")),)
    pool = pair("9.9", a_contract(tiers=thin), short_entry="91")
    # Between the legs 9 are lost: 0.9 = 0.004 * 2 L, a fifth above the mark.
    assert both(pool, {BTC: D("93.75")}) == D("112.5")
    assert distance_of(pool, pool.holdings[0].position.id, {BTC: D("93.75")}) == D("0.2")
    with_fee = a_contract(tiers=thin, rules=some_rules(closing_fee=D("0.0005")))
    assert both(pair("9.9", with_fee, short_entry="91"), AT_100) == 100
    at_entry = some_rules(closing_fee=D("0.0005"), fee_at=FeeAt.ENTRY)
    # Fees of 0.05 and 0.0455 are kept back whatever the price.
    assert both(pair("9.9", a_contract(tiers=thin, rules=at_entry), short_entry="91"), AT_100) == D(
        "100.5625"
    )


def test_equal_legs_in_coins_are_liquidated_by_a_fall() -> None:
    contract = a_contract(kind=ContractKind.INVERSE)
    legs = [a_position(side, quantity=D(100)) for side in Side]
    pool = cross(D("0.1"), *((leg, contract) for leg in legs))
    # A hundred dollars of either side need 0.01 * 200 / L coins.
    assert both(pool, AT_100) == 20
    assert distance_of(pool, legs[1].id, AT_100) == D("0.8")


def test_equal_legs_need_what_the_tier_at_that_price_asks_for() -> None:
    # Above 200 each leg keeps 0.1 L - 18: 22 = 0.2 L - 36.
    assert both(pair("22", a_contract(tiers=progressive([D(200)], [D("0.01"), D("0.1")]))), AT_100) == 290


def test_requirements_that_stand_still_liquidate_equal_legs_nowhere() -> None:
    assert both(pair("50", a_contract(rules=some_rules(maintenance_at=MaintenanceAt.ENTRY))), AT_100) is None


def test_a_requirement_shown_frozen_at_the_mark_still_grows_for_two_legs() -> None:
    assert both(pair("50", a_contract(rules=some_rules(maintenance_at=MaintenanceAt.MARK))), AT_100) == 2500


def test_of_equal_legs_that_net_one_requirement_counts() -> None:
    assert both(pair("50", a_contract(rules=some_rules(netting=True))), AT_100) == 5000


def test_nearly_equal_legs_are_liquidated_by_their_growing_requirement() -> None:
    pool = pair("4", a_contract(), short="0.99")
    # 4 + (L - 100) + 0.99 (100 - L) = 0.0199 L has its root above the mark: 3 / 0.0099.
    price = both(pool, AT_100)
    assert price is not None
    assert abs(price - D(3) / D("0.0099")) < HAIR
    assert not danger_below(pool, pool.holdings[0].position.id, AT_100)
    assert distance_of(pool, pool.holdings[0].position.id, AT_100) == D("2.03")


@pytest.mark.parametrize(("mark", "nearer"), [("100", "58.75"), ("160", "197.5")])
def test_of_two_prices_the_nearer_one_is_told(mark: str, nearer: str) -> None:
    # Of notional beyond 150 a leg keeps a half, of the rest nothing. The net long of 0.2 has lost 8.25 at
    # 58.75. At 187.5, where the short gets there too, 8.25 + 17.5 - 18.75 = 7 are left; from there on each
    # unit of price earns 0.2 and asks for 0.5 + 0.4.
    pool = pair("8.25", a_contract(tiers=progressive([D(150)], [D(0), D("0.5")])), short="0.8")
    found = exact_liquidation_prices(pool, pool.holdings[0].position.id, {BTC: D(mark)})
    assert found == [D("58.75"), D("197.5")]
    assert both(pool, {BTC: D(mark)}) == D(nearer)


def test_a_pair_dead_at_every_price_dies_at_the_mark() -> None:
    pool = pair("-1", a_contract())
    assert both(pool, AT_100) == 100
    assert distance_of(pool, pool.holdings[0].position.id, AT_100) == 0
