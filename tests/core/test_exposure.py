"""What an account could lose at worst, worked out by hand: 4 % maintenance, everything bought at 100."""

from typing import Any

from bot.core.contracts import ContractKind
from bot.core.held.exposure import Exposure, loss_of
from bot.core.margin.pool import Holding, Pool
from bot.core.types import MarginMode, Position, PositionId, Side, Symbol
from tests.building.core import BTC, CROSS, ISOLATED, LONG, MAIN, D, a_contract, a_position

Q = Symbol(f"{BTC}-Q1")
HEDGE = PositionId(MAIN, Q, Side.SHORT)
CONTRACTS = {BTC: a_contract(), Q: a_contract(Q, expiry_ms=1)}
AT_100 = {BTC: D(100), Q: D(100)}


def in_wallet(amount: str, *positions: Position) -> Pool:
    """A wallet with its cross positions."""
    return Pool(CROSS, D(amount), tuple(Holding(p, CONTRACTS[p.id.symbol]) for p in positions))


def alone(position: Position, **changes: Any) -> Pool:
    contract = a_contract(position.id.symbol, **changes) if changes else CONTRACTS[position.id.symbol]
    return Pool(ISOLATED, position.margin, (Holding(position, contract),))


def a_long(margin: str = "136", mode: MarginMode = ISOLATED) -> Position:
    """Of 10, liquidated at 90 if isolated."""
    return a_position(LONG, "10", margin=margin, mode=mode)


def a_short(margin: str = "500", mode: MarginMode = ISOLATED, **changes: Any) -> Position:
    return a_position(HEDGE, "10", margin=margin, mode=mode, **changes)


def test_an_isolated_position_loses_its_margin_and_no_more() -> None:
    # 5 % down takes 50; 10 % down leaves 136 - 100 = 36, which is what 4 % of 900 asks for: all is lost.
    held = Exposure(in_wallet("1000"), (alone(a_long()),))
    assert held.equity(AT_100) == D(1136)
    assert held.worst_loss(D(1136), {BTC: D(100)}, CONTRACTS) == D(136)


def test_a_hedge_loses_most_when_the_basis_widens_and_the_position_dies_all_the_same() -> None:
    # Worst is 10 % down with the quarterly 5 % dearer beside it: at 90 * 1.05 = 94.5 it earns 55 of the 136,
    # and its fee was 5. Up 30 % it loses 365 at 136.5, of which the long earns 300: 70 with the fee.
    before = Exposure(in_wallet("1000"), (alone(a_long()),))
    after = before.with_hedge(Holding(a_short(), CONTRACTS[Q]), D(5))
    assert after.shared.wallet == D(495)
    assert after.equity(AT_100) == D(1131)
    assert after.worst_loss(D(1136), AT_100, CONTRACTS) == D(86)


def test_in_one_pool_the_two_legs_carry_each_other() -> None:
    # The wallet of 200 keeps both: at worst, up 30 % and 5 % basis, the pair loses 365 - 300 = 65; the other
    # 135 are more than the 4 % of 1300 and of 1365. The long alone is dead 20 % down.
    before = Exposure(in_wallet("200", a_long(mode=CROSS)), ())
    after = before.with_hedge(Holding(a_short(mode=CROSS), CONTRACTS[Q]), D(0))
    assert before.worst_loss(D(200), {BTC: D(100)}, CONTRACTS) == D(200)
    assert after.worst_loss(D(200), AT_100, CONTRACTS) == D(65)


def test_a_hedge_made_larger_takes_the_place_of_the_one_there_is() -> None:
    held = Exposure(in_wallet("1000"), (alone(a_long()), alone(a_short("250"))))
    larger = held.with_hedge(Holding(a_short("600"), CONTRACTS[Q]), D(1))
    assert (larger.shared.wallet, len(larger.isolated)) == (D(649), 2)  # 350 more margin, and the fee.
    crossed = Exposure(in_wallet("1000", a_long(mode=CROSS), a_short(mode=CROSS)), ())
    again = crossed.with_hedge(Holding(a_short(mode=CROSS, leverage=D(2)), CONTRACTS[Q]), D(1))
    assert (again.shared.wallet, len(again.shared.holdings)) == (D(999), 2)


def test_what_a_closed_hedge_has_earned_is_in_the_wallet() -> None:
    # Sold at 100 and bought back at 60 it leaves 400, with its margin if it was isolated.
    marks = {BTC: D(60), Q: D(60)}
    isolated = Exposure(in_wallet("50"), (alone(a_long()), alone(a_short())))
    assert isolated.without(HEDGE, marks) == Exposure(in_wallet("950"), (alone(a_long()),))
    crossed = Exposure(in_wallet("200", a_long(mode=CROSS), a_short(mode=CROSS)), ())
    assert crossed.without(HEDGE, marks) == Exposure(in_wallet("600", a_long(mode=CROSS)), ())
    assert crossed.symbols == {BTC, Q}


def test_in_coins_a_fall_takes_more_than_the_rise_gives() -> None:
    # A long of 1000 dollars from 100 with a margin of 2 coins: 10 % down 10 - 1000 / 90 = -1.11, 20 % down
    # -2.5, which is more than there is.
    inverse = {"kind": ContractKind.INVERSE, "settlement": "BTC"}
    coins = alone(a_position(LONG, "1000", margin="2"), **inverse)
    held = Exposure(Pool(CROSS, D(0), ()), (coins,))
    assert held.worst_loss(D(2), {BTC: D(100)}, {}) == D(2)


def test_the_loss_in_a_move_is_that_of_the_price_and_a_gain_is_below_nothing() -> None:
    cross = Holding(a_long(mode=CROSS), CONTRACTS[BTC])
    assert loss_of(cross, D(80), D("-0.25")) == D(200)
    assert loss_of(cross, D(80), D("0.5")) == D(-400)
    # 10,000 of quote at 80 are 125 coins, at 60 they are 166.67: short of the coin by 41.67.
    inverse = Holding(
        a_position(LONG, "10000", mode=CROSS, entry=D(80)), a_contract(kind=ContractKind.INVERSE)
    )
    assert round(loss_of(inverse, D(80), D("-0.25")), 2) == D("41.67")


def test_an_isolated_position_that_is_liquidated_there_loses_what_is_left_of_it() -> None:
    # Bought at 100 with 136: at 95 there are 86 left. Liquidation is at 90, a fall of 5.3 % from there.
    isolated = Holding(a_long(), CONTRACTS[BTC])
    assert loss_of(isolated, D(95), D("-0.04")) == D(38)
    assert loss_of(isolated, D(95), D("-0.06")) == D(86)
    # Beyond its margin there is nothing to lose any more.
    assert loss_of(isolated, D(80), D("-0.1")) == 0
