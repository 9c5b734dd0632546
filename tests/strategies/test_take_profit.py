"""Profit by rungs. The long was bought at 100 with a stop at 98, the short has one at 102: one R is 2."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action
from bot.core.facts import FundingPaid
from bot.core.intents import Intent, MoveStop, PlaceStop, ReducePosition
from bot.core.settings import Limits, RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.take_profit import TakeProfit, TakeProfitParams
from tests.building.core import LONG, SHORT, D, Desk, a_contract, a_position, a_stop, of
from tests.core.test_carried import restarted

RUNGS = [{"at": "1", "close": "0.5"}, {"at": "3", "close": "0.25"}]


def take_profit(**params: Any) -> RuleEntry:
    settings: dict[str, Any] = {"rungs": RUNGS, "break_even_at": "0", "trail": "0"} | params
    return RuleEntry(rule=TakeProfit(RuleName("take_profit"), TakeProfitParams.model_validate(settings)))


def a_desk(id_: PositionId = LONG, *, stop: str | None = None, fee: str = "0", **params: Any) -> Desk:
    desk = Desk(take_profit(**params), limits=Limits(cooldown_ms=0), taker_fee=D(fee))
    desk.holds(a_position(id_))
    own = stop or ("98" if id_ is LONG else "102")
    if own != "none":
        desk.rests(a_stop(own, id_, client_id="theirs"), id_=id_)
    return desk


def at(desk: Desk, *marks: str) -> list[Intent]:
    """Mark by mark, and what was wanted is done."""
    done: list[Intent] = []
    for mark in marks:
        actions = of(Action, desk.mark(mark, after_ms=1_000))
        while actions:
            (action,) = actions
            done.append(action.intent)
            actions = of(Action, desk.works(action))
    return done


@pytest.mark.parametrize(
    ("id_", "quiet", "first", "second"), [(LONG, "101.9", "102", "106"), (SHORT, "98.1", "98", "94")]
)
def test_a_part_is_closed_at_each_rung_and_no_part_twice(
    id_: PositionId, quiet: str, first: str, second: str
) -> None:
    desk = a_desk(id_)
    assert at(desk, quiet) == []
    assert at(desk, first, quiet, first) == [ReducePosition(id=id_, quantity=D("0.5"))]
    assert at(desk, second, first, second) == [ReducePosition(id=id_, quantity=D("0.25"))]
    assert desk.positions[id_].quantity == D("0.25")


def test_a_mark_that_leaps_takes_all_rungs_on_its_way_at_once() -> None:
    assert at(a_desk(), "107") == [ReducePosition(id=LONG, quantity=D("0.75"))]


def test_what_somebody_else_closed_counts() -> None:
    desk = a_desk()
    desk.holds(a_position(quantity="0.6", margin="8.16"), mark=None)
    assert at(desk, "102") == [ReducePosition(id=LONG, quantity=D("0.1"))]


def test_what_was_added_counts_too() -> None:
    # Twice as large: half of 2 goes, and the entry stayed.
    desk = a_desk()
    desk.holds(a_position(quantity="2", margin="27.2"), mark=None)
    assert at(desk, "102") == [ReducePosition(id=LONG, quantity=D(1))]


def test_a_part_too_small_for_the_venue_is_left_rather_than_the_whole_closed() -> None:
    coarse = a_contract(lot=D("0.4"), min_quantity=D("0.4"))
    desk = Desk(take_profit(), contracts=[coarse], limits=Limits(cooldown_ms=0))
    desk.holds(a_position())
    desk.rests(a_stop("98"))
    # 0.5 are one lot of 0.4; at the second rung 0.35 would be left to close.
    assert at(desk, "102", "106") == [ReducePosition(id=LONG, quantity=D("0.4"))]


def test_one_r_is_from_the_first_stop_wherever_it_is_moved() -> None:
    desk = a_desk()
    desk.rests(a_stop("101"))
    assert at(desk, "101.9") == []
    assert len(at(desk, "102")) == 1


def test_one_r_survives_a_restart() -> None:
    desk = a_desk()
    at(desk, "102")
    desk.rests(a_stop("101", quantity="0.5"))
    entry = take_profit()
    again = restarted(desk, entry, limits=Limits(cooldown_ms=0))
    again.positions = desk.positions
    assert at(again, "105.9") == []
    assert at(again, "106") == [ReducePosition(id=LONG, quantity=D("0.25"))]


def test_the_stop_of_the_seatbelt_risks_nothing_that_was_chosen() -> None:
    desk = Desk(take_profit(), seatbelt=True, limits=Limits(cooldown_ms=0))
    for action in of(Action, desk.holds(a_position())):
        desk.works(action)
    assert of(Action, desk.mark("120")) == []
    verdicts = {rule.rule: rule.verdict for rule in desk.engine.explain()[0].rules}
    assert "never seen with a stop" in verdicts[RuleName("take_profit")]


def test_without_a_stop_one_r_may_be_given() -> None:
    desk = a_desk(stop="none", risk="0.02")
    assert at(desk, "102") == [ReducePosition(id=LONG, quantity=D("0.5"))]
    # Where there was a stop it counts.
    assert at(a_desk(stop="96", risk="0.02"), "102") == []


def test_a_stop_the_rule_placed_itself_is_no_measure_of_what_was_risked() -> None:
    # Funding was received: break-even is at 99.7, on the losing side of the entry.
    desk = a_desk(stop="none", risk="0.02", break_even_at="0.5", rungs=[{"at": "2", "close": "0.5"}])
    desk.fold(FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("-0.003"), amount=D("0.3")))
    assert at(desk, "101", "103.9") == [PlaceStop(id=LONG, trigger=D("99.7"))]
    assert at(desk, "104") == [ReducePosition(id=LONG, quantity=D("0.5"))]


# -- the stop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    # Both ways at 0.1 %: (100 * 1.001) / 0.999 = 100.2002, up to the tick; (100 * 0.999) / 1.001 = 99.8002.
    ("id_", "ahead", "place"),
    [(LONG, "103", "100.3"), (SHORT, "97", "99.8")],
)
def test_the_stop_goes_to_break_even_with_the_fees(id_: PositionId, ahead: str, place: str) -> None:
    desk = a_desk(id_, fee="0.001", break_even_at="1.5", rungs=[{"at": "4", "close": "1"}])
    assert at(desk, "102" if id_ is LONG else "98") == []
    assert at(desk, ahead) == [PlaceStop(id=id_, trigger=D(place))]
    assert at(desk, ahead) == []


def test_break_even_counts_the_funding_that_was_paid() -> None:
    desk = a_desk(break_even_at="1.5", rungs=[{"at": "4", "close": "1"}])
    for amount in ("-0.3", "-0.25", "0.05"):
        desk.fold(FundingPaid(at_ms=desk.now_ms, id=LONG, rate=D("0.003"), amount=D(amount)))
    assert at(desk, "103") == [PlaceStop(id=LONG, trigger=D("100.5"))]


def test_a_stop_of_ours_is_moved_and_one_beyond_break_even_stays() -> None:
    desk = a_desk(break_even_at="1", rungs=[{"at": "4", "close": "1"}])
    desk.rests(a_stop("100.1"))
    assert at(desk, "103") == []


@pytest.mark.parametrize(
    ("id_", "marks", "places"),
    [
        (LONG, ("102", "104", "103", "104.1", "106"), ("101", "103", "105")),
        (SHORT, ("98", "96", "97", "95.9", "94"), ("99", "97", "95")),
    ],
)
def test_beyond_the_last_rung_the_stop_follows(
    id_: PositionId, marks: tuple[str, ...], places: tuple[str, ...]
) -> None:
    # Half an R of 2 behind; 0.1 is less than a step of a tenth of an R.
    desk = a_desk(id_, trail="0.5", rungs=[{"at": "1", "close": "0.5"}])
    closed, placed, *moved = at(desk, *marks)
    assert closed == ReducePosition(id=id_, quantity=D("0.5"))
    assert placed == PlaceStop(id=id_, trigger=D(places[0]))
    assert moved == [MoveStop(id=id_, trigger=D(place)) for place in places[1:]]


def test_it_is_no_trailing_before_the_last_rung() -> None:
    assert at(a_desk(trail="0.1", rungs=[{"at": "2", "close": "0.5"}]), "103.9") == []


ALL = [{"at": "1", "close": "1"}]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"rungs": []}, "rungs"),
        ({"rungs": [{"at": "0", "close": "0.5"}]}, "rungs"),
        ({"rungs": [{"at": "2", "close": "0"}]}, "rungs"),
        ({"rungs": [{"at": "2", "close": "0.5"}, {"at": "2", "close": "0.5"}]}, "rungs must ascend"),
        ({"rungs": [{"at": "1", "close": "0.6"}, {"at": "2", "close": "0.5"}]}, "rungs close 1.1"),
        (
            {"rungs": ALL, "trail": "1", "break_even_at": "0"},
            "nothing is left to follow",
        ),
        (
            {"rungs": ALL, "trail": "0", "break_even_at": "1"},
            "everything is closed at 1",
        ),
        ({"break_even_at": "-1"}, "break_even_at"),
        ({"trail": "-1"}, "trail"),
        ({"risk": "1"}, "risk"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TakeProfitParams.model_validate(params)
