"""The bracket: a stop and a target within seconds for what was opened with neither."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.core.decisions import Action
from bot.core.intents import Intent, MoveStop, PlaceStop, PlaceTakeProfit
from bot.core.settings import RuleEntry
from bot.core.types import OrderKind, PositionId, RuleName
from strategies.bracket import Bracket, BracketParams
from tests.building.core import CROSS, LONG, SHORT, T0, D, Desk, a_position, a_stop, of
from tests.core import test_pairs as pairs

LATER = 6_000


def bracket(**params: Any) -> RuleEntry:
    return RuleEntry(rule=Bracket(RuleName("bracket"), BracketParams.model_validate(params)))


def a_desk(id_: PositionId = LONG, *, seatbelt: bool = False, **params: Any) -> Desk:
    """A position seen a moment after it was opened."""
    desk = Desk(bracket(**params), seatbelt=seatbelt)
    desk.now_ms += 1_000
    opened = a_position(id_, opened_ms=desk.now_ms)
    for action in of(Action, desk.holds(opened)):
        desk.works(action)
    return desk


def wanted(desk: Desk, mark: str = "100", after_ms: int = LATER) -> list[Intent]:
    """What it wants, one after the other, with all of it done; a second passes between two of them."""
    said: list[Intent] = []
    actions = of(Action, desk.mark(mark, after_ms=after_ms))
    while actions:
        for action in actions:
            said.append(action.intent)
            desk.works(action)
        actions = of(Action, desk.mark(mark, after_ms=1_000))
    return said


@pytest.mark.parametrize(("id_", "stop", "target"), [(LONG, "95", "115"), (SHORT, "105", "85")])
def test_a_naked_position_gets_a_stop_and_a_target_within_seconds(
    id_: PositionId, stop: str, target: str
) -> None:
    desk = a_desk(id_)
    assert wanted(desk, after_ms=4_999) == []
    first, second = wanted(desk, after_ms=1)
    assert first == PlaceStop(id=id_, trigger=D(stop))
    assert second == PlaceTakeProfit(id=id_, trigger=D(target), quantity=D(1))
    assert desk.now_ms < T0 + 10_000
    (rule,) = desk.engine.explain()[0].rules
    assert rule.verdict == "quiet until something changes: it has had a stop and a target"


def test_the_time_alone_is_occasion_enough() -> None:
    desk = a_desk()
    (action,) = of(Action, desk.tick(5_000))
    assert action.intent == PlaceStop(id=LONG, trigger=D(95))


def test_what_the_trader_placed_himself_is_all_there_is() -> None:
    desk = a_desk()
    target = a_stop("107", kind=OrderKind.TAKE_PROFIT_MARKET)
    desk.rests(a_stop("93"), target)
    assert wanted(desk) == []
    desk.rests(target)  # He takes his stop away: that is his will.
    assert wanted(desk) == []


def test_a_stop_alone_gets_a_target_and_a_target_alone_a_stop() -> None:
    desk = a_desk(close="0.5")
    desk.rests(a_stop("93"))
    assert wanted(desk) == [PlaceTakeProfit(id=LONG, trigger=D(115), quantity=D("0.5"))]
    desk = a_desk()
    desk.rests(a_stop("107", kind=OrderKind.TAKE_PROFIT_MARKET))
    assert wanted(desk) == [PlaceStop(id=LONG, trigger=D(95))]


def test_the_stop_of_the_seatbelt_is_not_one_that_was_chosen() -> None:
    # The seatbelt's is at 90.9, one per cent before liquidation at 90.
    desk = a_desk(seatbelt=True, target="0")
    assert wanted(desk) == [MoveStop(id=LONG, trigger=D(95))]


def test_a_price_that_is_there_already_gets_its_stop_from_the_mark() -> None:
    # 94 is beyond 95: five per cent below it are 89.3, and liquidation at 90 with one per cent clear is 90.9.
    desk = a_desk(target="0")
    assert wanted(desk, "94") == [PlaceStop(id=LONG, trigger=D("90.9"))]
    desk = a_desk(target="0", stop="0.02")
    # Two per cent below 97 are 95.06, and the tick toward the mark is 95.1.
    assert wanted(desk, "97") == [PlaceStop(id=LONG, trigger=D("95.1"))]


def test_a_target_that_was_passed_is_not_placed_behind_the_mark() -> None:
    desk = a_desk(target="0.06")
    assert wanted(desk, "107") == [PlaceStop(id=LONG, trigger=D(95))]
    assert wanted(desk, "106") == []
    assert wanted(desk, "105.9") == [PlaceTakeProfit(id=LONG, trigger=D(106), quantity=D(1))]


def test_it_needs_no_target() -> None:
    assert wanted(a_desk(target="0")) == [PlaceStop(id=LONG, trigger=D(95))]


def test_what_is_hedged_whole_is_protected_by_its_hedge() -> None:
    near = pairs.hedging(below=D("0.8"), calm=D("0.9"))
    desk = pairs.a_desk(near, bracket(grace="1h"), free="150")
    (opening,) = of(Action, desk.holds(a_position(quantity="2", mode=CROSS)))
    pairs.fills(desk, opening, pairs.a_hedge(quantity="2", mode=CROSS, margin="0"))
    assert wanted(desk, "100", 3_600_000) == []
    verdicts = {rule.rule: rule.verdict for rule in desk.engine.explain(LONG.symbol)[0].rules}
    assert verdicts[RuleName("bracket")] == "quiet until something changes: its hedge protects it"


def test_the_next_position_gets_its_own() -> None:
    desk = a_desk()
    assert len(wanted(desk)) == 2
    desk.closed()
    desk.orders.clear()
    desk.rests()
    desk.holds(a_position(opened_ms=desk.now_ms))
    assert len(wanted(desk)) == 2


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"stop": "0"}, "stop"),
        ({"stop": "1"}, "stop"),
        ({"target": "-0.1"}, "target"),
        ({"stop": "0.1", "target": "0.1"}, "target 0.1 must be above stop 0.1"),
        ({"close": "0"}, "close"),
        ({"grace": "soon"}, "duration with its unit"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        BracketParams.model_validate(params)
