"""The trailing stop: a multiple of the average range away, only ever in the position's favour."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import CommandKind
from bot.core.intents import MoveStop, PlaceStop
from bot.core.markets.indicators import Atr
from bot.core.rule import Needs
from bot.core.settings import RuleEntry
from bot.core.types import OrderKind, PositionId, RuleName
from strategies.atr_stop import AtrStop, AtrStopParams
from tests.building.core import CROSS, LONG, SHORT, D, Desk, a_position, a_stop, of

HOUR = 3_600_000


def atr_stop(**params: Any) -> RuleEntry:
    settings: dict[str, Any] = {"length": 1, "multiple": "1"} | params
    return RuleEntry(rule=AtrStop(RuleName("atr_stop"), AtrStopParams(**settings)))


def with_range(desk: Desk, mark: str, width: str = "2") -> list[Action]:
    """A mark, and a bar of that range around it: its true range too, if the last close is not too far."""
    desk.now_ms += HOUR
    desk.mark(mark)
    half = D(width) / 2
    bar = (mark, str(D(mark) + half), str(D(mark) - half), mark)
    return of(Action, desk.bar(*bar))


def standing(id_: PositionId = LONG, mark: str = "100", **params: Any) -> Desk:
    """A desk with a position and the stop that the rule placed for it."""
    desk = Desk(atr_stop(**params))
    desk.holds(a_position(id_), mark=mark)
    (action,) = with_range(desk, mark)
    desk.works(action)
    return desk


def trigger(desk: Desk, id_: PositionId = LONG) -> object:
    (order,) = desk.orders[id_]
    return order.trigger


@pytest.mark.parametrize(("id_", "place"), [(LONG, "98"), (SHORT, "102")])
def test_it_places_a_stop_so_many_ranges_away(id_: PositionId, place: str) -> None:
    desk = Desk(atr_stop())
    desk.holds(a_position(id_))
    (action,) = with_range(desk, "100")
    assert action.intent == PlaceStop(id=id_, trigger=D(place))
    assert action.reason == "1 x ATR 2 from mark 100"


def test_it_waits_until_there_is_a_range() -> None:
    desk = Desk(atr_stop(length=3))
    desk.holds(a_position())
    assert with_range(desk, "100") == []
    assert with_range(desk, "100") == []
    assert len(with_range(desk, "100")) == 1


def test_it_asks_for_the_bars_it_needs_and_no_others_wake_it() -> None:
    assert Desk(atr_stop(timeframe="4h", length=14)).engine.needs == Needs(
        indicators=frozenset({Atr(4 * HOUR, 14)})
    )
    desk = Desk(atr_stop(timeframe="4h"))
    desk.holds(a_position())
    desk.bar("100", "101", "99", "100", timeframe_ms=HOUR)
    assert of(Action, desk.steps[-1].decisions) == []


@pytest.mark.parametrize(
    ("id_", "favour", "against", "place"),
    [(LONG, "101", "99", "99"), (SHORT, "99", "101", "101")],
)
def test_it_follows_the_mark_in_favour_and_never_against(
    id_: PositionId, favour: str, against: str, place: str
) -> None:
    desk = standing(id_)
    assert with_range(desk, against) == []
    assert with_range(desk, "100") == []
    (action,) = with_range(desk, favour)
    assert action.intent == MoveStop(id=id_, trigger=D(place))


def test_a_wider_range_does_not_move_it_back() -> None:
    desk = standing()
    assert with_range(desk, "100", width="3") == []


def test_it_moves_only_for_a_gain_of_its_step() -> None:
    # A quarter of a range of 2: from 98, a mark of 100.4 is not enough and 100.5 is.
    desk = standing()
    assert with_range(desk, "100.4") == []
    (action,) = with_range(desk, "100.5")
    assert action.intent == MoveStop(id=LONG, trigger=D("98.5"))


def test_with_a_step_of_nothing_a_tick_is_the_least_gain() -> None:
    desk = standing(step="0")
    assert with_range(desk, "100") == []
    (action,) = with_range(desk, "100.1")
    assert action.intent == MoveStop(id=LONG, trigger=D("98.1"))


@pytest.mark.parametrize(
    # One per cent clear of 90 and 110.
    ("id_", "place"),
    [(LONG, "90.9"), (SHORT, "108.9")],
)
def test_it_never_stands_beyond_liquidation(id_: PositionId, place: str) -> None:
    desk = Desk(atr_stop())
    desk.holds(a_position(id_))
    (action,) = with_range(desk, "100", width="20")
    assert action.intent == PlaceStop(id=id_, trigger=D(place))


@pytest.mark.parametrize(("id_", "place"), [(LONG, "98.7"), (SHORT, "101.3")])
def test_it_is_rounded_to_the_tick_toward_the_mark(id_: PositionId, place: str) -> None:
    desk = Desk(atr_stop(multiple="0.665"))
    desk.holds(a_position(id_))
    (action,) = with_range(desk, "100")
    assert action.intent == PlaceStop(id=id_, trigger=D(place))


def test_a_stop_that_liquidation_came_up_to_is_moved_clear_of_it_whatever_the_gain() -> None:
    # The stop is at 98; with a margin of 5.4 liquidation is at 94.6 / 0.96 = 98.54.., 98.6 on the tick. Half
    # way to 100 is 99.3, a gain of 1.3 where 10 ranges of 2 are asked for.
    desk = standing(step="10")
    desk.now_ms += HOUR
    (action,) = of(Action, desk.holds(a_position(margin="5.4")))
    assert action.intent == MoveStop(id=LONG, trigger=D("99.3"))


def test_a_stop_outgrown_by_its_position_is_renewed_where_it_stands() -> None:
    desk = standing()
    desk.orders[LONG] = tuple(replace(o, closes_position=False) for o in desk.orders[LONG])
    desk.rests(*desk.orders[LONG])
    desk.now_ms += HOUR
    (action,) = of(Action, desk.holds(a_position(LONG, "2", margin="27.2"), mark="99"))
    assert action.intent == MoveStop(id=LONG, trigger=D(98))


def test_without_a_liquidation_price_it_trails_all_the_same() -> None:
    desk = Desk(atr_stop())
    desk.holds(a_position(margin="100"))
    (action,) = with_range(desk, "100", width="30")
    assert action.intent == PlaceStop(id=LONG, trigger=D(70))


# -- the trader's own stops ---------------------------------------------------------------------------


def with_own(*orders: Any) -> Desk:
    desk = Desk(atr_stop())
    desk.command(CommandKind.HALT)
    desk.holds(a_position())
    desk.rests(*orders)
    desk.command(CommandKind.RESUME)
    return desk


def test_a_protecting_stop_of_the_trader_is_left_alone() -> None:
    desk = with_own(a_stop("93"))
    assert with_range(desk, "100") == []
    assert with_range(desk, "120") == []


@pytest.mark.parametrize("own", [a_stop("95", quantity="0.5"), a_stop("95", kind=OrderKind.STOP_LIMIT)])
def test_beside_one_that_does_not_protect_it_places_its_own(own: Any) -> None:
    (action,) = with_range(with_own(own), "100")
    assert action.intent == PlaceStop(id=LONG, trigger=D(98))


def test_it_trails_its_own_stop_whatever_else_rests_nearer_to_the_mark() -> None:
    desk = Desk(atr_stop())
    desk.holds(a_position())
    desk.orders[LONG] = (a_stop("99.9", quantity="0.1"),)
    desk.rests(*desk.orders[LONG])
    (action,) = with_range(desk, "100")
    desk.works(action)
    (action,) = with_range(desk, "101")
    assert action.intent == MoveStop(id=LONG, trigger=D(99))


def test_it_takes_over_the_stop_of_the_seatbelt() -> None:
    desk = Desk(atr_stop(), seatbelt=True)
    desk.holds(a_position())
    desk.works(of(Action, desk.steps[-1].decisions)[0])
    (action,) = with_range(desk, "100")
    assert (action.rule, action.intent) == ("atr_stop", MoveStop(id=LONG, trigger=D(98)))
    desk.works(action)
    assert of(Action, desk.steps[-1].decisions) == []
    assert trigger(desk) == 98


def test_in_cross_it_works_alike() -> None:
    desk = Desk(atr_stop(), free="20")
    desk.holds(a_position(mode=CROSS))
    (action,) = with_range(desk, "100")
    assert action.intent == PlaceStop(id=LONG, trigger=D(98))


def test_after_an_old_mark_it_tries_again_at_the_next() -> None:
    desk = Desk(atr_stop())
    desk.holds(a_position())
    desk.now_ms += HOUR
    (refusal,) = of(Refusal, desk.bar("100", "101", "99", "100"))
    assert refusal.because is Because.STALE
    assert [a.intent for a in of(Action, desk.mark("101"))] == [PlaceStop(id=LONG, trigger=D(99))]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"multiple": "0"}, "multiple"),
        ({"multiple": "1001"}, "multiple"),
        ({"timeframe": "1x"}, "no timeframe"),
        ({"timeframe": "h"}, "no timeframe"),
        ({"length": 0}, "length"),
        ({"length": 501}, "length"),
        ({"step": "-0.1"}, "step"),
        ({"step": "11"}, "step"),
        ({"clear_of_liquidation": "0"}, "clear_of_liquidation"),
        ({"clear_of_liquidation": "1"}, "clear_of_liquidation"),
        ({"lenght": 5}, "lenght"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AtrStopParams(**params)


def test_every_parameter_is_documented() -> None:
    schema = AtrStopParams.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())
