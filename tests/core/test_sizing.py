"""The guard shrinks and refuses, never enlarges: quantities, steps, minimums, capabilities."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.capabilities import Capabilities, Capability
from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import AccountRead
from bot.core.intents import (
    AddMargin,
    Intent,
    MoveStop,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
)
from bot.core.settings import Limits
from bot.core.types import AccountName, PositionId, Side
from bot.core.wake import Always
from tests.building.core import (
    BTC,
    CROSS,
    ISOLATED,
    LONG,
    SHORT,
    D,
    Desk,
    a_contract,
    a_position,
    of,
    says,
)


def said(intent: Intent, *, id_: PositionId = LONG, **desk: Any) -> Action | Refusal:
    """What the guard makes of one intent for a position of 1 at a mark of 100."""
    at = Desk(says("rule", intent, when=Always()), **desk)
    decisions = at.holds(a_position(id_))
    (answer,) = [d for d in decisions if isinstance(d, Action | Refusal)]
    return answer


def let_through(intent: Intent, **desk: Any) -> Intent:
    answer = said(intent, **desk)
    assert isinstance(answer, Action), answer
    return answer.intent


def refused(intent: Intent, **desk: Any) -> Because:
    answer = said(intent, **desk)
    assert isinstance(answer, Refusal), answer
    return answer.because


def reduce(quantity: str, **more: Decimal) -> ReducePosition:
    return ReducePosition(id=LONG, quantity=D(quantity), **more)


NEVER_WHOLE = Limits(close_whole_below_minimum=False)
COARSE = [a_contract(lot=D("0.1"), min_quantity=D("0.3"))]

# -- reductions ---------------------------------------------------------------------------------------


def test_a_reduction_is_rounded_down_to_the_lot() -> None:
    assert let_through(reduce("0.4999")) == reduce("0.499")


def test_no_more_is_closed_than_is_held() -> None:
    assert let_through(reduce("7")) == reduce("1")


def test_a_position_off_the_lot_can_be_closed_whole() -> None:
    desk = Desk(says("rule", reduce("5"), when=Always()))
    decisions = desk.holds(a_position(LONG, "0.99995"))
    assert [a.intent for a in of(Action, decisions)] == [reduce("0.99995")]


@pytest.mark.parametrize("quantity", ["0.0004", "0.29", "0.299999"])
def test_a_reduction_below_the_minimum_closes_all_where_the_policy_allows(quantity: str) -> None:
    assert let_through(reduce(quantity), contracts=COARSE) == reduce("1")
    assert refused(reduce(quantity), contracts=COARSE, limits=NEVER_WHOLE) is Because.MINIMUM


def test_a_reduction_at_the_minimum_is_no_whole_close() -> None:
    assert let_through(reduce("0.3"), contracts=COARSE) == reduce("0.3")


def test_a_rest_below_the_minimum_is_not_left_behind() -> None:
    assert let_through(reduce("0.7"), contracts=COARSE) == reduce("0.7")
    assert let_through(reduce("0.8"), contracts=COARSE) == reduce("1")
    assert refused(reduce("0.8"), contracts=COARSE, limits=NEVER_WHOLE) is Because.MINIMUM


def test_no_least_notional_is_asked_of_a_reduction() -> None:
    contracts = [a_contract(min_notional=D(20))]
    assert let_through(reduce("0.199"), contracts=contracts) == reduce("0.199")


def test_all_of_a_position_below_the_minimum_can_still_be_closed() -> None:
    contracts = [a_contract(min_quantity=D(5), min_notional=D(1000))]
    assert let_through(reduce("1"), contracts=contracts, limits=NEVER_WHOLE) == reduce("1")


@pytest.mark.parametrize("quantity", ["0", "-0.5"])
def test_closing_nothing_is_refused_and_closes_nothing(quantity: str) -> None:
    assert refused(reduce(quantity)) is Because.MINIMUM


def test_a_whole_close_takes_the_announced_margin_back() -> None:
    assert let_through(reduce("0.1", then_add=D(3)), contracts=COARSE) == reduce("1")


@given(
    held=st.decimals("0.001", "50", places=3),
    asked=st.decimals("-1", "60", places=5),
    lot=st.sampled_from([D("0.001"), D("0.01"), D("0.1"), D(1)]),
    least=st.decimals("0", "2", places=2),
    whole=st.booleans(),
)
def test_a_reduction_is_on_the_lot_or_whole_and_never_rounded_up(
    held: Decimal, asked: Decimal, lot: Decimal, least: Decimal, whole: bool
) -> None:
    desk = Desk(
        says("rule", ReducePosition(id=LONG, quantity=asked), when=Always()),
        contracts=[a_contract(lot=lot, min_quantity=least)],
        limits=Limits(close_whole_below_minimum=whole),
    )
    for action in of(Action, desk.holds(a_position(LONG, str(held), margin="1000"))):
        assert isinstance(action.intent, ReducePosition)
        quantity = action.intent.quantity
        assert 0 < quantity <= held
        if quantity != held:
            assert quantity <= asked
            assert quantity % lot == 0
            assert least <= quantity
            assert least <= held - quantity


# -- stops --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PlaceStop, MoveStop])
def test_a_stop_is_rounded_to_the_tick_toward_the_mark(kind: type[PlaceStop] | type[MoveStop]) -> None:
    assert let_through(kind(id=LONG, trigger=D("93.41"))) == kind(id=LONG, trigger=D("93.5"))
    short = kind(id=SHORT, trigger=D("106.49"))
    assert let_through(short, id_=SHORT) == kind(id=SHORT, trigger=D("106.4"))


@pytest.mark.parametrize("trigger", ["90", "89.9", "0.1", "100", "100.1", "0", "-3"])
def test_a_stop_that_is_not_between_liquidation_and_mark_is_refused(trigger: str) -> None:
    assert refused(PlaceStop(id=LONG, trigger=D(trigger))) is Because.WRONG_SIDE


@pytest.mark.parametrize("trigger", ["90.1", "99.9"])
def test_a_stop_just_between_is_let_through(trigger: str) -> None:
    assert let_through(PlaceStop(id=LONG, trigger=D(trigger))) == PlaceStop(id=LONG, trigger=D(trigger))


@pytest.mark.parametrize(
    ("trigger", "fits"), [("110", False), ("109.9", True), ("100.1", True), ("100", False), ("95", False)]
)
def test_the_stop_of_a_short_lies_above_the_mark_and_below_liquidation(trigger: str, fits: bool) -> None:
    answer = said(PlaceStop(id=SHORT, trigger=D(trigger)), id_=SHORT)
    assert isinstance(answer, Action) is fits


def test_a_stop_rounded_onto_the_mark_is_refused() -> None:
    assert refused(PlaceStop(id=LONG, trigger=D("99.95"))) is Because.WRONG_SIDE


def test_without_a_liquidation_price_a_stop_only_has_to_be_behind_the_mark() -> None:
    desk = Desk(says("rule", PlaceStop(id=LONG, trigger=D("0.1")), when=Always()))
    assert len(of(Action, desk.holds(a_position(margin="100", leverage=D(1))))) == 1
    desk = Desk(says("rule", PlaceStop(id=LONG, trigger=D("-1")), when=Always()))
    assert of(Action, desk.holds(a_position(margin="100", leverage=D(1)))) == []


# -- take profits -------------------------------------------------------------------------------------


def profit(trigger: str, quantity: str, id_: PositionId = LONG) -> PlaceTakeProfit:
    return PlaceTakeProfit(id=id_, trigger=D(trigger), quantity=D(quantity))


def test_a_take_profit_is_sized_like_any_reduction_and_lies_ahead_of_the_mark() -> None:
    assert let_through(profit("105", "0.5")) == profit("105", "0.5")
    assert let_through(profit("105.07", "3.0001")) == profit("105", "1")
    assert let_through(profit("95.02", "0.4999", SHORT), id_=SHORT) == profit("95.1", "0.499", SHORT)
    assert refused(profit("100", "0.5")) is Because.WRONG_SIDE
    assert refused(profit("105", "0.5", SHORT), id_=SHORT) is Because.WRONG_SIDE
    assert refused(profit("105", "0")) is Because.MINIMUM
    assert refused(profit("105", "0.1"), contracts=COARSE) is Because.MINIMUM


# -- capabilities -------------------------------------------------------------------------------------


def test_what_the_venue_cannot_do_is_refused_with_its_reason_and_a_substitute() -> None:
    no = Capability(works=False, because="the venue answers -4161", substitute="AddMargin")
    able = Capabilities(venue="somewhere", levers={("ReducePosition", ISOLATED): no})
    answer = said(reduce("0.5"), able=able)
    assert isinstance(answer, Refusal)
    assert answer.because is Because.CAPABILITY
    assert answer.text == "the venue answers -4161; use AddMargin"


def test_a_lever_nobody_listed_is_a_no() -> None:
    answer = said(reduce("0.5"), able=Capabilities(venue="somewhere"))
    assert isinstance(answer, Refusal)
    assert answer.text == "somewhere has no ReducePosition in isolated mode"


def test_an_account_without_declared_capabilities_can_do_nothing() -> None:
    stranger = PositionId(AccountName("stranger"), BTC, Side.LONG)
    desk = Desk(says("rule", AddMargin(id=stranger, amount=D(1)), when=Always()))
    desk.free[stranger.account] = D(100)
    desk.fold(desk.balance(stranger.account), AccountRead(at_ms=desk.now_ms, account=stranger.account))
    (refusal,) = of(Refusal, desk.holds(a_position(stranger)))
    assert refusal.because is Because.CAPABILITY


def test_margin_cannot_be_added_in_cross() -> None:
    desk = Desk(says("rule", AddMargin(id=LONG, amount=D(1)), when=Always()))
    (refusal,) = of(Refusal, desk.holds(a_position(mode=CROSS)))
    assert refusal.because is Because.CAPABILITY
    assert refusal.text == "no isolated margin in cross; use ReducePosition"
