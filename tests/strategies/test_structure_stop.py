"""The stop behind a place where the market turned: hourly bars of a range of 2, so the average range is 2."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action
from bot.core.intents import Intent, MoveStop, PlaceStop
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, RuleName
from strategies.structure_stop import StructureStop, StructureStopParams
from tests.building.core import LONG, SHORT, D, Desk, a_position, a_stop, of

HOUR = 3_600_000


def behind(**params: Any) -> RuleEntry:
    settings: dict[str, Any] = {"strength": 1, "atr_length": 1, "length": 10, "buffer": "0.5"} | params
    params_ = StructureStopParams.model_validate(settings)
    return RuleEntry(rule=StructureStop(RuleName("structure_stop"), params_))


def an_hour(desk: Desk, price: str) -> list[Action]:
    desk.now_ms += HOUR
    desk.mark(price)
    return of(Action, desk.bar(price, str(D(price) + 1), str(D(price) - 1), price))


def walked(desk: Desk, *prices: str) -> list[Intent]:
    """Hour by hour, and what was wanted is done."""
    done = []
    for price in prices:
        for action in an_hour(desk, price):
            done.append(action.intent)
            desk.works(action)
    return done


def a_desk(id_: PositionId = LONG, **params: Any) -> Desk:
    desk = Desk(behind(**params))
    desk.holds(a_position(id_))
    return desk


@pytest.mark.parametrize(
    # A low of 98 with one hour on either side above it; half a range of 2 behind that.
    ("id_", "prices", "place"),
    [(LONG, ("100", "99", "100"), "97"), (SHORT, ("100", "101", "100"), "103")],
)
def test_it_stands_behind_the_last_swing(id_: PositionId, prices: tuple[str, ...], place: str) -> None:
    assert walked(a_desk(id_), *prices) == [PlaceStop(id=id_, trigger=D(place))]


def test_without_a_swing_it_leaves_the_position_alone() -> None:
    assert walked(a_desk(), "100", "99", "98") == []


def test_it_follows_a_higher_low_and_no_lower_one() -> None:
    desk = a_desk()
    walked(desk, "100", "99", "100")
    assert walked(desk, "101", "102", "101.5", "102") == [MoveStop(id=LONG, trigger=D("99.5"))]
    # A low of 100 would be at 99: nearer than none, but behind the stop that rests.
    assert walked(desk, "101", "102") == []


def test_a_swing_too_near_to_the_mark_is_passed_over_for_the_next() -> None:
    # The low of 98.5 would put the stop at 97.5, which is 2.5 from the mark: 2 ranges of 2 are asked for.
    desk = a_desk(least="2")
    walked(desk, "97", "96", "97", "98", "99", "100", "99.5")
    assert walked(desk, "100") == []
    assert desk.orders[LONG][-1].trigger == 94


def test_it_forgets_what_is_too_long_ago() -> None:
    desk = a_desk(length=10)
    assert walked(desk, "101", "100", "101") == [PlaceStop(id=LONG, trigger=D(98))]
    desk = a_desk(length=10)
    for price in ("101", "100", *("101",) * 12):
        desk.now_ms += HOUR
        desk.bar(price, str(D(price) + 1), str(D(price) - 1), price)  # No mark: nothing is fresh enough.
    assert an_hour(desk, "101") == []


def test_a_cluster_needs_several_turns() -> None:
    # Lows of 98 and 98.2, 0.2 % apart; the stop is half a range below the lower one.
    desk = a_desk(behind="cluster", touches=2, width="0.005")
    assert walked(desk, "100", "99", "100", "99.2") == []
    assert walked(desk, "100") == [PlaceStop(id=LONG, trigger=D(97))]


def test_a_node_is_where_most_was_traded() -> None:
    # Time at price, in rows of 2 %: 1.02 ** 229 is 93.20 and 1.02 ** 230 is 95.07. Eight of ten hours are
    # spent within that row, more than one and a half times the mean. 1 below 93.20 is 92.3 on the tick.
    desk = a_desk(behind="node", width="0.02")
    for price in ("94", "94", "94", "94", "94", "94", "94", "94"):
        desk.now_ms += HOUR
        desk.bar(price, "95", "93.5", price)
    assert walked(desk, "95") == []
    assert walked(desk, "96") == [PlaceStop(id=LONG, trigger=D("92.3"))]


def test_it_stays_clear_of_liquidation() -> None:
    # Liquidation at 90: one per cent before it is 90.9.
    desk = a_desk()
    assert walked(desk, "92", "91.5", "92") == [PlaceStop(id=LONG, trigger=D("90.9"))]


def test_a_stop_of_the_trader_is_left_alone() -> None:
    desk = a_desk()
    desk.rests(a_stop("93"))
    assert walked(desk, "100", "98", "100") == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"behind": "moon"}, "behind"),
        ({"timeframe": "1x"}, "no timeframe"),
        ({"length": 9}, "length"),
        ({"length": 251}, "length"),
        ({"strength": 0}, "strength"),
        ({"length": 10, "strength": 5}, "no swing fits in"),
        ({"touches": 1}, "touches"),
        ({"width": "0.2"}, "width"),
        ({"factor": "0.9"}, "factor"),
        ({"buffer": "0"}, "buffer"),
        ({"buffer": "2", "least": "1"}, "least 1 must not be below buffer 2"),
        ({"step": "-1"}, "step"),
        ({"clear_of_liquidation": "0"}, "clear_of_liquidation"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StructureStopParams.model_validate(params)
