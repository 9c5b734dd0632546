"""Who is liquidated, at which price, and who pays: figures worked out by hand."""

from typing import Any

import pytest

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.facts import InstrumentChanged, Liquidated, OrdersChanged, PositionChanged
from bot.core.intents import AddMargin
from bot.core.margin.rules import MaintenanceAt, TierUnit
from bot.core.types import MarginMode, OrderKind
from bot.venues.paper import MarketModel, PaperExchange
from bot.venues.paper.liquidation import step_down
from tests.venues.paper.desk import (
    BTC,
    ETH,
    ETH_LONG,
    LONG,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    an_order,
    fund,
    go,
    holding,
    of,
    position,
    resting,
    the,
    wallet,
    with_long,
)


def the_liquidation(exchange: PaperExchange, price: str, *, gap: bool = False) -> Liquidated:
    (fact,) = of(Liquidated, go(exchange, price, gap=gap))
    return fact


def test_an_isolated_position_is_taken_over_at_its_bankruptcy_price() -> None:
    exchange = with_long(a_contract(liquidation_fee=D("0.005")), fund="100")
    (batch,) = go(exchange, "85")
    assert {type(f) for f in batch} == {Liquidated, PositionChanged}
    (fact,) = of(Liquidated, [batch])
    assert (fact.id, fact.quantity, fact.price) == (LONG, D(1), D(90))
    # Liquidated at 90.909, sold on the tick at 90.9: of the 0.9 above bankruptcy 0.005 * 90.9 is the fee.
    assert fact.fee == D("0.4545")
    assert fund(exchange) == D("100.9")
    assert wallet(exchange) == D(990)


def test_a_gap_below_bankruptcy_is_the_funds_loss() -> None:
    exchange = with_long(a_contract(liquidation_fee=D("0.005")), fund="100")
    fact = the_liquidation(exchange, "85", gap=True)
    assert (fact.price, fact.fee) == (D(90), D(0))
    assert fund(exchange) == D(95)
    assert wallet(exchange) == D(990)


def test_a_short_is_taken_over_above() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(SHORT))
    assert the_liquidation(exchange, "109", gap=True).price == D(110)
    assert fund(exchange) == D(1)


def test_the_engine_sells_against_the_same_book_as_everyone() -> None:
    # 1 % per 45: selling 90 moves the price by 2 %, on average 1 %: 90 * 0.99 = 89.1.
    exchange = with_long(model=MarketModel(depth={BTC: D(45)}), fund="100")
    the_liquidation(exchange, "90", gap=True)
    assert fund(exchange) == D("99.1")


def test_what_the_book_does_not_hold_goes_at_its_far_end() -> None:
    exchange = with_long(model=MarketModel(depth={BTC: D(1)}), fund="100")
    the_liquidation(exchange, "90", gap=True)
    # 5 % below 90.
    assert fund(exchange) == D("95.5")


def test_a_cross_position_alone_takes_the_whole_wallet() -> None:
    exchange = an_exchange(balance="12")
    exchange.open(0, holding(cross=True))
    exchange.submit(0, an_order(OrderKind.LIMIT, limit="50", quantity="0.001", mode=MarginMode.CROSS))
    exchange.submit(0, an_order(OrderKind.STOP_MARKET, name="sl", trigger="60", quantity="1", reduces=True))
    batches = go(exchange, "80")
    (fact,) = of(Liquidated, batches)
    # 12 + (m - 100) = 0.01 m at 88.888; nothing is left at 88.
    assert fact.price == D(88)
    assert wallet(exchange) == D(0)
    assert resting(exchange) == {}
    assert fund(exchange) == D("0.8")


def two_in_cross(fee: str = "0", balance: str = "15") -> PaperExchange:
    contracts = [a_contract(s, liquidation_fee=D(fee)) for s in (BTC, ETH)]
    exchange = an_exchange(*contracts, balance=balance, fund="100")
    for id_ in (LONG, ETH_LONG):
        exchange.open(0, holding(id_, leverage="20", cross=True))
    return exchange


def test_in_cross_the_largest_requirement_goes_first_and_may_save_the_rest() -> None:
    exchange = two_in_cross("0.001")
    # Equity 15 - 14 = 1, requirement 0.86 + 1. Selling the other one at 100 costs a fee of 0.1 only, and
    # 0.9 is above 0.86.
    fact = the_liquidation(exchange, "86", gap=True)
    assert (fact.id, fact.price, fact.fee) == (ETH_LONG, D(100), D("0.1"))
    assert position(exchange, LONG) is not None
    assert wallet(exchange) == D("14.9")
    assert fund(exchange) == D("100.1")


