"""The sums that a patrol goes by: they are those of this pool at these marks, and of no others."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.margin.assess import assess
from bot.core.margin.pool import Pool
from bot.core.margin.sums import REACHES_MAX, PlainSums
from bot.core.types import ONE, Symbol
from tests.core.margin.pools import D, a_contract, a_position, cross, cross_pools, marks_near

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
MARKS = {BTC: D(90), ETH: D(10)}


def a_pool() -> Pool:
    btc = a_position(), a_contract()
    eth = a_position(symbol=ETH, quantity=D(2), entry=D(9)), a_contract(symbol=ETH)
    return cross(D(50), btc, eth)


def test_a_sum_is_of_all_symbols_or_of_all_but_one() -> None:
    sums = PlainSums(a_pool(), MARKS)
    # A wallet of 50; 10 lost on one, 2 gained on two; 1 % of 90 and of 20 have to be kept.
    assert sums.surplus(ONE, None) == D("40.9")
    assert sums.surplus(ONE, BTC) == D("51.8")
    assert sums.surplus(ONE, ETH) == D("39.1")
    assert sums.surplus(D(2), None) == D("82.9")


def test_they_fit_no_other_pool_and_no_other_marks() -> None:
    pool = a_pool()
    marks = dict(MARKS)
    sums = PlainSums(pool, marks)
    assert sums.fits(pool, MARKS)
    assert not sums.fits(a_pool(), MARKS)
    marks[ETH] = D(11)
    assert not sums.fits(pool, marks)
    assert sums.surplus(ONE, None) == D("40.9")


def test_a_line_of_the_same_pool_is_the_same_at_other_marks() -> None:
    pool = a_pool()
    sums = PlainSums(pool, MARKS)
    line = sums.curve(BTC)
    assert PlainSums(pool, MARKS | {BTC: D(80)}, sums.curves).curve(BTC) is line


def test_what_is_kept_of_one_position_does_not_grow_for_ever() -> None:
    pool = a_pool()
    sums = PlainSums(pool, MARKS)
    id_ = pool.holdings[0].position.id
    for number in range(10 * REACHES_MAX):
        sums.reaches_of(id_)[number] = number
    assert len(sums.reaches_of(id_)) <= REACHES_MAX + 1


@given(st.data(), cross_pools())
def test_they_agree_with_what_the_pool_is_worth(data: st.DataObject, pool: Pool) -> None:
    marks = data.draw(marks_near(pool))
    worth = assess(pool, marks)
    assert PlainSums(pool, marks).surplus(ONE, None) == worth.equity - worth.maintenance
