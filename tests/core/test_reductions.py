"""What the guard lets through of a cross pool is safer: proven against the pool's own arithmetic."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.contracts import Tier
from bot.core.danger.situation import INFINITE, Situation
from bot.core.danger.yardsticks import objection
from bot.core.intents import ReducePosition
from bot.core.margin.assess import assess
from bot.core.margin.booking import closing
from bot.core.margin.liquidation import exact_liquidation_price
from bot.core.margin.pool import Pool
from bot.core.markets.market import Market
from bot.core.types import ZERO, PositionId, Side, Symbol
from tests.core.margin.pools import (
    D,
    a_contract,
    a_position,
    cross,
    cross_pools,
    decimals,
    marks_near,
)

FEE = D("0.0005")
POOLS = st.one_of(cross_pools(), cross_pools(hedged=True))
PARTS = decimals("0.01", "0.99", 2)


@st.composite
def rich_pools(draw: st.DrawFn, /, **options: Any) -> Pool:
    """Pools that own several times what they hold."""
    pool = draw(cross_pools(**options))
    worth = sum((h.contract.notional(h.position.quantity, h.position.entry) for h in pool.holdings), ZERO)
    return replace(pool, wallet=pool.wallet + 3 * worth)


def untouchable(data: st.DataObject, pool: Pool, marks: dict[Symbol, Decimal]) -> PositionId:
    """A position that no price of its own liquidates."""
    ids = [each.position.id for each in pool.holdings]
    found = [id_ for id_ in ids if exact_liquidation_price(pool, id_, marks) is None]
    assume(found)
    return data.draw(st.sampled_from(found))


def stands(pool: Pool, id_: PositionId, marks: dict[Symbol, Decimal], fee: Decimal = FEE) -> Situation:
    market = Market(())
    market.marks.update(marks)
    holding = pool.holding(id_)
    return Situation(pool, holding.position, holding.contract, market, 0, lambda: ZERO, (), fee)


def reduced(before: Situation, part: Decimal) -> Situation:
    """After ``part`` of the position was closed, which the guard has to let through."""
    intent = ReducePosition(id=before.id, quantity=before.position.quantity * part)
    after = before.after(intent)
    assume(objection(intent, before, after) is None)
    assert after is not None
    return after


def alive(at: Situation, price: Decimal) -> bool:
    return not assess(at.pool, {**at.marks, at.id.symbol: price}).liquidatable


@pytest.mark.slow
@given(st.data(), POOLS, PARTS, decimals("0.01", "0.99", 2))
def test_no_move_against_a_smaller_position_liquidates_that_would_not_have_liquidated_the_larger_one(
    data: st.DataObject, pool: Pool, part: Decimal, way: Decimal
) -> None:
    marks = data.draw(marks_near(pool))
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    before = stands(pool, id_, marks)
    assume(before.distance > 0)
    after = reduced(before, part)
    moved = way if before.distance == INFINITE else way * before.distance
    two_sided = sum(each.position.id.symbol == id_.symbol for each in pool.holdings) > 1
    for sign in (-1, 1) if two_sided else (before.danger,):
        price = before.mark * (1 - sign * moved)
        assert price <= 0 or alive(after, price) or not alive(before, price)


@pytest.mark.slow
@given(st.data(), st.one_of(rich_pools(), rich_pools(hedged=True)), PARTS, decimals("0.01", "9", 2))
def test_after_a_reduction_that_gains_no_distance_no_move_of_another_liquidates_sooner(
    data: st.DataObject, pool: Pool, part: Decimal, times: Decimal
) -> None:
    marks = data.draw(marks_near(pool))
    before = stands(pool, untouchable(data, pool, marks), marks)
    after = reduced(before, part)
    assume(after.distance == before.distance)
    for symbol in set(marks) - {before.id.symbol}:
        moved = marks | {symbol: marks[symbol] * times}
        assert not assess(after.pool, moved).liquidatable or assess(pool, moved).liquidatable


@pytest.mark.slow
@given(st.data(), rich_pools(), PARTS, decimals("0", "5", 2))
def test_what_nothing_liquidates_is_liquidated_by_nothing_when_smaller_wherever_it_fills(
    data: st.DataObject, pool: Pool, part: Decimal, fill: Decimal
) -> None:
    marks = data.draw(marks_near(pool))
    id_ = untouchable(data, pool, marks)
    position = pool.holding(id_).position
    price = max(D("0.01"), marks[id_.symbol] * fill)
    after = closing(pool, id_, position.quantity * part, price, taker_fee=FEE).pool
    assert exact_liquidation_price(after, id_, marks) is None


@pytest.mark.slow
@given(st.data(), cross_pools(), PARTS)
def test_where_maintenance_frees_more_than_the_fee_every_reduction_goes(
    data: st.DataObject, pool: Pool, part: Decimal
) -> None:
    marks = data.draw(marks_near(pool))
    id_ = data.draw(st.sampled_from(pool.holdings)).position.id
    before = stands(pool, id_, marks, ZERO)
    assume(before.distance > 0)
    intent = ReducePosition(id=id_, quantity=before.position.quantity * part)
    assert objection(intent, before, before.after(intent)) is None


def test_a_reduction_whose_fee_others_would_pay_is_refused() -> None:
    # Half of a long of 1 at 100 frees 50 * 0.01 % = 0.005 of maintenance and costs 50 * 0.05 % = 0.025.
    cheap = a_contract(tiers=(Tier(floor=D(0), cap=None, rate=D("0.0001")),))
    beside = a_position(Side.SHORT, "ETHUSDT"), a_contract(symbol=Symbol("ETHUSDT"))
    marks = {Symbol("BTCUSDT"): D(100), Symbol("ETHUSDT"): D(100)}
    long = a_position()
    intent = ReducePosition(id=long.id, quantity=D("0.5"))
    alone = stands(cross(D(150), (long, cheap)), long.id, marks)
    assert objection(intent, alone, alone.after(intent)) is None
    among = stands(cross(D(150), (long, cheap), beside), long.id, marks)
    refused = objection(intent, among, among.after(intent))
    # 150 - 0.01 of the long - 1 of the short; then 150 - 0.025 - 0.005 - 1.
    assert refused is not None
    assert refused[1] == "what backs the other positions would go from 148.9900 to 148.97000"


@pytest.mark.parametrize(
    ("side", "part", "objects"),
    [
        # 3 + 0.9 (L - 100) + (100 - L) = 0.019 L at 109.2.
        (Side.LONG, "0.1", "distance would go from 50.0000% to 9.2000%"),
        # 3 + (L - 100) + 0.95 (100 - L) = 0.0195 L at 65.6: now a fall liquidates.
        (Side.SHORT, "0.05", "distance would go from 50.0000% to 34.4000%"),
        # 3 + (L - 100) + 0.98 (100 - L) is above 0.0198 L at every price.
        (Side.SHORT, "0.02", None),
    ],
)
def test_less_of_one_of_two_equal_legs_goes_where_neither_way_is_nearer(
    side: Side, part: str, objects: str | None
) -> None:
    # Both together keep 0.02 L, which is the 3 there are at 150.
    legs = [a_position(each) for each in Side]
    marks = {Symbol("BTCUSDT"): D(100)}
    before = stands(cross(D(3), *((leg, a_contract()) for leg in legs)), a_position(side).id, marks, ZERO)
    intent = ReducePosition(id=before.id, quantity=D(part))
    refused = objection(intent, before, before.after(intent))
    assert (refused and refused[1]) == objects
