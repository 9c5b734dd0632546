"""What is remembered of a lot, and the break-even price it leads to."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.contracts import ContractKind
from bot.core.facts import FundingPaid
from bot.core.held.lots import NO_LOT, Lot
from bot.core.margin.arithmetic import break_even, profit
from bot.core.types import OrderKind, PositionId
from tests.building.core import LONG, SHORT, T0, D, Desk, a_contract, a_position, a_stop
from tests.core.test_carried import restarted


def lot(desk: Desk, id_: PositionId = LONG) -> Lot:
    """As it would be handed on to the next run."""
    (known,) = (record.lot for record in desk.engine.carried().positions if record.id == id_)
    return known


def test_a_lot_knows_how_large_it_was_and_when_it_was_seen_first() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.now_ms += 5_000
    desk.holds(a_position(quantity="3"))
    desk.holds(a_position(quantity="2"))
    assert (lot(desk).largest, lot(desk).since_ms) == (D(3), T0)
    desk.holds(a_position(opened_ms=desk.now_ms))
    assert (lot(desk).largest, lot(desk).since_ms) == (D(1), desk.now_ms)


@pytest.mark.parametrize(
    ("id_", "stops", "first"),
    [
        (LONG, ("96", "98", "101"), "98"),
        (SHORT, ("104", "102", "99"), "102"),
    ],
)
def test_the_stop_it_began_with_is_the_nearest_on_the_losing_side(
    id_: PositionId, stops: tuple[str, ...], first: str
) -> None:
    desk = Desk()
    desk.holds(a_position(id_))
    desk.rests(a_stop(stops[2], id_), id_=id_)
    assert lot(desk, id_).first_stop is None
    desk.rests(*(a_stop(price, id_) for price in stops), id_=id_)
    assert lot(desk, id_).first_stop == D(first)
    desk.rests(id_=id_)
    assert lot(desk, id_).first_stop == D(first)


def test_a_stop_that_was_there_before_its_position_was_seen_counts() -> None:
    desk = Desk()
    desk.rests(a_stop("98"), a_stop("110", kind=OrderKind.TAKE_PROFIT_MARKET))
    desk.holds(a_position())
    assert (lot(desk).first_stop, lot(desk).first_target) == (D(98), D(110))


def test_another_lot_begins_anew_also_where_the_venue_does_not_tell_them_apart() -> None:
    for opened_ms in (T0, 0):
        desk = Desk()
        desk.holds(a_position(opened_ms=opened_ms))
        desk.rests(a_stop("98"))
        desk.rests()
        desk.closed()
        desk.holds(a_position(opened_ms=opened_ms and T0 + 1, entry=D("100.1")))
        assert lot(desk).first_stop is None


def test_a_restart_hands_it_on() -> None:
    desk = Desk()
    desk.holds(a_position())
    desk.rests(a_stop("98"))
    desk.fold(FundingPaid(at_ms=T0, id=LONG, rate=D("0.01"), amount=D(-1)))
    desk.rests()
    assert lot(restarted(desk)) == lot(desk)
    assert (lot(desk).first_stop, lot(desk).funding_each) == (D(98), D(-1))


def test_funding_is_remembered_per_unit_and_diluted_by_what_is_added() -> None:
    held = NO_LOT.seen(a_position(quantity="2"), T0).paid(D(-1), D(2))
    assert held.funding_each == D("-0.5")
    assert held.seen(a_position(quantity="1"), T0).funding_each == D("-0.5")
    assert held.seen(a_position(quantity="4"), T0).funding_each == D("-0.25")


@pytest.mark.parametrize("kind", list(ContractKind))
@pytest.mark.parametrize("id_", [LONG, SHORT])
@pytest.mark.parametrize("funding", ["-0.002", "0.001", "0"])
def test_break_even_is_where_fees_and_funding_are_got_back(
    kind: ContractKind, id_: PositionId, funding: str
) -> None:
    contract, fee = replace(a_contract(), kind=kind), D("0.001")
    each = D(funding) * (1 if kind is ContractKind.LINEAR else D("0.0001"))
    position = a_position(id_, "10")
    price = break_even(position, contract, taker_fee=fee, funding=each)
    assert price is not None
    fees = fee * (contract.notional(D(10), D(100)) + contract.notional(D(10), price))
    got = profit(position, contract, D(10), price) - fees + 10 * each
    assert abs(got) < Decimal("1E-20")


def test_who_has_received_more_than_the_position_is_worth_has_no_break_even() -> None:
    assert break_even(a_position(), a_contract(), taker_fee=D(0), funding=D(101)) is None
