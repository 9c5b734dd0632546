"""Partial close: makes the position smaller by one of three measures, and says which."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Refusal
from bot.core.intents import AddMargin, ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.partial_close import PartialClose, PartialCloseParams
from tests.building.core import CROSS, ETH_LONG, LONG, SHORT, D, Desk, a_contract, a_position, of


def closing(**params: Any) -> RuleEntry:
    return RuleEntry(rule=PartialClose(RuleName("partial_close"), PartialCloseParams(**params)))


def reduction(desk: Desk) -> ReducePosition:
    (action,) = of(Action, desk.steps[-1].decisions)
    assert isinstance(action.intent, ReducePosition)
    return action.intent


# -- a fraction ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    # 5 %: 90 / 0.95 = 94.73.., 110 / 1.05 = 104.76..
    ("id_", "quiet", "loud"),
    [(LONG, "94.8", "94.7"), (SHORT, "104.7", "104.8")],
)
def test_a_fraction_is_closed_when_liquidation_is_nearer_than_its_trigger(
    id_: PositionId, quiet: str, loud: str
) -> None:
    desk = Desk(closing(fraction="0.25"))
    desk.holds(a_position(id_, "2", margin="27.2" if id_ == LONG else "28.8"))
    assert of(Action, desk.mark(quiet)) == []
    desk.mark(loud)
    assert reduction(desk) == ReducePosition(id=id_, quantity=D("0.5"))
    assert "closing 25%" in of(Action, desk.steps[-1].decisions)[0].reason


def test_a_fraction_leaves_an_isolated_liquidation_price_where_it_is() -> None:
    desk = Desk(closing(fraction="0.5"))
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("94"))
    assert action.distance_before == action.distance_after == D(4) / D(94)


def test_the_whole_is_a_fraction_too() -> None:
    desk = Desk(closing(fraction="1"))
    desk.holds(a_position(), mark="94")
    assert reduction(desk).quantity == 1


def test_a_fraction_below_the_lot_closes_all_or_nothing_by_policy() -> None:
    coarse = [a_contract(min_quantity=D("0.5"))]
    desk = Desk(closing(fraction="0.1"), contracts=coarse)
    desk.holds(a_position(), mark="94")
    assert reduction(desk).quantity == 1
    desk = Desk(closing(fraction="0.1"), contracts=coarse, limits=Limits(close_whole_below_minimum=False))
    desk.holds(a_position(), mark="94")
    assert [r.because for r in of(Refusal, desk.steps[-1].decisions)] == [Because.MINIMUM]


def test_it_acts_at_most_so_often_per_lot() -> None:
    desk = Desk(closing(fraction="0.5", max_times=2), limits=Limits(cooldown_ms=0))
    desk.holds(a_position(), mark="94")
    while of(Action, desk.steps[-1].decisions):
        desk.works(of(Action, desk.steps[-1].decisions)[0])
    assert desk.positions[LONG].quantity == D("0.25")
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict == "quiet until something changes: a part was closed 2 times already"


# -- close and re-add ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "mark"),
    [(LONG, "94"), (SHORT, "106")],
)
def test_it_closes_and_re_adds_what_reaches_the_distance(id_: PositionId, mark: str) -> None:
    desk = Desk(closing(restore_to="0.09"), limits=Limits(cooldown_ms=0))
    desk.holds(a_position(id_), mark=mark)
    intent = reduction(desk)
    assert 0 < intent.quantity < 1
    assert intent.then_add > 0
    (action,) = of(Action, desk.steps[-1].decisions)
    assert action.distance_after is not None
    assert action.distance_after >= D("0.09")
    assert f"re-adding {intent.then_add}" in action.reason
    desk.works(action)
    (back,) = of(Action, desk.steps[-1].decisions)
    assert back.intent == AddMargin(id=id_, amount=intent.then_add)
    desk.works(back)
    distance = desk.engine.distance(id_)
    assert distance is not None
    assert distance >= D("0.09")
    assert of(Action, desk.steps[-1].decisions) == []


def test_how_much_it_closes_can_be_worked_out_by_hand() -> None:
    # At 94 the wanted liquidation is 85.54, 85.5 on the tick: a unit must keep 100 - 0.96 * 85.5 = 17.92.
    # It keeps 13.6 and lost 6: a unit closed hands 7.6 back, a unit left wants 4.32 more. So 4.32 / 11.92 of
    # it must go, 0.363 on the lot; but 0.363 * 7.6 is 2.75 in cents and 0.637 * 4.32 is 2.76. One lot more,
    # and 2.76 come free for 2.75.
    desk = Desk(closing(restore_to="0.09"))
    desk.holds(a_position(), mark="94")
    assert reduction(desk) == ReducePosition(id=LONG, quantity=D("0.364"), then_add=D("2.75"))


def test_where_no_part_is_enough_it_closes_all() -> None:
    # A unit closed at 90.1 hands 3.7 back, a unit left wants 7.776 more: half of it is not enough.
    desk = Desk(closing(restore_to="0.09"), contracts=[a_contract(lot=D("0.5"))])
    desk.holds(a_position(), mark="90.1")
    assert reduction(desk) == ReducePosition(id=LONG, quantity=D(1))
    (action,) = of(Action, desk.steps[-1].decisions)
    assert "no smaller close" in action.reason
    assert action.distance_after is None


def test_in_cross_the_close_alone_moves_liquidation() -> None:
    # 20 behind 2 longs: (200 - 20) / 1.92 = 93.75, 93.8 on the tick; 98 is 4.3 % away from it.
    desk = Desk(closing(restore_to="0.09"), free="20")
    desk.holds(a_position(LONG, "2", mode=CROSS), mark="98")
    intent = reduction(desk)
    # Wanted: 98 * 0.91 = 89.18, 89.1 on the tick. 16 of equity; a unit needs 98 - 0.96 * 89.1 = 12.464.
    assert intent == ReducePosition(id=LONG, quantity=D("0.717"))
    assert "re-adding" not in of(Action, desk.steps[-1].decisions)[0].reason
    (action,) = of(Action, desk.steps[-1].decisions)
    assert action.distance_after is not None
    assert action.distance_after >= D("0.09")


def test_the_smaller_leg_of_a_hedge_is_left_alone() -> None:
    desk = Desk(closing(below="0.5", fraction="0.5"), free="40")
    desk.holds(a_position(LONG, "2", mode=CROSS), a_position(SHORT, "1", mode=CROSS))
    assert [a.id for a in of(Action, desk.steps[-1].decisions)] == [LONG]
    assert of(Refusal, desk.steps[-1].decisions) == []


def test_in_cross_each_position_is_judged_for_itself() -> None:
    desk = Desk(closing(below="0.2", fraction="0.5"), free="40")
    desk.holds(a_position(LONG, "1", mode=CROSS), a_position(ETH_LONG, "4", mode=CROSS))
    # For BTC 24 are left beside what ETH keeps: 79.1..; for ETH 36 of 4: (400 - 36) / 3.84 = 94.79..
    assert [a.id for a in of(Action, desk.steps[-1].decisions)] == [ETH_LONG]


# -- capping the loss ---------------------------------------------------------------------------------


def test_it_closes_what_caps_the_loss_at_liquidation() -> None:
    # At 94 the equity of 7.6 is what liquidation would cost; of 3.8 half the position is left.
    desk = Desk(closing(loss_cap="3.8"))
    desk.holds(a_position(), mark="94")
    assert reduction(desk) == ReducePosition(id=LONG, quantity=D("0.5"))
    assert "capping the loss at 3.8" in of(Action, desk.steps[-1].decisions)[0].reason


def test_the_fee_of_the_close_is_part_of_the_loss() -> None:
    # One per cent of 94 goes with each unit: 7.6 - 0.94 = 6.66 are saved per unit; 3.8 / 6.66 = 0.5705..
    desk = Desk(closing(loss_cap="3.8"), taker_fee=D("0.01"))
    desk.holds(a_position(), mark="94")
    assert reduction(desk).quantity == D("0.571")


def test_a_loss_within_the_cap_is_left_alone() -> None:
    desk = Desk(closing(loss_cap="7.6"))
    desk.holds(a_position(), mark="94")
    assert of(Action, desk.steps[-1].decisions) == []
    assert of(Refusal, desk.steps[-1].decisions) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "got none"),
        ({"fraction": "0.5", "loss_cap": "5"}, "fraction and loss_cap"),
        ({"fraction": "0.5", "restore_to": "0.1"}, "restore_to and fraction"),
        ({"fraction": "0"}, "fraction"),
        ({"fraction": "1.1"}, "fraction"),
        ({"loss_cap": "0"}, "loss_cap"),
        ({"loss_cap": "inf"}, "loss_cap"),
        ({"restore_to": "1"}, "restore_to"),
        ({"below": "0.1", "restore_to": "0.1"}, "must be above below"),
        ({"below": "0", "fraction": "0.5"}, "below"),
        ({"fraction": "0.5", "max_times": 0}, "max_times"),
        ({"fraction": "0.5", "franction": "0.5"}, "franction"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PartialCloseParams(**params)


def test_every_parameter_is_documented() -> None:
    schema = PartialCloseParams.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())
    assert isinstance(PartialCloseParams(fraction=D("0.5")).below, Decimal)