def test_in_cross_what_the_fee_eats_can_kill_the_rest() -> None:
    exchange = two_in_cross("0.005")
    batches = go(exchange, "86", gap=True)
    assert len(batches) == 1
    first, second = of(Liquidated, batches)
    assert (first.id, first.fee) == (ETH_LONG, D("0.5"))
    # 14.5 behind a long of 1 at 100: bankrupt at 85.5, sold at 86, of which 0.43 would be the fee.
    assert (second.id, second.price, second.fee) == (LONG, D("85.5"), D("0.43"))
    assert wallet(exchange) == 0
    assert fund(exchange) == D(101)


def test_a_cross_pool_never_ends_below_zero() -> None:
    exchange = two_in_cross()
    first, second = of(Liquidated, go(exchange, "80", gap=True))
    # 15 - 20 = -5: the first is taken over at a price that makes up for it, the fund pays 5.
    assert (first.id, first.price) == (ETH_LONG, D(105))
    assert (second.id, second.price) == (LONG, D(80))
    assert wallet(exchange) == 0
    assert fund(exchange) == D(95)


def test_a_cross_liquidation_cancels_the_orders_of_the_pool_only() -> None:
    exchange = an_exchange(a_contract(), a_contract(ETH), balance="60")
    exchange.open(0, holding(cross=True, leverage="20", quantity="2"))
    exchange.open(0, holding(ETH_LONG, leverage="10"))
    stop = OrderKind.STOP_MARKET
    exchange.submit(0, an_order(stop, LONG, "mine", trigger="60", quantity="1", reduces=True))
    exchange.submit(0, an_order(stop, ETH_LONG, "its", trigger="60", quantity="1", reduces=True))
    batches = go(exchange, "70", gap=True)
    assert [f.id for f in of(Liquidated, batches)] == [LONG]
    assert list(resting(exchange)) == ["its"]
    assert [f.id for f in of(OrdersChanged, batches)] == [LONG]


TIERS = (
    Tier(floor=D(0), cap=D(50), rate=D("0.01")),
    Tier(floor=D(50), cap=None, rate=D("0.05"), deduction=D(2)),
)


def stepping(**changes: Any) -> Contract:
    return a_contract(tiers=TIERS, liquidation_steps=True, **changes)


def test_a_venue_that_works_in_steps_reduces_to_the_tier_below() -> None:
    exchange = with_long(stepping())
    # 10 + (m - 100) = 0.05 m - 2 at 88 / 0.95 = 92.631; what stays is 50 / 92.631 down to the lot = 0.539.
    (fact,) = of(Liquidated, go(exchange, "92"))
    assert (fact.quantity, fact.price) == (D("0.461"), D(90))
    held = the(exchange)
    assert (held.quantity, held.margin) == (D("0.539"), D("5.39"))
    assert wallet(exchange) == D(990)
    # It lost 4.61 of margin, and sold at 92.6 the part had lost 0.461 * 7.4 = 3.4114.
    assert fund(exchange) == D("1.1986")
    # In the lowest tier it lives until 90.909 and then goes whole.
    assert go(exchange, "91") == ()
    assert the_liquidation(exchange, "90").quantity == D("0.539")


def test_at_the_edge_of_a_tier_a_step_still_takes_something() -> None:
    # 1663.2 at 277.2 are exactly six coins, and a hair more with a reciprocal of 28 digits.
    tiers = tuple(
        Tier(floor=D(floor), cap=cap, rate=D(rate))
        for floor, cap, rate in ((0, D(2), "0.01"), (2, D(6), "0.02"), (6, None, "0.05"))
    )
    inverse = a_contract(kind=ContractKind.INVERSE, lot=D("0.1"), tiers=tiers, liquidation_steps=True)
    # Down to two coins, which are 554.4, and the lot that rounding costs.
    assert D("1108.8") <= step_down(inverse, D("1663.2"), D("277.2")) <= D("1108.9")


def test_steps_work_in_cross_and_in_contracts_too() -> None:
    tiers = (Tier(floor=D(0), cap=D(5), rate=D("0.01")), Tier(floor=D(5), cap=None, rate=D("0.05")))
    contract = a_contract(
        tiers=tiers,
        liquidation_steps=True,
        tier_unit=TierUnit.CONTRACTS,
        tier_deduction=False,
        contract_size=D("0.1"),
    )
    exchange = an_exchange(contract, balance="10")
    exchange.open(0, holding(cross=True))
    # 10 + (m - 100) = 0.05 m at 94.736: half goes at 90 and costs half of the 10.
    fact = the_liquidation(exchange, "94")
    assert (fact.quantity, fact.price) == (D("0.5"), D(90))
    assert wallet(exchange) == D(5)
    assert the(exchange).quantity == D("0.5")


