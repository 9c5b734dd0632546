"""The time stop: what has not worked, or has stayed in loss, for so long is given up."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action
from bot.core.intents import ReducePosition
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.time_stop import TimeStop, TimeStopParams
from tests.building.core import LONG, SHORT, T0, D, Desk, a_position, of

HOUR = 3_600_000


def time_stop(**params: Any) -> RuleEntry:
    settings: dict[str, Any] = {"after": "4h", "worked": "0.02", "fraction": "1"} | params
    return RuleEntry(rule=TimeStop(RuleName("time_stop"), TimeStopParams.model_validate(settings)))


def an_hour(desk: Desk, price: str, reached: str | None = None) -> list[Action]:
    """An hour at a price, which was somewhere else in between."""
    desk.now_ms += HOUR
    desk.mark(price)
    far = D(reached or price)
    return of(Action, desk.bar(price, str(max(D(price), far)), str(min(D(price), far)), price))


def hours(desk: Desk, *prices: str) -> list[Action]:
    return [action for price in prices for action in an_hour(desk, price)]


def a_desk(id_: PositionId = LONG, **params: Any) -> Desk:
    desk = Desk(time_stop(**params))
    desk.holds(a_position(id_))
    return desk


@pytest.mark.parametrize(("id_", "favour"), [(LONG, "101"), (SHORT, "99")])
def test_what_has_not_worked_in_time_is_closed(id_: PositionId, favour: str) -> None:
    desk = a_desk(id_)
    assert hours(desk, favour, favour, favour) == []
    (action,) = an_hour(desk, favour)
    assert action.intent == ReducePosition(id=id_, quantity=D(1))
    wanted = "102.00" if id_ is LONG else "98.00"
    assert action.reason == f"it has not worked for 4h: {favour} at best, {wanted} wanted, closing 100%"


@pytest.mark.parametrize(("id_", "reached"), [(LONG, "102"), (SHORT, "98")])
def test_a_price_that_was_there_once_has_worked(id_: PositionId, reached: str) -> None:
    desk = a_desk(id_)
    assert an_hour(desk, "100", reached) == []
    assert hours(desk, "100", "100", "100") == []
    # Counted anew: with the next hour its reaching there is longer ago than the time it has.
    assert len(an_hour(desk, "100")) == 1


def test_a_mark_that_is_there_now_is_given_its_chance() -> None:
    desk = a_desk()
    hours(desk, "100", "100", "100")
    desk.now_ms += HOUR
    desk.mark("102.5")
    assert of(Action, desk.bar("100", "101", "100", "101")) == []


def test_a_younger_position_is_not_judged_by_what_was_before_it() -> None:
    desk = Desk(time_stop())
    hours(desk, "100", "100", "100")
    desk.holds(a_position(opened_ms=T0 + 3 * HOUR))
    assert hours(desk, "100", "100", "100") == []
    assert len(an_hour(desk, "100")) == 1


def test_where_the_venue_does_not_tell_when_it_was_opened_the_first_sight_counts() -> None:
    desk = Desk(time_stop())
    hours(desk, "100", "100", "100")
    desk.holds(a_position(opened_ms=0))
    assert hours(desk, "100", "100", "100") == []
    assert len(an_hour(desk, "100")) == 1


@pytest.mark.parametrize(("id_", "loss", "entry"), [(LONG, "99", "100.1"), (SHORT, "101", "99.9")])
def test_what_stays_in_loss_is_closed_sooner(id_: PositionId, loss: str, entry: str) -> None:
    desk = a_desk(id_, in_loss="2h")
    assert an_hour(desk, loss, entry) == []  # It was in profit for a moment.
    assert an_hour(desk, loss) == []
    (action,) = an_hour(desk, loss)
    assert "stayed in loss for 2h" in action.reason


def test_it_closes_a_part_so_often_and_no_more() -> None:
    desk = a_desk(fraction="0.5", max_times=2)
    for left in ("0.5", "0.25"):
        assert hours(desk, "100", "100", "100") == []
        (action,) = an_hour(desk, "100")
        desk.works(action)
        assert desk.positions[LONG].quantity == D(left)
    assert hours(desk, "100", "100", "100", "100") == []
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict == "quiet until something changes: a part was closed 2 times already"


def test_as_it_comes_it_takes_half_of_what_went_nowhere_for_a_week() -> None:
    params = TimeStopParams()
    assert (params.after, params.fraction, params.in_loss) == (7 * 24 * HOUR, D("0.5"), None)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"after": "0h"}, "after"),
        ({"after": 3600}, "duration with its unit"),
        ({"after": "90m"}, "after 90m must be 1 to 250 whole bars of 1h"),
        ({"after": "251h"}, "whole bars"),
        ({"in_loss": "30m"}, "in_loss 30m must be"),
        ({"after": "4h", "in_loss": "4h"}, "in_loss 4h must be shorter than after 4h"),
        ({"worked": "-0.1"}, "worked"),
        ({"fraction": "1.1"}, "fraction"),
        ({"fraction": "1", "max_times": 2}, "nothing is left after the first"),
        ({"timeframe": "often"}, "no timeframe"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TimeStopParams.model_validate(params)
