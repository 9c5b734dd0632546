"""Projections: what a pool is after an intent, and the smallest intent that reaches a target."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.contracts import ContractKind
from bot.core.intents import AddMargin, CutLeverage, Intent, Level, Notify, ReducePosition, WithdrawMargin
from bot.core.margin.arithmetic import funding, initial_margin, liquidation_fee
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import distance_of, liquidation_price
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.project import (
    close_for_distance,
    close_for_loss,
    closing,
    loss_at_liquidation,
    margin_for_distance,
    project,
    removable_margin,
)
from bot.core.margin.requirement import tier_for
from bot.core.margin.rules import FeeAt, LeverageCut, MaintenanceAt, MarginRules, Removable, TierUnit
from bot.core.types import ZERO, PositionId, Side
from tests.core.margin.pools import (
    D,
    a_contract,
    a_position,
    cross,
    cross_pools,
    decimals,
    flat,
    isolated,
    isolated_pools,
    marks_near,
    progressive,
    some_rules,
)

HAIR = D("1e-9")
FEE = D("0.0005")
POOLS = st.one_of(isolated_pools(), cross_pools(), cross_pools(hedged=True))


def an_id(data: st.DataObject, pool: Pool) -> PositionId:
    return data.draw(st.sampled_from(pool.holdings)).position.id


@given(st.data(), isolated_pools(), decimals("0.01", "50", 2))
def test_added_margin_is_equity_and_withdrawn_margin_is_gone(
    data: st.DataObject, pool: Pool, amount: Decimal
) -> None:
    id_ = pool.holdings[0].position.id
    marks = data.draw(marks_near(pool))
    before = assess(pool, marks)
    after = project(pool, AddMargin(id=id_, amount=amount), marks, taker_fee=FEE)
    assert assess(after, marks).equity == before.equity + amount
    assert after.holdings[0].position.margin == after.wallet
    back = project(after, WithdrawMargin(id=id_, amount=amount), marks, taker_fee=FEE)
    assert assess(back, marks) == before


@given(st.data(), POOLS, st.sampled_from([D("0.1"), D("0.5"), D("0.9"), D(1)]))
def test_a_close_at_the_mark_costs_its_fee_and_nothing_else(
    data: st.DataObject, pool: Pool, part: Decimal
) -> None:
    id_ = an_id(data, pool)
    marks = data.draw(marks_near(pool))
    quantity = pool.holding(id_).position.quantity * part
    booked = closing(pool, id_, quantity, marks[id_.symbol], taker_fee=FEE)
    before, after = assess(pool, marks).equity, assess(booked.pool, marks).equity
    assert abs(after + booked.to_wallet + booked.fee - before) <= HAIR * (1 + abs(before))
    wallets = booked.pool.wallet + booked.to_wallet
    assert abs(wallets - pool.wallet - booked.realised + booked.fee) <= HAIR * (1 + abs(pool.wallet))
    intent = ReducePosition(id=id_, quantity=quantity)
    assert project(pool, intent, marks, taker_fee=FEE) == booked.pool


@given(st.data(), POOLS)
def test_a_close_of_more_than_there_is_closes_all(data: st.DataObject, pool: Pool) -> None:
    id_ = an_id(data, pool)
    marks = data.draw(marks_near(pool))
    after = project(pool, ReducePosition(id=id_, quantity=D(10_000)), marks, taker_fee=FEE)
    assert id_ not in [holding.position.id for holding in after.holdings]
    assert len(after.holdings) == len(pool.holdings) - 1


def test_a_partial_close_releases_margin_pro_rata() -> None:
    pool = isolated(a_position(quantity=D(4)), a_contract(), D(40))
    id_ = pool.holdings[0].position.id
    booked = closing(pool, id_, D(1), D(95), taker_fee=D("0.001"))
    assert booked.pool.wallet == 30
    assert booked.realised == -5
    assert booked.fee == D("0.095")
    assert booked.to_wallet == D("4.905")


def test_a_loss_beyond_the_released_margin_is_taken_from_what_stays() -> None:
    pool = isolated(a_position(quantity=D(4)), a_contract(), D(40))
    booked = closing(pool, pool.holdings[0].position.id, D(1), D(85), taker_fee=D(0))
    assert booked.to_wallet == 0
    assert booked.pool.wallet == 25


def test_margin_to_put_back_is_part_of_a_projected_reduction() -> None:
    pool = isolated(a_position(quantity=D(4)), a_contract(), D(40))
    id_ = pool.holdings[0].position.id
    intent = ReducePosition(id=id_, quantity=D(1), then_add=D(4))
    after = project(pool, intent, {id_.symbol: D(95)}, taker_fee=D("0.001"))
    assert after.wallet == 34
    assert after.holdings[0].position.quantity == 3


@pytest.mark.parametrize(
    ("cut", "margin", "leverage", "wallet"),
    [
        (LeverageCut.REFUSED, "10", "10", "10"),
        # Bybit: the margin of the new leverage, and what was added before is gone.
        (LeverageCut.RESETS_MARGIN, "10", "5", "20"),
        (LeverageCut.RESETS_MARGIN, "35", "5", "20"),
        # XT: drawn only where it is missing.
        (LeverageCut.TOPS_UP, "10", "5", "20"),
        (LeverageCut.TOPS_UP, "35", "5", "35"),
    ],
)
def test_cutting_leverage_does_what_the_venue_does(
    cut: LeverageCut, margin: str, leverage: str, wallet: str
) -> None:
    contract = a_contract(rules=some_rules(leverage_cut=cut))
    pool = isolated(a_position(), contract, D(margin))
    id_ = pool.holdings[0].position.id
    after = project(pool, CutLeverage(id=id_, leverage=D(5)), {}, taker_fee=FEE)
    assert after.holdings[0].position.leverage == D(leverage)
    assert after.wallet == D(wallet)


def test_raising_leverage_is_no_cut() -> None:
    contract = a_contract(rules=some_rules(leverage_cut=LeverageCut.RESETS_MARGIN))
    pool = isolated(a_position(), contract, D(10))
    intent = CutLeverage(id=pool.holdings[0].position.id, leverage=D(20))
    assert project(pool, intent, {}, taker_fee=FEE) == pool


def leverage_blind(pool: Pool) -> Pool:
    """The same pool at a venue in whose requirement leverage does not appear."""
    holdings = tuple(
        Holding(h.position, replace(h.contract, rules=without_leverage(h.contract.rules)))
        for h in pool.holdings
    )
    return replace(pool, holdings=holdings)


def without_leverage(rules: MarginRules) -> MarginRules:
    return replace(rules, scaled_by_leverage=False, fee_at=FeeAt.LIQUIDATION, cross_fee_at=None)


@given(st.data(), cross_pools().map(leverage_blind))
def test_leverage_moves_no_cross_liquidation(data: st.DataObject, pool: Pool) -> None:
    id_ = an_id(data, pool)
    marks = data.draw(marks_near(pool))
    after = project(pool, CutLeverage(id=id_, leverage=D(1)), marks, taker_fee=FEE)
    assert after.holding(id_).position.leverage == 1
    assert liquidation_price(after, id_, marks) == liquidation_price(pool, id_, marks)


def test_margin_intents_do_nothing_to_a_cross_pool_and_words_to_none() -> None:
    position = a_position()
    pool = cross(D(50), (position, a_contract()))
    others: list[Intent] = [
        AddMargin(id=position.id, amount=D(5)),
        WithdrawMargin(id=position.id, amount=D(5)),
        Notify(id=position.id, level=Level.INFO, text="hello"),
    ]
    for intent in others:
        assert project(pool, intent, {}, taker_fee=FEE) == pool


@given(st.data(), POOLS, st.sampled_from([D("0.03"), D("0.1"), D("0.25")]))
def test_margin_for_distance_is_enough_and_no_step_more(
    data: st.DataObject, pool: Pool, target: Decimal
) -> None:
    id_ = an_id(data, pool)
    marks = data.draw(marks_near(pool, apart="0.2"))
    needed = margin_for_distance(pool, id_, marks, target)
    step = pool.holding(id_).contract.margin_step

    def reached(amount: Decimal) -> bool:
        found = distance_of(replace(pool, wallet=pool.wallet + amount), id_, marks)
        return found is None or found >= target

    assert needed >= 0
    assert reached(needed)
    if needed > 0:
        assert not reached(needed - step)


@given(st.data(), isolated_pools(), st.sampled_from([D("0.05"), D("0.1")]))
def test_the_smallest_close_and_readd_reaches_the_distance(
    data: st.DataObject, pool: Pool, target: Decimal
) -> None:
    holding = pool.holdings[0]
    lot = D("0.5") if holding.contract.kind is ContractKind.LINEAR else D(25)
    margin_step = D("0.01") if holding.contract.kind is ContractKind.LINEAR else D("0.00001")
    pool = isolated(
        holding.position, replace(holding.contract, lot=lot, margin_step=margin_step), pool.wallet
    )
    holding = pool.holdings[0]
    id_ = holding.position.id
    marks = data.draw(marks_near(pool, apart="0.1"))
    found = close_for_distance(pool, id_, marks, target, taker_fee=FEE)

    def reached(quantity: Decimal) -> Decimal | None:
        booked = closing(pool, id_, quantity, marks[id_.symbol], taker_fee=FEE)
        needed = margin_for_distance(booked.pool, id_, marks, target)
        return needed if needed <= booked.to_wallet else None

    if not margin_for_distance(pool, id_, marks, target):
        assert found == (ZERO, ZERO)
        return
    count = int(holding.position.quantity / lot)
    tried = [lot * n for n in range(1, count + 1) if lot * n < holding.position.quantity]
    smallest = next((quantity for quantity in tried if reached(quantity) is not None), None)
    if found is None:
        assert smallest is None
    else:
        assert found == (smallest, reached(found[0]))
        after = project(
            pool, ReducePosition(id=id_, quantity=found[0], then_add=found[1]), marks, taker_fee=FEE
        )
        distance = distance_of(after, id_, marks)
        assert distance is None or distance >= target


def test_in_cross_a_close_alone_reaches_the_distance() -> None:
    position = a_position(quantity=D(10))
    pool = cross(D(100), (position, a_contract()))
    marks = {position.id.symbol: D(100)}
    found = close_for_distance(pool, position.id, marks, D("0.15"), taker_fee=D(0))
    # 100 + q (85 - 100) = 0.01 q 85: q = 100 / 15.85 = 6.309, so close 3.691.
    assert found == (D("3.691"), ZERO)


def test_a_close_of_one_leg_counts_the_other() -> None:
    long, short = a_position(quantity=D(10)), a_position(Side.SHORT)
    pool = cross(D(100), (long, a_contract()), (short, a_contract()))
    marks = {long.id.symbol: D(100)}
    found = close_for_distance(pool, long.id, marks, D("0.15"), taker_fee=D(0))
    # 100 - 15 q + 15 = 0.01 (q + 1) 85: q = 114.15 / 15.85 = 7.2018, so close 2.799 of 10.
    assert found == (D("2.799"), ZERO)


def test_no_close_helps_where_nothing_is_left() -> None:
    pool = isolated(a_position(), a_contract(), D(10))
    id_ = pool.holdings[0].position.id
    marks = {id_.symbol: D("90.5")}
    assert close_for_distance(pool, id_, marks, D("0.9"), taker_fee=D("0.01")) is None
    assert close_for_distance(pool, id_, {id_.symbol: D("89")}, D("0.1"), taker_fee=D(0)) is None


@given(st.data(), isolated_pools(), decimals("0.1", "0.9", 1))
def test_close_for_loss_caps_the_loss_with_its_fee(data: st.DataObject, pool: Pool, part: Decimal) -> None:
    id_ = pool.holdings[0].position.id
    marks = data.draw(marks_near(pool, apart="0.1"))
    loss = loss_at_liquidation(pool, id_, marks)
    cap = loss * part
    quantity = close_for_loss(pool, id_, marks, cap, taker_fee=FEE)
    booked = closing(pool, id_, quantity, marks[id_.symbol], taker_fee=FEE)
    if loss == 0:
        assert quantity == 0
    elif quantity < pool.holdings[0].position.quantity:
        assert loss_at_liquidation(booked.pool, id_, marks) + booked.fee <= cap + HAIR


def test_in_cross_only_a_whole_close_caps_the_loss() -> None:
    position, other = a_position(quantity=D(4)), a_position(symbol="ETHUSDT")
    pool = cross(D(100), (position, a_contract()), (other, a_contract(symbol=other.id.symbol)))
    marks = {position.id.symbol: D(100), other.id.symbol: D(100)}
    assert loss_at_liquidation(pool, position.id, marks) == 99
    assert close_for_loss(pool, position.id, marks, D(99), taker_fee=FEE) == 0
    assert close_for_loss(pool, position.id, marks, D(50), taker_fee=FEE) == 4


def test_a_fee_that_eats_the_release_leaves_only_the_whole_close() -> None:
    pool = isolated(a_position(), a_contract(), D(10))
    id_ = pool.holdings[0].position.id
    assert close_for_loss(pool, id_, {id_.symbol: D("90.1")}, D("0.01"), taker_fee=D("0.01")) == 1


@pytest.mark.parametrize(
    ("removable", "mark", "expected"),
    [
        # Binance: min(30 - 1, 30 + 0 - 10), and at 85: min(30 - 0.85, 30 - 15 - 8.5).
        (Removable.ABOVE_INITIAL_AT_MARK, "100", "20"),
        (Removable.ABOVE_INITIAL_AT_MARK, "85", "6.5"),
        # Bybit: what is above the initial margin of 10, but never into liquidation.
        (Removable.ADDED_ONLY, "100", "20"),
        (Removable.ADDED_ONLY, "75", "4.25"),
        # Hyperliquid: a tenth of the value at least stays.
        (Removable.TENTH_OF_VALUE, "120", "38"),
        (Removable.TENTH_OF_VALUE, "60", "0"),
    ],
)
def test_removable_margin_follows_the_venue(removable: Removable, mark: str, expected: str) -> None:
    contract = a_contract(rules=some_rules(removable=removable))
    pool = isolated(a_position(), contract, D(30))
    id_ = pool.holdings[0].position.id
    assert removable_margin(pool, id_, {id_.symbol: D(mark)}) == D(expected)


def test_nothing_is_removable_in_cross() -> None:
    position = a_position()
    pool = cross(D(50), (position, a_contract()))
    assert removable_margin(pool, position.id, {position.id.symbol: D(100)}) == 0


@pytest.mark.parametrize(
    ("margin_fee_at", "expected"), [(None, "10"), (FeeAt.ENTRY, "10.06"), (FeeAt.BANKRUPTCY, "10.054")]
)
def test_initial_margin_holds_the_fee_the_venue_puts_in(margin_fee_at: FeeAt | None, expected: str) -> None:
    rules = some_rules(margin_fee_at=margin_fee_at, closing_fee=D("0.0006"))
    assert initial_margin(a_position(), a_contract(rules=rules), D(100)) == D(expected)


def test_longs_pay_a_positive_funding_rate() -> None:
    contract = a_contract()
    assert funding(a_position(), contract, D(100), D("0.0001")) == D("-0.01")
    assert funding(a_position(Side.SHORT), contract, D(100), D("0.0001")) == D("0.01")


def test_the_liquidation_fee_is_on_what_is_liquidated() -> None:
    contract = a_contract(rules=some_rules(liquidation_fee=D("0.0125")))
    assert liquidation_fee(contract, D(2), D(90)) == D("2.25")
    assert liquidation_fee(contract, D(0), D(90)) == 0


def test_a_notional_at_a_cap_belongs_to_the_lower_tier() -> None:
    contract = a_contract(tiers=progressive([D(100), D(200)], [D("0.01"), D("0.02"), D("0.03")]))
    assert tier_for(contract, D(1), D(100)).rate == D("0.01")
    assert tier_for(contract, D(1), D(101)).rate == D("0.02")
    assert tier_for(contract, D(100), D(100)).rate == D("0.03")


def test_tiers_may_count_contracts() -> None:
    rules = some_rules(tier_unit=TierUnit.CONTRACTS, tier_deduction=False)
    tiers = flat([D(1000)], [D("0.004"), D("0.005")])
    contract = a_contract(tiers=tiers, rules=rules, contract_size=D("0.01"))
    assert tier_for(contract, D(10), D(1)).rate == D("0.004")
    assert tier_for(contract, D("10.01"), D(1)).rate == D("0.005")


def test_the_addition_counts_a_requirement_frozen_at_the_mark() -> None:
    contract = a_contract(rules=some_rules(maintenance_at=MaintenanceAt.MARK))
    pool = isolated(a_position(), contract, D(10))
    id_ = pool.holdings[0].position.id
    # Liquidation at 88: 10 + a - 12 = 1.
    assert margin_for_distance(pool, id_, {id_.symbol: D(100)}, D("0.12")) == 3


def test_a_coarse_margin_step_takes_a_larger_close() -> None:
    # Whole money only: of what a close releases up to a unit is lost to rounding.
    contract = a_contract(margin_step=D(1), lot=D("0.001"))
    pool = isolated(a_position(quantity=D(2)), contract, D(20))
    id_ = pool.holdings[0].position.id
    marks = {id_.symbol: D(98)}
    found = close_for_distance(pool, id_, marks, D("0.1"), taker_fee=D(0))
    assert found is not None
    quantity, added = found
    assert added == int(added)

    def enough(closed: Decimal) -> bool:
        booked = closing(pool, id_, closed, D(98), taker_fee=D(0))
        return margin_for_distance(booked.pool, id_, marks, D("0.1")) <= int(booked.to_wallet)

    assert enough(quantity)
    assert not enough(quantity - D("0.001"))


def test_a_margin_step_too_coarse_leaves_no_close() -> None:
    pool = isolated(a_position(), a_contract(margin_step=D(1000)), D(10))
    id_ = pool.holdings[0].position.id
    assert close_for_distance(pool, id_, {id_.symbol: D(98)}, D("0.1"), taker_fee=D(0)) is None


def test_the_distance_of_equal_legs_needs_what_both_keep_at_the_higher_price() -> None:
    pool = cross(D(3), (a_position(), a_contract()), (a_position(Side.SHORT), a_contract()))
    id_ = pool.holdings[0].position.id
    # At 140 they keep 2.8, at 160 they keep 3.2.
    assert margin_for_distance(pool, id_, {id_.symbol: D(100)}, D("0.4")) == 0
    assert margin_for_distance(pool, id_, {id_.symbol: D(100)}, D("0.6")) == D("0.2")


def test_the_addition_clears_the_edges_of_flat_tiers_on_the_way() -> None:
    tiers = flat([D(95)], [D("0.01"), D("0.2")])
    contract = a_contract(tiers=tiers, rules=some_rules(tier_deduction=False))
    pool = isolated(a_position(), contract, D(20))
    id_ = pool.holdings[0].position.id
    marks = {id_.symbol: D(110)}
    # Just above 95 the upper tier wants 19: 20 + a - 5 = 19.
    assert margin_for_distance(pool, id_, marks, D("0.2")) == 4
    after = project(pool, AddMargin(id=id_, amount=D(4)), marks, taker_fee=FEE)
    assert liquidation_price(after, id_, marks) == D("76.8")