def test_a_hedged_pair_dies_of_a_requirement_that_grows() -> None:
    exchange = an_exchange(hedge=True, balance="3")
    for id_ in (LONG, SHORT):
        exchange.open(0, holding(id_, cross=True, leverage="100"))
    assert go(exchange, "149.9", gap=True) == ()
    # 3 of equity, 2 % of 150 required: the long is sold with 50 of profit, the short keeps 53 - 50.
    (fact,) = of(Liquidated, go(exchange, "150", gap=True))
    assert (fact.id, fact.price) == (LONG, D(150))
    assert position(exchange, SHORT) is not None
    assert wallet(exchange) == D(53)


def test_stricter_tiers_liquidate_at_once() -> None:
    exchange = with_long()
    stricter = a_contract(tiers=(Tier(floor=D(0), cap=None, rate=D("0.1")),))
    (batch,) = exchange.listing.change_tiers(1, stricter)
    assert isinstance(batch[0], InstrumentChanged)
    assert of(Liquidated, [batch])[0].price == D(90)


def test_stricter_tiers_move_the_wire() -> None:
    exchange = with_long()
    exchange.listing.change_tiers(1, a_contract(tiers=(Tier(floor=D(0), cap=None, rate=D("0.04")),)))
    # 90 / 0.96
    assert exchange.wires(BTC).mark.low == D("93.8")


@pytest.mark.parametrize(
    ("added", "first_dead"),
    # Bybit help, Adjust Margin on position: a long of 1 at 10000 is liquidated at 9500,
    # and at 8500 once 1000 is added.
    [(None, "9500"), ("1000", "8500")],
)
def test_the_published_example_of_added_margin(added: str | None, first_dead: str) -> None:
    contract = a_contract(
        family="bybit",
        tiers=(Tier(floor=D(0), cap=None, rate=D("0.0125")),),
        maintenance_at=MaintenanceAt.ENTRY,
    )
    exchange = an_exchange(contract, balance="100000", price="10000")
    exchange.open(0, holding(leverage="16"))
    if added:
        exchange.execute(0, an_action(AddMargin(id=LONG, amount=D(added))))
    assert go(exchange, str(D(first_dead) + D("0.1")), gap=True) == ()
    assert of(Liquidated, go(exchange, first_dead, gap=True))


def test_the_published_example_of_scaling_in() -> None:
    contract = a_contract(
        family="bybit",
        tiers=(Tier(floor=D(0), cap=None, rate=D("0.0125")),),
        maintenance_at=MaintenanceAt.ENTRY,
    )
    exchange = an_exchange(contract, balance="100000", price="10000")
    exchange.open(0, holding(leverage="16"))
    exchange.execute(0, an_action(AddMargin(id=LONG, amount=D(1000))))
    exchange.submit(0, an_order(quantity="1"))
    assert exchange.wires(BTC).mark.low == D(9000)


def test_the_published_example_of_an_isolated_long() -> None:
    # Binance FAQ b3c689c1: 109.488 at 32481.98 with 1535443.01 behind it, 2.5 % and 16300: 18778.73.
    tiers = (Tier(floor=D(0), cap=None, rate=D("0.025"), deduction=D(16300)),)
    exchange = an_exchange(a_contract(tiers=tiers, tick=D("0.01")), balance="2000000", price="32481.98")
    exchange.open(0, holding(quantity="109.488", leverage="5", margin="1535443.01"))
    assert abs(exchange.wires(BTC).mark.low - D("18778.73")) <= D("0.02")  # type: ignore[operator]  # it has one


def test_the_liquidation_fee_takes_no_more_than_is_left() -> None:
    exchange = two_in_cross("0.02")
    first, second = of(Liquidated, go(exchange, "86", gap=True))
    # 2 % of 100 would be 2, but only 15 - 14 is left.
    assert (first.id, first.fee) == (ETH_LONG, D(1))
    assert (second.id, second.price, second.fee) == (LONG, D(86), D(0))
    assert fund(exchange) == D(101)


def test_orders_that_would_open_in_cross_are_part_of_the_pool() -> None:
    exchange = an_exchange(a_contract(), a_contract(ETH), balance="30")
    exchange.open(0, holding(cross=True))
    limit = OrderKind.LIMIT
    exchange.submit(0, an_order(limit, ETH_LONG, "c", limit="50", quantity="0.1", mode=MarginMode.CROSS))
    exchange.submit(0, an_order(limit, SHORT, "i", limit="150", quantity="0.1", leverage="10"))
    assert of(Liquidated, go(exchange, "60", gap=True))
    assert list(resting(exchange)) == ["i"]
